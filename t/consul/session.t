# /v1/session, and the locks that sessions hold.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd');
my $reg = consul('-o', 'consul.node_name=here');
my $c = caller_of($reg);
my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
my $nobody = '00000000-0000-0000-0000-000000000000';

sub create { return $c->call('PUT', '/v1/session/create', body => $_[0]) }
sub info { return $c->call('GET', "/v1/session/info/$_[0]") }
sub destroy { return $c->call('PUT', "/v1/session/destroy/$_[0]") }
sub put { return kv_put($reg, @_) }

# -- making -------------------------------------------------------------------

my $a = $c->call('GET', '/v1/session/list');
is $a->{body}, '[]', 'there are none';
cmp_ok index_of($a), '>=', 1, 'with an index';
$a = $c->call('PUT', '/v1/session/create');
like $a->{body}, qr/\A\{"ID":"$uuid"\}\z/, 'one without a body';
my $plain = $a->{json}{ID};
my $made = info($plain)->{json}[0]{CreateIndex};
is info($plain)->{body}, qq([{"ID":"$plain","Name":"","Node":"here",)
    . '"Checks":["serfHealth"],"NodeChecks":["serfHealth"],'
    . '"LockDelay":15000000000,"Behavior":"release","TTL":"",'
    . qq("CreateIndex":$made,"ModifyIndex":$made}]), 'what it is by default';
is index_of(info($plain)), $made, 'its index';
$a = create('{"name":"s1","TTL":"600s","behavior":"delete","LockDelay":"0s",'
    . '"checks":[],"unknown":7,"Node":null}');
my $s1 = $a->{json}{ID};
is_deeply [@{info($s1)->{json}[0]}{qw(Name TTL Behavior LockDelay Node)},
    info($s1)->{json}[0]{Checks}],
    ['s1', '600s', 'delete', 0, 'here', []], 'fields in any case';
my %delay = ('15' => 15e9, '"15s"' => 15e9, '999' => 999e9, '1000' => 1000,
    '"90s"' => 90e9, '"1500ms"' => 1.5e9, '0' => 0, '-13835058056' => 0,
    '"-4h"' => 0);
for my $given (sort keys %delay) {
    my $id = create(qq({"LockDelay":$given}))->{json}{ID};
    like info($id)->{body}, qr/"LockDelay":$delay{$given},/,
        "a lock delay of $given";
    destroy($id);
}
$a = create('{"NodeChecks":["serfHealth"],"ServiceChecks":null}');
is $a->{status}, 200, 'as later clients send it';
destroy($a->{json}{ID});

my %wrong = (
    '{bad' => [400, q(Request decode failed: invalid character 'b' looking )
        . 'for beginning of object key string'],
    '"text"' => [400, undef],
    '{"TTL":10}' => [400, undef],
    '{"Checks":"x"}' => [400, undef],
    '{"LockDelay":"1d"}' => [400, undef],
    '{"Behavior":"frob"}' => [500, q(Invalid Behavior setting 'frob')],
    '{"TTL":"5s"}' => [500, q(Invalid Session TTL '5000000000', must be )
        . 'between [10s=24h0m0s]'],
    '{"TTL":"25h"}' => [500, q(Invalid Session TTL '90000000000000', must )
        . 'be between [10s=24h0m0s]'],
    '{"TTL":"abc"}' => [500,
        q(Session TTL 'abc' invalid: time: invalid duration "abc")],
    '{"Node":"nosuch"}' => [500, 'Missing node registration'],
    '{"Checks":["nosuch"]}' => [500, q(Missing check 'nosuch' registration)],
);
for my $body (sort keys %wrong) {
    $a = create($body);
    is $a->{status}, $wrong{$body}[0], "$body: refused";
    is $a->{body}, $wrong{$body}[1], "$body: and why" if $wrong{$body}[1];
}
is create('{"TTL":"0s"}')->{status}, 200, 'a ttl of 0 is none';
is create('{"TTL":"86400s"}')->{status}, 200, 'a day is a ttl';

# -- looking ------------------------------------------------------------------

is info($nobody)->{body}, '[]', 'info of nobody';
is info('1' x 36)->{body}, '[]', 'of what looks like an id';
is info('xyz')->{status}, 500, 'of what does not';
is info('xyz')->{body},
    'failed session lookup: index error: UUID must be 36 characters', 'why';
is info('')->{body}, 'Missing session', 'of no id';
is info('')->{status}, 400, 'is asked wrongly';
is info(uc $s1)->{json}[0]{ID}, $s1, 'an id in capitals is the same';
my @ids = map { $_->{ID} } @{$c->call('GET', '/v1/session/list')->{json}};
is_deeply \@ids, [sort @ids], 'the list is sorted';
is_deeply [map { $_->{ID} }
    @{$c->call('GET', '/v1/session/node/HERE')->{json}}], \@ids,
    'those of the node are all';
is $c->call('GET', '/v1/session/node/other')->{body}, '[]', 'of another none';
is $c->call('GET', '/v1/session/node/')->{status}, 400, 'of no node';
is $c->call('GET', '/v1/session/list?dc=other')->{status}, 500,
    'of another datacenter';
is $c->call('GET', '/v1/session/create')->{status}, 405, 'create by GET';

# -- renewing and ending ------------------------------------------------------

$a = $c->call('PUT', "/v1/session/renew/$s1");
is $a->{status}, 200, 'renew';
is_deeply $a->{json}, info($s1)->{json}, 'gives what it is';
is $c->call('PUT', "/v1/session/renew/$plain")->{status}, 200,
    'without a ttl, too';
$a = $c->call('PUT', "/v1/session/renew/$nobody");
is $a->{status}, 404, 'of nobody';
is $a->{body}, "Session id '$nobody' not found", 'and says so';
is $c->call('PUT', '/v1/session/renew/foo')->{status}, 500, 'of no id';
is destroy($nobody)->{body}, 'true', 'destroy of nobody';
is destroy('foo')->{status}, 500, 'of no id';

# -- locks --------------------------------------------------------------------

is put('lock', 'me', "?acquire=$s1"), 'true', 'acquire';
is put('lock', 'me2', "?acquire=$s1"), 'true', 'once more';
is put('lock', 'other', "?acquire=$plain"), 'false', 'by another';
like call($reg, 'GET', '/v1/kv/lock')->{body},
    qr/\A\[\{"LockIndex":1,"Key":"lock","Flags":0,"Value":"bWUy",
    "Session":"$s1","CreateIndex":\d+,"ModifyIndex":\d+\}\]\z/x, 'it is held';
is put('lock', 'x', '?acquire=foo'),
    'failed session lookup: index error: UUID must be 36 characters',
    'acquire by no session';
is put('lock', 'x', "?acquire=$nobody"), qq(invalid session "$nobody"),
    'by nobody';
is put('lock', 'x', '?acquire='), 'missing session', 'by none';
is put('lock', 'x', '?release=foo'), 'false', 'release by no session';
is put('lock', 'x', "?release=$plain"), 'false', 'by another';
is put('nolock', 'x', "?release=$s1"), 'false', 'of another key';
is put('lock', 'plain'), 'true', 'a plain write';
is kv_get($reg, 'lock')->{Session}, $s1, 'leaves the lock';
is put('lock', 'freed', "?release=$s1&flags=7"), 'true', 'release';
my $pair = kv_get($reg, 'lock');
is_deeply [@$pair{qw(Value Flags LockIndex)}, exists $pair->{Session} ? 1 : 0],
    ['freed', 7, 1, 0], 'writes, and it is free';
is put('lock', 'x', "?acquire=$plain"), 'true',
    'after a release there is no delay';
is kv_get($reg, 'lock')->{LockIndex}, 2, 'it was locked twice';

# its end releases what it holds, and there is a delay
is put('lock/other', 'x', "?acquire=$plain"), 'true', 'it holds another';
my $at = kv_get($reg, 'lock')->{ModifyIndex};
my $w = caller_of($reg);
$w->hold('GET', "/v1/kv/lock?index=$at&wait=60s");
my $lister = caller_of($reg);
$lister->hold('GET', '/v1/session/list?wait=60s&index='
    . index_of($c->call('GET', '/v1/session/list')));
is destroy($plain)->{body}, 'true', 'destroy';
$a = $w->read;
is $a->{json}[0]{Session}, undef, 'who waits is told that it is free';
cmp_ok index_of($a), '>', $at, 'with a later index';
is scalar(grep { $_->{ID} eq $plain } @{$lister->read->{json}}), 0,
    'and that the session is gone';
is kv_get($reg, 'lock/other')->{ModifyIndex}, $a->{json}[0]{ModifyIndex},
    'all of its locks at one index';
is put('lock', 'x', "?acquire=$s1"), 'false', 'the lock delay keeps others out';
is put('lock', 'x', "?acquire=$plain"), 'false', 'the one that ended, too';
is put('lock', 'x'), 'true', 'but nobody from writing';
my $txn = $c->call('PUT', '/v1/txn', body =>
    qq([{"KV":{"Verb":"lock","Key":"lock","Session":"$s1"}}]));
is $txn->{json}{Errors}[0]{What},
    'failed to lock key "lock" due to lock delay', 'nor a transaction';
is destroy($plain)->{body}, 'true', 'destroyed twice';

# a session that deletes what it holds; no delay
is put('d/1', 'x', "?acquire=$s1"), 'true', 'held';
is put('d/2', 'x', "?acquire=$s1"), 'true', 'held';
$at = index_of($c->call('GET', '/v1/kv/d/?recurse'));
$w = caller_of($reg);
$w->hold('GET', "/v1/kv/d/?recurse&index=$at&wait=60s");
destroy($s1);
$a = $w->read;
is $a->{status}, 404, 'its keys go with it, both';
cmp_ok index_of($a), '>', $at, 'under a later index';
my $s2 = session($reg, LockDelay => '0s');
is put('d/1', 'x', "?acquire=$s2"), 'true', 'without a delay another may';
is kv_get($reg, 'd/1')->{LockIndex}, 1, 'it is a new key';

# -- blocking reads -----------------------------------------------------------

$at = index_of(info($s2));
$w = caller_of($reg);
$w->hold('GET', "/v1/session/info/$s2?index=$at&wait=60s");
my $s3 = session($reg);
put('d/3', 'x', "?acquire=$s3");
$c->call('PUT', "/v1/session/renew/$s2");
ok $w->{conn}->silent, 'another session is no change of this one';
destroy($s2);
$a = $w->read;
is $a->{body}, '[]', 'but its end is';
cmp_ok index_of($a), '>', $at, 'with a later index';

# -- what they depend on ------------------------------------------------------

sub ended { my ($id) = @_; return eventually { info($id)->{body} eq '[]' } }

my $web = $reg->register('web1 kind web node n1 status passing');
my $on_check = session($reg, Node => 'N1', Checks => ['service:web1'],
    Behavior => 'delete');
my $on_node = session($reg, Node => 'n1', Checks => []);
my $here = session($reg);
is put('n1/lock', 'x', "?acquire=$on_check"), 'true', 'of another node';
is scalar @{$c->call('GET', '/v1/session/node/n1')->{json}}, 2, 'both of it';
$web->send("status critical\n");
ok ended($on_check), 'it ends with its check';
is kv_get($reg, 'n1/lock'), undef, 'and its key with it';
is scalar @{info($on_node)->{json}}, 1, 'not one without checks';
is create('{"Node":"n1","Checks":["service:web1"]}')->{body},
    q(Check 'service:web1' is in critical state), 'a new one cannot be';
$web->close;
ok ended($on_node), 'but with its node';
is create('{"Node":"n1","Checks":[]}')->{body}, 'Missing node registration',
    'which is gone';
is scalar @{info($here)->{json}}, 1, 'others live on';

# -- time ---------------------------------------------------------------------

# A registry whose clients do nothing else: its clock goes on all the same.
{
    my $idle = consul('-o', 'consul.session_ttl_min=100ms');
    ok in_time(sub {
        my $keeper = session($idle, TTL => '300ms', Checks => []);
        my ($longest, $status) = (0);
        for (1 .. 6) {
            my $said = time;
            select undef, undef, undef, 0.25;
            $status = call($idle, 'PUT', "/v1/session/renew/$keeper")->{status};
            $longest = time - $said if time - $said > $longest;
        }
        return ($status == 200, $longest < 0.6);
    }), 'who is renewed in time lives on';
    my $next = session($idle, Checks => []);
    ok in_time(sub {
        my $lost = session($idle, LockDelay => '1s', Checks => []);
        eventually { kv_put($idle, 'l', '', "?acquire=$lost") eq 'true' };
        select undef, undef, undef, 1.1;
        my $begins = time;
        call($idle, 'PUT', "/v1/session/destroy/$lost");
        my $got = kv_put($idle, 'l', '', "?acquire=$next");
        my $quick = time - $begins < 1;
        kv_put($idle, 'l', '', "?release=$next") if $got eq 'true';
        return ($got eq 'false', $quick);
    }), 'its delay begins when it is lost';
}

# Something that has to be done in time, until we have been as quick as that
# ourselves: (whether it was right, whether we were)
sub in_time
{
    my ($try) = @_;
    my ($right, $quick);
    for (1 .. 10) {
        ($right, $quick) = $try->();
        last if $right || $quick;
    }
    return $right || !$quick;
}

finish();
