# Keys and sessions over restarts and crashes: what was acknowledged is there,
# and no index ever falls.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/db');
my @watched = ('a', 'd/1', 'none', 'd/?recurse', 'd/?keys', '?keys',
    'none/?recurse');

sub indexes
{
    return map { my $path = $_;
        ($path => index_of(call($reg, 'GET', "/v1/kv/$path"))) } @watched;
}

sub sessions { return index_of(call($reg, 'GET', '/v1/session/list')) }

sub txn
{
    my $ops = join ',', @_;
    return call($reg, 'PUT', '/v1/txn', body => "[$ops]")->{status};
}

kv_put($reg, 'a', "one\n\0two", '?flags=7');
kv_put($reg, "d/$_", 'x') for 1 .. 5;
my $s = session($reg, Name => q(it's mine), TTL => '600s',
    Behavior => 'delete', LockDelay => '2.5s');
is kv_put($reg, 'l', 'held', "?acquire=$s"), 'true', 'a lock is held';
my $info = call($reg, 'GET', "/v1/session/info/$s");
call($reg, 'DELETE', '/v1/kv/d/1');

for my $how (qw(restart crash)) {
    my %before = indexes();
    my $pair = kv_get($reg, 'a');
    my $at = sessions();
    $how eq 'crash' ? $reg->kill : $reg->stop;
    $reg->restart;
    my %after = indexes();
    my @fell = grep { $after{$_} < $before{$_} } @watched;
    is_deeply \@fell, [], "$how: no index has fallen";
    is $after{a}, $before{a}, "$how: that of a key is the key's";
    cmp_ok sessions(), '>=', $at, "$how: nor has that of sessions";
    is_deeply kv_get($reg, 'a'), $pair, "$how: a key is what it was";
    is call($reg, 'GET', "/v1/session/info/$s")->{body}, $info->{body},
        "$how: and a session";
    is kv_get($reg, 'l')->{Session}, $s, "$how: it holds its lock";
    my $other = session($reg);
    is kv_put($reg, 'l', 'x', "?acquire=$other"), 'false',
        "$how: others do not get it";
    call($reg, 'PUT', "/v1/session/destroy/$other");
    is kv_put($reg, 'l', 'held', "?acquire=$s"), 'true', "$how: it does";
    is call($reg, 'PUT', "/v1/session/renew/$s")->{status}, 200,
        "$how: it is renewed";
    # a reader that comes back with what it had
    my $a = call($reg, 'GET', "/v1/kv/a?index=$before{a}&wait=10ms");
    is index_of($a), $before{a}, "$how: a reader goes on where it was";
    kv_put($reg, 'd/6', $how);
    cmp_ok kv_get($reg, 'd/6')->{ModifyIndex}, '>', $after{'d/?keys'},
        "$how: a change is beyond all of that";
    my $w = caller_of($reg);
    $w->ask('GET', "/v1/kv/d/?keys&index=$before{'d/?keys'}&wait=60s");
    is $w->read->{status}, 200, "$how: who missed it is told at once";
}

# More keys than one change may make, in one prefix and in one session
for my $n (0 .. 99) {
    is txn(map { sprintf '{"KV":{"Verb":"lock","Key":"many/%03d/%02d",'
            . '"Value":"dg==","Session":"%s"}}', $n, $_, $s } 1 .. 60), 200,
        'locked' if $n < 30;
    txn(map { sprintf '{"KV":{"Verb":"set","Key":"more/%03d/%02d"}}', $n, $_ }
        1 .. 60);
}
my $list = call($reg, 'GET', '/v1/kv/m?keys')->{json};
is scalar @$list, 7800, 'many keys';
is call($reg, 'DELETE', '/v1/kv/more?recurse')->{body}, 'true', 'deleted';
$reg->kill;
$reg->restart;
is scalar @{call($reg, 'GET', '/v1/kv/m?keys')->{json}}, 1800,
    'are gone for good';
call($reg, 'PUT', "/v1/session/destroy/$s");
$reg->kill;
$reg->restart;
is call($reg, 'GET', '/v1/kv/m?keys')->{status}, 404,
    'and those of a session, with it';
is kv_get($reg, 'l'), undef, 'all of them';
is call($reg, 'GET', '/v1/session/list')->{body}, '[]', 'and it';
finish();
