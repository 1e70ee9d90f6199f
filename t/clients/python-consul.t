# Debian's python3-consul (0.7.1) on a musterd that is as old: what its own
# suite looks at, every method that it has.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Steps;
use Test::More;

need_programs('musterd');
my $python = '/usr/bin/python3';
plan skip_all => 'python3-consul is not installed'
    if !-x $python || (run_program($python, '-c', 'import consul'))[0] != 0;

# the library reads these
delete @ENV{grep { /^CONSUL_HTTP/ } keys %ENV};
my $script = "$FindBin::Bin/python/consul_std.py";
my @as_old = ('-o', 'consul.compat=0.7');
my $reg = consul(@as_old, '-o', 'consul.enable_script_checks=on');
my ($port) = $reg->address('consul') =~ /:(\d+)$/;
steps('python', {seconds => 60}, $python, '-B', $script, $port);

my $master = 'd' x 32;
my $file = spew(scratch() . '/master', "$master\n");
chmod 0600, $file;
my $acl = consul(@as_old, '-o', "consul.acl_master_token=$file");
($port) = $acl->address('consul') =~ /:(\d+)$/;
steps('python with ACLs', {seconds => 60}, $python, '-B', $script, $port,
    $master);
finish();
