# The npm package consul, every method that it has, on a musterd: it is
# installed by ./dev test, where npm and its registry can be had.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Steps;
use Test::More;

need_programs('musterd');
my ($node) = grep { -x } map { "$_/node" } split /:/, $ENV{PATH};
my $modules = source_dir() . '/build-npm/node_modules';
plan skip_all => 'there is no node here' unless $node;
plan skip_all => 'the npm package consul is not here (./dev test fetches it)'
    unless -d "$modules/consul";

my $script = "$FindBin::Bin/npm/consul.js";
my %o = (env => {NODE_PATH => $modules}, seconds => 60);
my $reg = consul();
steps('npm', {%o}, $node, $script, $reg->address('consul'));

my $master = 'a0000000-0000-0000-0000-00000000000a';
my $file = spew(scratch() . '/master', "$master\n");
chmod 0600, $file;
my $acl = consul('-o', "consul.acl_master_token=$file",
    '-o', 'consul.acl_default_policy=deny');
steps('npm with ACLs', {%o}, $node, $script, $acl->address('consul'), $master);
finish();
