# What muster consul-config writes is taken by musterd, and means what it meant:
# the same token rules, the same services are there, a check of one is run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(muster musterd));
my $dir = scratch() . '/out';
mkdir $dir;
# something to be checked
my $peer = registry();
my $port = ($peer->address("find") =~ /(\d+)$/)[0] + 0;

my $agent = spew(scratch() . '/agent.json', JSON::PP::encode_json({
    node_name => 'web-host', datacenter => 'DC7', domain => 'corp.',
    data_dir => '/var/lib/consul', server => JSON::PP::true,
    bootstrap_expect => 1, log_level => 'INFO', client_addr => '127.0.0.1',
    ports => {http => 8500, dns => 8600, serf_lan => 8301, server => 8300},
    bind_addr => '10.0.0.5', acl_datacenter => 'dc7',
    acl_default_policy => 'deny', acl_master_token => 'the-master',
    disable_remote_exec => JSON::PP::true,
    services => [
        {id => 'web 1', name => 'web', port => 80, tags => ['a,b', 'v1'],
            meta => {k => "it's", id => 'z'}},
        {name => 'up', address => '127.0.0.1', port => $port,
            check => {tcp => "127.0.0.1:$port", interval => '1s'}},
        {name => 'ttl', port => 1, check => {ttl => '600s'}},
        {name => 'down', address => '127.0.0.1', port => 1,
            check => {tcp => '127.0.0.1:1', interval => '1s'}}]}));
my ($rc, $out, $err) = run_program(program('muster'), 'consul-config', $agent,
    '--dir', $dir);
is "$rc|$out|$err", '0||', 'translated, and nothing is lost';
is((run_program(program('muster'), 'config', 'check', '-c', "$dir/muster.yaml"))
    [0], 0, 'a good configuration');

my $reg = consul('-c', "$dir/muster.yaml", '-o', 'registry.dns=off');
my $token = {'X-Consul-Token' => 'the-master'};
sub get { return call($reg, 'GET', $_[0], headers => $token)->{json} }

is call($reg, 'GET', '/v1/catalog/service/web')->{body}, '[]',
    'who shows no token sees nothing';
is call($reg, 'GET', '/v1/acl/list')->{status}, 403, 'ACLs are on';
is scalar(@{get('/v1/acl/list')}), 2, 'the master token is known';
my $self = get('/v1/agent/self')->{Config};
is "$self->{NodeName} $self->{Datacenter}", 'web-host dc7', 'names';

my ($web) = @{get('/v1/catalog/service/web')};
is_deeply {map { $_ => $web->{$_} } qw(Node ServiceID ServiceAddress ServicePort
    ServiceTags ServiceMeta)}, {Node => 'web-host', ServiceID => 'web 1',
    ServiceAddress => '10.0.0.5', ServicePort => 80,
    ServiceTags => ['a,b', 'v1'], ServiceMeta => {k => "it's", id => 'z'}},
    'a service is as it was';
is join(' ', sort keys %{get('/v1/catalog/services')}), 'consul down ttl up web',
    'all of them';

ok eventually { (get('/v1/health/checks/up')->[0] || {})->{Status}
    eq 'passing' }, 'a check passes';
ok eventually { (get('/v1/health/checks/down')->[0] || {})->{Status}
    eq 'critical' }, 'another fails';
is scalar($reg->find("service up status passing .token the-master .names 1")), 1,
    'so it is found';
my $revision = get('/v1/health/service/up')->[0]{Service}{ModifyIndex};
sub read_again { return grep { /registry\.static.*changed 0, removed 0/ } $reg->log }
my $before = read_again();
$reg->signal('HUP');
ok eventually { read_again() > $before },
    'the entries are read again: nothing has changed';
is get('/v1/health/service/up')->[0]{Service}{ModifyIndex}, $revision,
    'what its check said stays';
is call($reg, 'PUT', '/v1/agent/check/pass/service:ttl',
    headers => $token)->{status}, 200, 'one by TTL is told that it is well';
is get('/v1/health/checks/ttl')->[0]{Status}, 'passing', 'and passes';

finish();
