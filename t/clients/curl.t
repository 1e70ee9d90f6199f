# What Consul's documentation and guides do with curl, on a musterd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json encode_json);
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH};
plan skip_all => 'there is no curl here' unless $curl;
my $reg = consul('-o', 'consul.node_name=here');
my $url = 'http://' . $reg->address('consul') . '/v1';

# (what it prints); the last argument is the path
sub curl
{
    my ($path) = pop;
    my ($rc, $out, $err) = run_program($curl, '-sS', @_, "$url$path");
    diag("curl $path: $rc $err") if $rc;
    return $out;
}

sub json { return decode_json(curl(@_)) }
sub body { return ('-d', encode_json($_[0])) }
sub status { return curl('-o', '/dev/null', '-w', '%{http_code}', @_) }

sub payload
{
    return ('--data', '@' . spew(scratch() . '/payload.json',
        encode_json($_[0])));
}

# -- keys ----------------------------------------------------------------------

is status('/kv/my-key'), 404, 'a key that is not there';
is curl('-X', 'PUT', '-d', 'hello', '/kv/my-key'), 'true', 'is put';
is json('/kv/my-key')->[0]{Value}, 'aGVsbG8=', 'is there, as base64';
is curl('/kv/my-key?raw'), 'hello', 'and as it is';
is curl('--request', 'PUT', '--data', '@/dev/null', '/kv/dir/?flags=42'),
    'true', 'an empty one, with flags';
is_deeply json('/kv/?keys'), ['dir/', 'my-key'], 'the keys';
my $index = json('/kv/my-key')->[0]{ModifyIndex};
is curl('-X', 'PUT', '-d', 'newval', "/kv/my-key?cas=$index"), 'true',
    'check and set';
is curl('-X', 'PUT', '-d', 'newval', "/kv/my-key?cas=$index"), 'false',
    'once';
my ($head) = curl('-i', '/kv/my-key') =~ /^(.*?)\r\n\r\n/s;
($index) = $head =~ /^X-Consul-Index: (\d+)\r?$/mi;
like $head, qr/^X-Consul-KnownLeader: true\r?$/mi, 'with the headers';
like curl("/kv/my-key?wait=20ms&index=$index"), qr/bmV3dmFs/,
    'a blocking read that ends';
like curl('/kv/my-key?pretty'), qr/^\[\n    \{\n        "LockIndex": 0,/,
    'pretty';
is curl('-X', 'DELETE', '/kv/?recurse'), 'true', 'all of them go';
is status('/kv/?recurse'), 404, 'and are gone';

# -- a lock --------------------------------------------------------------------

my $session = json('-X', 'PUT', body({Name => 'dbservice'}),
    '/session/create')->{ID};
is curl('-X', 'PUT', '-d', 'who', "/kv/lead?acquire=$session"), 'true',
    'a session acquires a key';
is json('/kv/lead')->[0]{Session}, $session, 'which says so';
is curl('-X', 'PUT', "/session/renew/$session") =~ /"$session"/, 1, 'renewed';
is curl('-X', 'PUT', "/kv/lead?release=$session"), 'true', 'and released';
is curl('-X', 'PUT', "/session/destroy/$session"), 'true', 'destroyed';
is curl("/session/info/$session"), '[]', 'and gone';

# -- a service -----------------------------------------------------------------

is curl('-X', 'PUT', payload({ID => 'redis1', Name => 'redis',
    Tags => ['primary', 'v1'], Address => '127.0.0.1', Port => 8000,
    Meta => {redis_version => '4.0'}, EnableTagOverride => JSON::PP::false,
    Check => {DeregisterCriticalServiceAfter => '90m', TTL => '30m'}}),
    '/agent/service/register'), '', 'a service is registered from a file';
is json('/agent/services')->{redis1}{Port}, 8000, 'the agent has it';
is json('/catalog/service/redis')->[0]{ServiceMeta}{redis_version}, '4.0',
    'and the catalog';
is_deeply json('/health/service/redis?passing'), [], 'it is not well yet';
is curl('-X', 'PUT', '/agent/check/pass/service:redis1?note=fine'), '',
    'its check passes';
my ($entry) = @{json('/health/service/redis?passing=true&tag=primary')};
is $entry->{Service}{ID}, 'redis1', 'and now it is';
is $entry->{Node}{Node}, 'here', 'on this node';
is curl('-X', 'PUT', '/agent/service/maintenance/redis1?enable=true&reason=x'),
    '', 'in maintenance';
is_deeply json('/health/service/redis?passing'), [], 'it is not well';
is json('--get', '--data-urlencode', 'filter=ServiceID == "redis1"',
    '/catalog/service/redis')->[0]{ServiceID}, 'redis1', 'found by a filter';
my @found = $reg->find('service redis');
is scalar @found, 1, 'as on the port of lines';
like $found[0], qr/^redis1 .*redis_version 4\.0/, 'with what it has';
is curl('-X', 'PUT', '/agent/service/deregister/redis1'), '', 'and it goes';
is_deeply json('/catalog/service/redis'), [], 'from everywhere';

# -- a node of others ----------------------------------------------------------

is curl('-X', 'PUT', payload({Datacenter => 'dc1', Node => 'google',
    Address => 'www.google.com', Service => {Service => 'search', Port => 80}}),
    '/catalog/register'), 'true', 'an external service';
is json('/catalog/node/google')->{Services}{search}{Port}, 80, 'is there';
is_deeply [map { $_->{Node} } @{json('/catalog/nodes')}], ['google', 'here'],
    'its node, too';
my $query = json('-X', 'POST', body({Name => 'find-it',
    Service => {Service => 'search'}, DNS => {TTL => '10s'}}), '/query')->{ID};
is json('/query/find-it/execute')->{Nodes}[0]{Node}{Node}, 'google',
    'a prepared query finds it';
is curl('-X', 'DELETE', "/query/$query"), '', 'and is removed';
is curl('-X', 'PUT', body({Datacenter => 'dc1', Node => 'google'}),
    '/catalog/deregister'), 'true', 'the node goes';

# -- events, transactions, a backup --------------------------------------------

is json('-X', 'PUT', '-d', '1609030', '/event/fire/deploy')->{Payload},
    'MTYwOTAzMA==', 'an event is fired';
is json('/event/list?name=deploy')->[0]{Name}, 'deploy', 'and listed';
my $txn = json('-X', 'PUT', body([{KV => {Verb => 'set', Key => 'k',
    Value => 'aGVsbG8='}}, {KV => {Verb => 'get', Key => 'k'}}]), '/txn');
is $txn->{Results}[1]{KV}{Value}, 'aGVsbG8=', 'a transaction';
my $file = scratch() . '/backup.snap';
is curl('-o', $file, '/snapshot'), '', 'a snapshot is taken';
is curl('-X', 'PUT', '-d', 'changed', '/kv/k'), 'true';
is curl('-X', 'PUT', '--data-binary', "\@$file", '/snapshot'), '',
    'and restored';
is curl('/kv/k?raw'), 'hello', 'and all is as it was';

# -- the rest ------------------------------------------------------------------

like curl('/status/leader'), qr/^"127\.0\.0\.1:\d+"$/, 'the leader';
is json('/agent/self')->{Config}{NodeName}, 'here', 'the agent';
is json('/agent/members')->[0]{Name}, 'here', 'the members';
is_deeply json('/catalog/datacenters'), ['dc1'], 'the datacenters';
is status('-X', 'PUT', '/catalog/nodes'), 405, 'a wrong method';
is status('/nothing'), 404, 'a path that is none';
finish();
