# Small things that clients trip over, each answered as Consul does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');

my $reg = consul('-o', 'consul.node_name=here');

sub answers
{
    my ($method, $path, $body, $status, $text, $what) = @_;
    my $a = call($reg, $method, "/v1/$path",
        defined $body ? (body => $body) : ());
    is "$a->{status} $a->{body}", "$status $text", $what || "$method $path";
}

# -- datacenters and consistency

answers('GET', 'event/list?dc=elsewhere', undef, 200, '[]',
    'events are of this agent alone');
answers('PUT', 'event/fire/x?dc=elsewhere', '', 500, 'No path to datacenter',
    'but are fired somewhere');
my $read = '[{"KV":{"Verb":"get-tree","Key":"none"}}]';
answers('PUT', 'txn?stale&consistent', $read, 400, 'Cannot specify ?stale '
    . 'with ?consistent, conflicting semantics.', 'a transaction that reads');
is call($reg, 'PUT', '/v1/txn?stale&consistent',
    body => '[{"KV":{"Verb":"delete","Key":"none"}}]')->{status}, 200,
    'one that writes is not asked';

# -- tags

call($reg, 'PUT', '/v1/agent/service/register',
    body => '{"Name":"web","Tags":["a"]}');
for my $list ('catalog/service/web', 'health/service/web') {
    is scalar @{call($reg, 'GET', "/v1/$list")->{json}}, 1, $list;
    answers('GET', "$list?tag=", undef, 200, '[]', 'no service has no tag');
    my $many = join '&', ('tag=a') x 40;
    answers('GET', "$list?$many&tag=b", undef, 200, '[]', 'the last tag counts');
}

# -- ports

my %port = (-1 => 0, 0 => 0, 8080 => 8080, 65535 => 65535);
for my $port (sort keys %port) {
    call($reg, 'PUT', '/v1/agent/service/register',
        body => qq({"Name":"p","Port":$port}));
    is call($reg, 'GET', '/v1/agent/services')->{json}{p}{Port}, $port{$port},
        "port $port of the agent";
    call($reg, 'PUT', '/v1/catalog/register', body => '{"Node":"n0",'
        . qq("Address":"10.0.0.1","Service":{"Service":"q","Port":$port}}));
    is call($reg, 'GET', '/v1/catalog/service/q')->{json}[0]{ServicePort},
        $port{$port}, '... and of the catalog';
}
my $no_port = "Request decode failed: 1 error(s) decoding:\n\n"
    . "* 'Port' is no port";
answers('PUT', 'agent/service/register', '{"Name":"p","Port":65536}', 400,
    $no_port);
answers('PUT', 'catalog/register', '{"Node":"n0","Address":"10.0.0.1",'
    . '"Service":{"Service":"q","Port":65536}}', 400, $no_port);

# -- a check of another node

answers('PUT', 'catalog/register', '{"Node":"n1","Address":"10.0.0.1",'
    . '"Check":{"Node":"n2","Name":"c"}}', 500,
    'check node "n2" does not match node "n1"');
answers('GET', 'catalog/node/n1', undef, 200, 'null', 'and nothing is there');
answers('PUT', 'catalog/register', '{"Node":"n1","Address":"10.0.0.1",'
    . '"Check":{"Node":"N1","Name":"c"}}', 500,
    'check node "N1" does not match node "n1"', 'letter by letter');

# -- a check that is there twice, or changes sides

sub registers { call($reg, 'PUT', '/v1/catalog/register', body =>
    '{"Node":"n5","Address":"a",' . $_[0] . '}')->{body} }
sub checks_of { join ' ', map { "$_->{CheckID}=$_->{Status}"
        . ($_->{ServiceID} && " of $_->{ServiceID}") }
    @{call($reg, 'GET', "/v1/health/node/$_[0]")->{json}} }

registers('"Service":{"Service":"s"}');
is registers('"Checks":[{"CheckID":"c","ServiceID":"s","Status":"critical"},'
    . '{"CheckID":"C","Status":"warning"}],'
    . '"Check":{"CheckID":"c","Status":"passing"}'), 'true',
    'of several with one id';
is checks_of('n5'), 'c=passing', 'the last counts';
registers('"Check":{"CheckID":"c","ServiceID":"s","Status":"warning"}');
is checks_of('n5'), 'c=warning of s', 'it becomes one of a service';
registers('"Check":{"CheckID":"c","Status":"passing"}');
is checks_of('n5'), 'c=passing', 'and the node\'s again, the service has none';
is registers('"SkipNodeUpdate":true,"Service":{"Service":"t"}'), 'true',
    'a node is left as it is';
is call($reg, 'PUT', '/v1/catalog/register', body => '{"Node":"n6",'
    . '"Address":"b","SkipNodeUpdate":true}')->{body}, 'true',
    'and made where there is none';
is call($reg, 'GET', '/v1/catalog/node/n6')->{json}{Node}{Address}, 'b',
    'where it is said to be';

# -- what an instance shows: first the checks of its node, then its own

registers('"Checks":[{"CheckID":"a","ServiceID":"s"},{"CheckID":"z"}]');
is join(' ', map { $_->{CheckID} }
    @{call($reg, 'GET', '/v1/health/service/s')->{json}[0]{Checks}}), 'c z a',
    'in this order';

# -- what an agent takes

sub of_agent { answers('PUT', 'agent/service/register', @_) }
of_agent('{"Name":"m","Meta":{"a b":"x"}}', 400, 'Invalid Service Meta: '
    . "Couldn't load metadata pair ('a b', 'x'): Key contains invalid "
    . 'characters', 'a key of meta is a word');
of_agent('{"Name":"m","Meta":{"":"x"}}', 400, 'Invalid Service Meta: '
    . "Couldn't load metadata pair ('', 'x'): Key cannot be blank",
    'and not empty');
of_agent('{"Name":"m","Meta":{"consul-x":"y"}}', 400, 'Invalid Service Meta: '
    . "Couldn't load metadata pair ('consul-x', 'y'): Key prefix 'consul-' is "
    . 'reserved for internal use', 'nor one of its own');
of_agent('{"Name":"m","Address":"[::]"}', 400, 'Invalid service address',
    'any address is none');
of_agent('{"Name":"m","Checks":[{}]}', 400,
    'Invalid check: TTL must be > 0 for TTL checks', 'a check of nothing');
of_agent('{"Name":"m","Check":{"GRPC":"localhost:1","Interval":"9s"}}', 400,
    'Invalid check: checks by GRPC are not done here: by HTTP, TCP, Script, '
    . 'Args or TTL', 'a kind of later ones');
of_agent('{"Name":"m","Check":{"AliasService":"web"}}', 400,
    'Invalid check: checks by AliasService are not done here: by HTTP, TCP, '
    . 'Script, Args or TTL', 'and another');
answers('GET', 'agent/service/m', undef, 404, 'unknown service ID: m');

# -- a path that people cannot read

my $unreadable = 'a path has no control characters, and none that end lines '
    . 'or turn their direction';
answers('PUT', "kv/a$_", 'x', 400, $unreadable)
    for qw(%0ab %01 %7f %c2%85 %e2%80%a8 %e2%80%ae);
answers('PUT', 'kv/%ff%c3%a9%20', 'x', 200, 'true', 'others are no matter');

# -- what the agent says

my $old = consul('-o', 'consul.compat=0.7', '-o', 'consul.domain=corp.example');
is call($old, 'GET', '/v1/agent/self')->{json}{Config}{Domain},
    'corp.example.', 'the domain that is set';
is call($old, 'PUT', '/v1/agent/service/register',
    body => '{"Name":"m","Checks":[{}]}')->{status}, 200,
    '0.7 took an empty check for none';
is call($old, 'PUT', '/v1/kv/a%0ab', body => 'x')->{body}, 'true',
    '0.7 took any path';

finish();
