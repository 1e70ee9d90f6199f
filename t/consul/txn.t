# /v1/txn: several operations, all of them or none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul();
my $c = caller_of($reg);
my $json = JSON::PP->new->utf8;

sub body { return $c->call('PUT', '/v1/txn', body => $_[0]) }

# VERB, KEY, and what else: one operation
sub op
{
    my ($verb, $key, %o) = @_;
    $o{Value} = base64($o{Value}) if defined $o{Value};
    return {KV => {Verb => $verb, Key => $key, %o}};
}

sub txn { return body($json->encode([@_])) }

# its operations fail so, each OpIndex with its text
sub fails
{
    my ($what, $errors, @ops) = @_;
    my $a = txn(@ops);
    is $a->{status}, 409, "$what: conflict";
    is $a->{headers}{'content-type'}, 'application/json', "$what: as JSON";
    is $a->{json}{Results}, undef, "$what: no results";
    is_deeply [map { "$_->{OpIndex} $_->{What}" } @{$a->{json}{Errors}}],
        $errors, "$what: why";
    return $a;
}

# -- what holds ---------------------------------------------------------------

my $a = txn(op(set => 't1', Value => 'hello', Flags => 7), op(get => 't1'));
is $a->{status}, 200, 'set and get';
my $at = $a->{json}{Results}[0]{KV}{ModifyIndex};
is $a->{body}, '{"Results":[{"KV":{"LockIndex":0,"Key":"t1","Flags":7,'
    . qq("Value":null,"CreateIndex":$at,"ModifyIndex":$at}},)
    . '{"KV":{"LockIndex":0,"Key":"t1","Flags":7,"Value":"aGVsbG8=",'
    . qq("CreateIndex":$at,"ModifyIndex":$at}}],"Errors":null}),
    'as Consul shows it';
ok !exists $a->{headers}{'x-consul-knownleader'}, 'a write tells no leader';
$a = txn(op(get => 't1'), op('check-index' => 't1', Index => $at));
is $a->{body}, '{"Results":[{"KV":{"LockIndex":0,"Key":"t1","Flags":7,'
    . qq("Value":"aGVsbG8=","CreateIndex":$at,"ModifyIndex":$at}},)
    . '{"KV":{"LockIndex":0,"Key":"t1","Flags":7,"Value":null,'
    . qq("CreateIndex":$at,"ModifyIndex":$at}}],"Errors":null,"Index":0,)
    . '"LastContact":0,"KnownLeader":true,"ConsistencyLevel":""}',
    'only reads say more';
is $a->{headers}{'x-consul-knownleader'}, 'true', 'also in headers';
is index_of($a), undef, 'but no index';
$a = txn(op(cas => 't1', Index => $at, Value => 'x'),
    op(cas => 't2', Index => 0, Value => 'y'), op('delete-tree' => 'none'),
    op(delete => 'none'), op('check-not-exists' => 'none'));
is scalar @{$a->{json}{Results}}, 2, 'deletes and absences give nothing';
is $a->{json}{Results}[0]{KV}{ModifyIndex},
    $a->{json}{Results}[1]{KV}{CreateIndex}, 'all of it has one index';
cmp_ok $a->{json}{Results}[0]{KV}{ModifyIndex}, '>', $at, 'a later one';
is kv_get($reg, 't1')->{Value}, 'x', 'and it is there';
$a = txn(op('get-tree' => 't'));
is_deeply [map { $_->{KV}{Key} } @{$a->{json}{Results}}], [qw(t1 t2)],
    'get-tree';
is txn(op('get-tree' => 'none'))->{body}, '{"Results":[],"Errors":null,'
    . '"Index":0,"LastContact":0,"KnownLeader":true,"ConsistencyLevel":""}',
    'of nothing is no failure';
is txn()->{status}, 200, 'nor is nothing to do';
is body('[{"kv":{"verb":"set","KEY":"low","value":null,"x":1}}]')->{status},
    200, 'fields in any case';
is kv_get($reg, 'low')->{Value}, undef, 'null is no value';
$a = txn(op(set => 'd/1'), op(set => 'd/2'), op('delete-tree' => 'd/'),
    op(set => 'd/3'));
is $a->{status}, 200, 'one sees what those before it made';
is call($reg, 'GET', '/v1/kv/d/?keys')->{body}, '["d/3"]', 'in their order';

# -- what does not ------------------------------------------------------------

my $s = session($reg, LockDelay => '0s', Checks => []);
my $t = session($reg, LockDelay => '0s', Checks => []);
my $nobody = '00000000-0000-0000-0000-000000000000';
$at = kv_get($reg, 't1')->{ModifyIndex};
fails('a stale index', ['1 failed to set key "t1", index is stale'],
    op(set => 'not', Value => 'x'), op(cas => 't1', Index => 1));
is kv_get($reg, 'not'), undef, 'and nothing has changed';
fails('all that fail are told', [
        '0 key "none" doesn\'t exist',
        '1 failed to delete key "t1", index is stale',
        "2 failed index check for key \"t1\", current modify index $at != 1",
        '3 failed to check index, key "none" doesn\'t exist',
        '4 failed to check session, key "none" doesn\'t exist',
        '5 failed session check for key "t1", current session "" != "' . $s
            . '"',
        '6 key "t1" exists',
        '7 failed to unlock key "t1", lock isn\'t held, or is held by '
            . 'another session',
        qq(8 invalid session "$nobody"),
    ],
    op(get => 'none'), op('delete-cas' => 't1', Index => 1),
    op('check-index' => 't1', Index => 1), op('check-index' => 'none'),
    op('check-session' => 'none', Session => $s),
    op('check-session' => 't1', Session => $s), op('check-not-exists' => 't1'),
    op(unlock => 't1', Session => $s), op(lock => 't1', Session => $nobody));
$a = fails('a verb that is none', ['0 unknown KV verb "frob"'],
    op(frob => 't1'));
is $a->{json}{KnownLeader}, JSON::PP::true, 'is a read';
fails('no key: nothing else is looked at',
    ['0 Must provide key', '3 Must provide key'], op(set => ''),
    op(lock => 'a'), op(get => 'none'), op(frob => ''));
fails('no session, and what else there is', ['0 missing session',
        '1 failed session lookup: index error: UUID must be 36 characters',
        '2 key "none" doesn\'t exist', '4 unknown KV verb "frob"'],
    op(lock => 'a'), op(lock => 'a', Session => 'foo'), op(get => 'none'),
    op(set => 't1', Value => 'x'), op(frob => 't1'));
is txn(op('check-session' => 't1', Session => ''))->{status}, 200,
    'nobody holds it, as is said';
$a = txn(op(set => 'twice', Value => 'x'), op(set => 'twice', Value => 'y'),
    op('get-tree' => 'twice'), op(set => 'gone'), op(delete => 'gone'));
is_deeply [map { [@{$_->{KV}}{qw(CreateIndex ModifyIndex)}] }
        @{$a->{json}{Results}}], [([(kv_get($reg, 'twice')->{ModifyIndex}) x 2]) x 4],
    'all of one change have its index, also what did not stay';

# -- locks --------------------------------------------------------------------

$a = txn(op(lock => 'l', Session => $s, Value => 'mine'),
    op('check-session' => 'l', Session => $s));
is $a->{status}, 200, 'lock';
is $a->{json}{Results}[0]{KV}{Session}, $s, 'is held';
is $a->{json}{Results}[1]{KV}{LockIndex}, 1, 'for the first time';
fails('another', ['0 failed to lock key "l", lock is already held'],
    op(lock => 'l', Session => $t));
$a = txn(op(unlock => 'l', Session => $s), op(lock => 'l', Session => $t));
is $a->{json}{Results}[1]{KV}{LockIndex}, 2, 'handed over in one';
is kv_get($reg, 'l')->{Session}, $t, 'to another';

# -- bad bodies ---------------------------------------------------------------

my %bad = (
    '{bad' => q(Failed to parse body: invalid character 'b' looking for )
        . 'beginning of object key string',
    '{}' => undef,
    '"x"' => undef,
    '[1]' => undef,
    '[{"KV":{"Verb":7,"Key":"a"}}]' => undef,
    '[{"KV":{"Verb":"set","Key":"a","Flags":"x"}}]' => undef,
    '[{"KV":{"Verb":"set","Key":"a","Value":"a!=="}}]' =>
        'Failed to parse body: illegal base64 data at input byte 1',
    '[{"Service":{"Verb":"set"}}]' => undef,
    '' => undef,
);
for my $body (sort keys %bad) {
    $a = body($body);
    is $a->{status}, 400, "'$body' is refused";
    is $a->{body}, $bad{$body}, "'$body': and why" if $bad{$body};
}
is kv_get($reg, 'a'), undef, 'and nothing has changed';
$a = txn(map { op(set => "m$_") } 1 .. 65);
is $a->{status}, 413, 'too many operations';
is $a->{body}, 'Transaction contains too many operations (65 > 64)', 'why';
is txn(map { op(set => "m$_") } 1 .. 64)->{status}, 200, 'as many as may be';
$a = txn(map { op(set => "v$_", Value => 'x' x 262145) } 1, 2);
is $a->{status}, 413, 'too long in all';
is $a->{body},
    'Cumulative size of key data is too large (524290 > 524288 bytes)', 'why';
$a = txn(op(set => 'v', Value => 'x' x 524289));
is $a->{status}, 413, 'one that is too long';
is $a->{body}, 'Value for key "v" is too large (524289 > 524288 bytes)', 'why';
$a = txn(op(set => 'k'), op(set => 'k' x 4097));
is $a->{status}, 400, 'a key that is too long';
is $a->{body}, 'Key is too long (4097 > 4096 bytes)', 'why';
is kv_get($reg, 'k'), undef, 'and nothing is done';
is txn(map { op(set => "v$_", Value => 'x' x 262144) } 1, 2)->{status}, 200,
    'as much as may be';
is $c->call('GET', '/v1/txn')->{status}, 405, 'GET';

finish();
