# python3-consul2 (0.1.5), which speaks to Consul 1.0 and later: every method
# that it has.
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
my $from = need_peer('python3-consul2', 'usr/lib/python3/dist-packages');
my @python = ('/usr/bin/python3', '-B', '-W', 'ignore::DeprecationWarning');
# the library reads these
delete @ENV{grep { /^CONSUL_HTTP/ } keys %ENV};
$ENV{PYTHONPATH} = $from;
plan skip_all => 'there is no python3 with requests and six here'
    if !-x $python[0]
        || (run_program(@python, '-c', 'import consul.std'))[0] != 0;

my $script = "$FindBin::Bin/python/consul_std.py";
my $reg = consul('-o', 'consul.enable_script_checks=on');
my ($port) = $reg->address('consul') =~ /:(\d+)$/;
steps('python', {seconds => 60}, @python, $script, $port);

my $master = 'd' x 32;
my $file = spew(scratch() . '/master', "$master\n");
chmod 0600, $file;
my $acl = consul('-o', "consul.acl_master_token=$file");
($port) = $acl->address('consul') =~ /:(\d+)$/;
steps('python with ACLs', {seconds => 60}, @python, $script, $port, $master);
finish();
