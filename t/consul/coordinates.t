# Coordinates over HTTP: told by nodes, read, waited for, and what is near.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

my $reg = consul('-o', 'consul.node_name=here');
my $json = JSON::PP->new->canonical;

sub node
{
    my ($name) = @_;
    return call($reg, 'PUT', '/v1/catalog/register', body => $json->encode(
        {Node => $name, Address => '10.0.0.1', Service => {Service => 'web'}}));
}

sub place
{
    my ($node, $x, %more) = @_;
    my $a = call($reg, 'PUT', '/v1/coordinate/update', body => $json->encode({
        Node => $node, %more, Coord => {Vec => [$x, (0) x 7], Error => 0.5,
            Adjustment => 0, Height => 0.00001}}));
    return "$a->{status} $a->{body}";
}

sub nodes { return call($reg, 'GET', "/v1/coordinate/nodes$_[0]") }

# ---- fresh

my $a = nodes('');
is($a->{body}, '[]', 'nobody has told anything');
cmp_ok(index_of($a), '>', 0, 'at an index');
is($a->{headers}{'x-consul-knownleader'}, 'true', 'with the other headers');
is(call($reg, 'GET', '/v1/coordinate/datacenters')->{body},
    '[{"Datacenter":"dc1","AreaID":"wan","Coordinates":[{"Node":"here",'
    . '"Segment":"","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Error":1.5,'
    . '"Adjustment":0,"Height":0.00001}}]}]',
    'but this server is where all begins');

# ---- told

node($_) for qw(far near mid);
is(place('Far', 0.2), '200 ', 'a node tells where it is');
is(place('near', 0.001, Segment => 'alpha'), '200 ', 'another, its segment');
is(place('nobody', 1), '200 ', 'one that is not there is not heard');
$a = nodes('');
is_deeply([map {$_->{Node}} @{$a->{json}}], ['Far', 'near'], 'by name');
is_deeply($a->{json}[0], {Node => 'Far', Segment => '', Coord => {
    Vec => [0.2, (0) x 7], Error => 0.5, Adjustment => 0, Height => 0.00001}},
    'as they told');
is_deeply([map {$_->{Node}} @{nodes('?segment=alpha')->{json}}], ['near'],
    'a segment');
is_deeply([map {$_->{Node}} @{call($reg, 'GET',
    '/v1/coordinate/node/NEAR')->{json}}], ['near'], 'a node');

# ---- waiting

my $c = caller_of($reg);
my $index = index_of(nodes(''));
$c->ask('GET', "/v1/coordinate/nodes?index=$index&wait=60s");
place('near', 0.001, Segment => 'alpha'); # no change
place('here', 0);
$a = $c->read;
is(scalar @{$a->{json}}, 3, 'a change wakes who waits');
cmp_ok(index_of($a), '>', $index, 'with a greater index');

# ---- near

sub order
{
    my ($path) = @_;
    my $rows = call($reg, 'GET', $path)->{json};
    $rows = $rows->{Nodes} if ref $rows eq 'HASH';
    return join ' ', map {$_->{Node}{Node}} @$rows;
}
call($reg, 'POST', '/v1/query', body => $json->encode(
    {Name => 'web', Service => {Service => 'web', Near => '_agent'}}));
place('mid', 0.1);
is(order('/v1/query/web/execute'), 'near mid far', 'a query asks what is near');
is(order('/v1/query/web/execute?near=far'), 'far mid near',
    'to another node if its asker says so');
is(order('/v1/query/web/execute?near=mid&limit=1'), 'mid', 'the nearest');

# ---- refused

for (['{', 400, qr/^Request decode failed: /],
    ['', 400, qr/^Request decode failed: EOF/],
    ['{"Node":"here","Coord":{"Vec":[1]}}', 400, qr/Coord.Vec/],
    ['{"Node":"here","Coord":{"Vec":["a",0,0,0,0,0,0,0]}}', 400, qr/Vec\[0\]/],
    ['{"Node":"here"}', 400, qr/Coord.Vec/],
    ['{"Node":7,"Coord":{"Vec":[0,0,0,0,0,0,0,0]}}', 400, qr/Node/])
{
    my ($body, $status, $text) = @$_;
    $a = call($reg, 'PUT', '/v1/coordinate/update', body => $body);
    is($a->{status}, $status, "$body: $status");
    like($a->{body}, $text, '... and why');
}

# ---- gone with its node

call($reg, 'PUT', '/v1/catalog/deregister', body => '{"Node":"far"}');
is_deeply([map {$_->{Node}} @{nodes('')->{json}}], [qw(here mid near)],
    'a node that is gone is nowhere');

$reg->stop;
done_testing;
