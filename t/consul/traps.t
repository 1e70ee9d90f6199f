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
    . '"Check":{"Node":"n2","Name":"c"}}', 500, "Node 'n2' for a check "
    . "doesn't match register request node 'n1'");
answers('GET', 'catalog/node/n1', undef, 200, 'null', 'and nothing is there');
answers('PUT', 'catalog/register', '{"Node":"n1","Address":"10.0.0.1",'
    . '"Check":{"Node":"N1","Name":"c"}}', 200, 'true', 'in any case');

# -- what the agent says

my $old = consul('-o', 'consul.compat=0.7', '-o', 'consul.domain=corp.example');
is call($old, 'GET', '/v1/agent/self')->{json}{Config}{Domain},
    'corp.example.', 'the domain that is set';

finish();
