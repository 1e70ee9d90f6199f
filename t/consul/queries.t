# Prepared queries over HTTP: kept, asked by id and name, templates, what ends
# them, what is refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

my $store = scratch() . '/registry.db';
my $reg = consul('-o', 'consul.node_name=here', '-o',
    "registry.store=sqlite:$store");
my $json = JSON::PP->new->canonical;

sub ask
{
    my ($method, $path, $body) = @_;
    return call($reg, $method, "/v1/query$path",
        $body ? (body => ref $body ? $json->encode($body) : $body) : ());
}

# The new query's id
sub create
{
    my (%fields) = @_;
    my $a = ask('POST', '', \%fields);
    die "$a->{status} $a->{body}" unless $a->{status} == 200;
    return $a->{json}{ID};
}

# The ids of the services that are the answer, sorted
sub asked
{
    my $a = ask('GET', "/$_[0]/execute" . ($_[1] || ''));
    return "$a->{status} $a->{body}" unless $a->{status} == 200;
    return join ' ', sort map {$_->{Service}{ID}} @{$a->{json}{Nodes}};
}

is(ask('GET', '')->{body}, '[]', 'there is none');
cmp_ok(index_of(ask('GET', '')), '>', 0, 'and an index');

# ---- what is asked for

my @up = map {$reg->register("db$_ service db tags t$_,All")} 1 .. 3;
for (['w', 'warning'], ['c', 'critical']) {
    my ($id, $status) = @$_;
    push @up, $reg->register("$id service db status $status");
}

my $id = create(Name => 'Db', Service => {Service => 'db'});
like($id, qr/^[0-9a-f-]{36}$/, 'one is kept under an id');
my $a = ask('GET', "/$id");
is_deeply($a->{json}, [{
    ID => $id, Name => 'Db', Session => '', Token => '',
    Template => {Type => '', Regexp => '',
        RemoveEmptyTags => JSON::PP::false},
    Service => {Service => 'db',
        Failover => {NearestN => 0, Datacenters => undef},
        OnlyPassing => JSON::PP::false, IgnoreCheckIDs => undef, Near => '',
        Tags => undef, NodeMeta => undef},
    DNS => {TTL => ''},
    CreateIndex => $a->{json}[0]{CreateIndex},
    ModifyIndex => $a->{json}[0]{CreateIndex}}], 'and read as Consul has it');
is(index_of($a), $a->{json}[0]{ModifyIndex}, 'with its index');
is_deeply(ask('GET', '')->{json}, $a->{json}, 'the list is the same');

is(asked($id), 'db1 db2 db3 w', 'asked by its id: all that is not critical');
is(asked('dB'), 'db1 db2 db3 w', 'by its name, in any case');
$a = ask('GET', '/Db/execute?limit=2');
is(scalar @{$a->{json}{Nodes}}, 2, 'so many at most');
delete $a->{json}{Nodes};
is_deeply($a->{json}, {Service => 'db', DNS => {TTL => ''},
    Datacenter => 'dc1', Failovers => 0, Index => 0, LastContact => 0,
    KnownLeader => JSON::PP::true, ConsistencyLevel => 'leader'},
    'and what goes with it');
my %first;
$first{ask('GET', '/Db/execute?limit=1')->{json}{Nodes}[0]{Service}{ID}}++
    for 1 .. 60;
cmp_ok(scalar keys %first, '>', 1, 'in no order');

is(ask('PUT', "/$id", {Name => 'db', Service => {Service => 'db',
    OnlyPassing => \1, Tags => ['ALL', '!t2']}, DNS => {TTL => '7s'}})->{body},
    '', 'it is changed');
is(asked('db'), 'db1 db3', 'passing ones by their tags');
is(ask('GET', '/db/execute')->{json}{DNS}{TTL}, '7s', 'with a TTL for DNS');
$a = ask('GET', "/$id")->{json}[0];
cmp_ok($a->{ModifyIndex}, '>', $a->{CreateIndex}, 'its index has moved');
$a->{Service}{IgnoreCheckIDs} = ['service:w'];
$a->{Service}{Tags} = undef;
is(ask('PUT', "/$id", $a)->{status}, 200, 'what was read can be put back');
is(asked('db'), 'db1 db2 db3 w', 'a check can be left out of account');

# ---- waiting

my $c = caller_of($reg);
$c->ask('GET', "/v1/query/$id?wait=60s&index=" . index_of(ask('GET', "/$id")));
my $d = caller_of($reg);
$d->ask('GET', '/v1/query?wait=60s&index=' . index_of(ask('GET', '')));
my $late = create(Name => 'late', Service => {Service => 'db'});
is(scalar @{$d->read->{json}}, 2, 'who waits for the list is told');
ask('PUT', "/$id", {Name => 'db', Service => {Service => 'db'}});
ok(!$c->read->{json}[0]{Service}{OnlyPassing}, 'and who waits for one');
ask('DELETE', "/$late");

# ---- templates

create(Name => 'geo-', Service => {Service => '${name.suffix}'},
    Template => {Type => 'name_prefix_match'});
create(Name => 'geo-x-', Service => {Service => '${match(2)}',
    Tags => ['${match(1)}'], Failover => {NearestN => 3,
        Datacenters => ['dc7']}},
    Template => {Type => 'name_prefix_match', Regexp => '^geo-x-(.*)-(.*)$'});
is(asked('geo-db'), 'db1 db2 db3 w', 'a template stands for many names');
is(asked('geo-x-t2-db'), 'db2', 'the longest counts, with what it matches');
$a = ask('GET', '/geo-x-t2-db/explain');
is($a->{json}{Query}{Service}{Service}, 'db', 'which is explained');
is_deeply($a->{json}{Query}{Service}{Failover},
    {NearestN => 3, Datacenters => ['dc7']}, 'with its failover');
is(ask('GET', '/geo-x-t9-db/execute')->{json}{Failovers}, 0,
    'though there is nowhere to fail over to');
my ($template) = grep {$_->{Name} eq 'geo-'} @{ask('GET', '')->{json}};
is(ask('GET', "/$template->{ID}/execute")->{body}, 'prepared query templates '
    . 'can only be resolved up by name, not by ID', 'not by its id');

# ---- sessions

my $session = session($reg);
create(Name => 'bound', Session => $session, Service => {Service => 'db'});
is(asked('bound'), 'db1 db2 db3 w', 'one is bound to a session');
call($reg, 'PUT', "/v1/session/destroy/$session");
eventually {ask('GET', '/bound/execute')->{status} == 404};
pass('and goes with it');

# ---- refused

my $none = '0' x 36;
for (['POST', '', '{', 400, qr/^Request decode failed: /],
    ['POST', '', undef, 400, qr/^Request decode failed: EOF/],
    ['POST', '', {Name => 7}, 400, qr/Name/],
    ['POST', '', {Name => 'x'}, 500, qr/^Invalid prepared query: Must provide a Service name to query/],
    ['POST', '', {Name => 'DB', Service => {Service => 'x'}}, 500,
        qr/^name 'DB' aliases an existing query name$/],
    ['POST', '', {ID => $id, Name => 'y', Service => {Service => 'x'}}, 500,
        qr/^ID must be empty when creating a new prepared query$/],
    ['POST', '', {Service => {Service => 'x'}}, 500,
        qr/^Invalid prepared query: Must be bound to a session$/],
    ['POST', '', {Name => 'y', Session => $session,
        Service => {Service => 'x'}}, 500, qr/^invalid session/],
    ['POST', '', {Name => 'y', Service => {Service => 'x'},
        DNS => {TTL => '7'}}, 500, qr/^Invalid prepared query: Bad DNS TTL '7': /],
    ['POST', '', {Name => 'y', Token => '<hidden>',
        Service => {Service => 'x'}}, 500, qr/^Invalid prepared query: Bad Token '<hidden>'/],
    ['POST', '', {Name => 'y', Service => {Service => '${x}'},
        Template => {Type => 'name_prefix_match'}}, 500,
        qr/^failed compiling template: Bad format/],
    ['POST', '', {Name => 'y', Service => {Service => 'x'},
        Template => {Type => 'other'}}, 500,
        qr/^failed compiling template: Bad Template.Type 'other'$/],
    ['GET', '/foo', undef, 500, qr/UUID must be 36 characters$/],
    ['GET', "/$none", undef, 404, qr/^Query not found$/],
    ['GET', '/nosuch/execute', undef, 404, qr/^Query not found$/],
    ['GET', '/nosuch/explain', undef, 404, qr/^Query not found$/],
    ['GET', '/db/execute?limit=x', undef, 500, qr/^Bad limit: /],
    ['PUT', "/$none", {Name => 'z', Service => {Service => 'x'}}, 500,
        qr/^Cannot modify non-existent prepared query: '$none'$/],
    ['DELETE', "/$none", undef, 500,
        qr/^Cannot modify non-existent prepared query: '$none'$/],
    ['PUT', '', undef, 405, qr/^method PUT not allowed$/])
{
    my ($method, $path, $body, $status, $text) = @$_;
    $a = ask($method, $path, $body);
    is($a->{status}, $status, "$method $path: $status");
    like($a->{body}, $text, '... and why');
}

# ---- kept, and removed

my $all = ask('GET', '')->{body};
$reg->stop;
$reg->restart;
is(ask('GET', '')->{body}, $all, 'all are there after a restart');
is(ask('DELETE', "/$id")->{body}, '', 'one is removed');
is(ask('GET', "/$id")->{status}, 404, 'and gone');
is(ask('DELETE', "/$id")->{status}, 500, 'a second time is an error');

$reg->stop;
done_testing;
