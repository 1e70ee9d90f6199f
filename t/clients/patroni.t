# Patroni (3.0.2) keeps a PostgreSQL cluster in Consul: its own module for that,
# without PostgreSQL.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Peers;
use Steps;
use Test::More;

need_programs('musterd');
my $from = need_peer('patroni', 'usr/lib/python3/dist-packages');
my @python = ('/usr/bin/python3', '-B');
# the library reads these
delete @ENV{grep { /^CONSUL_HTTP/ } keys %ENV};
$ENV{PYTHONPATH} = $from;
plan skip_all => 'there is no python3 with consul, dateutil and urllib3 here'
    if !-x $python[0] || (run_program(@python, '-c',
            'import patroni.dcs.consul'))[0] != 0;

my $script = "$FindBin::Bin/python/patroni_dcs.py";
my $reg = consul();
my ($port) = $reg->address('consul') =~ /:(\d+)$/;
steps('patroni', {seconds => 60}, @python, $script, $port, 'all');

# which tells what Patroni asks for
my $old = consul('-o', 'consul.compat=0.7');
($port) = $old->address('consul') =~ /:(\d+)$/;
steps('patroni with 0.7', {seconds => 60}, @python, $script, $port, 'ttl');
finish();
