# ?filter= over HTTP: rows of each kind, over what waits, and what is refused.
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

sub escape { return $_[0] =~ s/([^\w.-])/sprintf '%%%02x', ord $1/ger }

sub rows
{
    my ($path, $filter) = @_;
    my $a = call($reg, 'GET', "$path?filter=" . escape($filter));
    return $a->{status} == 200 ? $a->{json} : "$a->{status} $a->{body}";
}

sub ids
{
    my ($field, @args) = @_;
    my $rows = rows(@args);
    return $rows unless ref $rows;
    $rows = $rows->{Services} if ref $rows eq 'HASH' && $rows->{Services};
    return join ' ', sort keys %$rows if ref $rows eq 'HASH';
    return join ' ', map {my $r = $_; $r = $r->{$_} for split /\./, $field; $r}
        @$rows;
}

for ([eu1 => 'eu', 80, 'v1'], [eu2 => 'eu', 81, 'v2'], [us1 => 'us', 80, 'v2'])
{
    my ($node, $zone, $port, $tag) = @$_;
    call($reg, 'PUT', '/v1/catalog/register', body => $json->encode({
        Node => $node, Address => "10.0.0.1", NodeMeta => {zone => $zone},
        Service => {Service => 'web', ID => "web-$node", Port => $port,
            Tags => [$tag, 'web'], Meta => {'a.b' => $tag}},
        Check => {Name => 'up', ServiceID => "web-$node", Status =>
            $node eq 'eu2' ? 'critical' : 'passing', Output => "of $node"}}));
}

# ---- of each kind

is(ids('Node', '/v1/catalog/nodes', 'Meta.zone == eu'), 'eu1 eu2', 'nodes');
is(ids('Node', '/v1/catalog/nodes', 'zone not in Meta'), 'here', 'without one');
is(ids('ServiceID', '/v1/catalog/service/web',
    'ServicePort == 80 and v2 in ServiceTags'), 'web-us1', 'instances');
is(ids('', '/v1/catalog/node/eu1', 'Service == web'), 'web-eu1',
    'services of a node');
is(ids('', '/v1/catalog/node/eu1', 'Service != web'), '', 'or none');
is(ids('Service.ID', '/v1/health/service/web',
    'Node.Meta.zone != "us" and Checks.Status == critical'), 'web-eu2',
    'entries by their node and checks');
is(ids('Service.ID', '/v1/health/service/web',
    'Service.Meta["a.b"] matches "^v[2-9]$"'), 'web-eu2 web-us1',
    'and by their meta');
is(ids('Node', '/v1/health/checks/web', 'Output contains "us"'), 'us1',
    'checks of a service');
is(ids('CheckID', '/v1/health/node/eu1', 'ServiceID == ""'), '',
    'of a node');
is(ids('Node', '/v1/health/state/any',
    'not (Status == passing or Node == here)'), 'eu2', 'of all');

# ---- with what else there is

is(ids('Service.ID', '/v1/health/service/web',
    'Service.Port == 80') , 'web-eu1 web-us1', 'all that have the port');
my $a = call($reg, 'GET', '/v1/health/service/web?passing&filter='
    . escape('Service.Tags contains v2'));
is($a->{json}[0]{Service}{ID}, 'web-us1', 'beside other parameters');
is(scalar @{$a->{json}}, 1, 'only those');
$a = call($reg, 'GET', '/v1/catalog/nodes?pretty&filter=Node==here');
like($a->{body}, qr/^\[\n    \{\n.*\n\]\n\z/s, 'laid out as ever');

# ---- waiting: a change of what is filtered away wakes nobody

my $path = '/v1/health/service/web?filter='
    . escape('Node.Meta.zone == us');
my $c = caller_of($reg);
# the first that blocks makes the registry remember what it has answered
$c->call('GET', "$path&wait=1ms&index=" . index_of($c->call('GET', $path)));
$a = $c->call('GET', $path);
my $index = index_of($a);
$c->ask('GET', "$path&index=$index&wait=60s");
for (qw(eu1 us1)) {
    call($reg, 'PUT', '/v1/catalog/register', body => $json->encode({
        Node => $_, Address => '10.0.0.1', SkipNodeUpdate => \1,
        Check => {Name => 'up', ServiceID => "web-$_", Status => 'warning'}}));
}
$a = $c->read;
is(scalar @{$a->{json}}, 1, 'a row that is asked for wakes who waits');
is($a->{json}[0]{Checks}[-1]{Status}, 'warning', 'with what has changed');

# ---- refused

for (['Nothing == 1', 'Selector "Nothing" is not valid'],
    ['Node', 'an operator is expected'],
    ['Node == "x', 'a quote is not closed'],
    ['Node matches "("', 'Failed to compile regular expression'])
{
    my ($filter, $why) = @$_;
    like(rows('/v1/catalog/nodes', $filter),
        qr/^400 Failed to create boolean expression evaluator: .*\Q$why/,
        "$filter: $why");
}

$reg->stop;
done_testing;
