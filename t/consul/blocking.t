# Blocking queries: woken by what changes the result, and by nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');

my @admin = ('-o', 'registry.admin=127.0.0.1:0');
my $reg = consul(@admin);

sub waiting { return $_[0]->metric('muster_consul_blocking') }

sub all_wait
{
    my ($daemon, $count) = @_;
    return ok scalar(eventually { waiting($daemon) == $count }),
        "$count of them wait";
}

# -- one change tells all of them, and is written once

kv_put($reg, 'w/a', 'one');
kv_put($reg, 'w/b', 'one');
my $index = index_of(call($reg, 'GET', '/v1/kv/w/a'));
my @callers = map { caller_of($reg) } 1 .. 50;
$_->ask('GET', "/v1/kv/w/a?index=$index&wait=60s") for @callers;
all_wait($reg, 50);
kv_put($reg, 'w/b', 'two');
kv_put($reg, 'x', 'y');
is call($reg, 'GET', '/v1/kv/w/b')->{status}, 200, 'others change';
is scalar(grep { $_->{conn}->silent } @callers), 50, '... and wake nobody';
my $before = $reg->metric('muster_consul_shared_total');
kv_put($reg, 'w/a', 'two');
my @answers = map { $_->read } @callers;
my %bodies = map { $_->{body} => 1 } @answers;
is scalar(keys %bodies), 1, 'a change tells all of them the same';
is $answers[0]{json}[0]{Value}, base64('two'), '... which is what there is';
is scalar(grep { index_of($_) == $answers[0]{json}[0]{ModifyIndex} } @answers),
    50, '... with its index';
is $reg->metric('muster_consul_shared_total') - $before, 49,
    'it was written once';
all_wait($reg, 0);

# some of them want it compressed, some laid out
my $long = 'x' x 3000;
$index = index_of(call($reg, 'GET', '/v1/kv/w/a'));
my $n = 0;
for (@callers) {
    my $query = $n % 3 ? '' : '&pretty';
    $_->ask('GET', "/v1/kv/w/a?index=$index&wait=60s$query",
        $n++ % 2 ? (headers => {'Accept-Encoding' => 'gzip'}) : ());
}
all_wait($reg, 50);
kv_put($reg, 'w/a', $long);
@answers = map { $_->read } @callers;
is scalar(grep { $_->{headers}{'content-encoding'} } @answers), 25,
    'some are compressed';
%bodies = ();
for my $told (@answers) {
    my $body = $told->{body};
    gunzip(\(my $packed = $body), \$body)
        if $told->{headers}{'content-encoding'};
    $bodies{$body}++;
}
is_deeply [sort { $a <=> $b } values %bodies], [17, 33], 'all are told the same';
is scalar(grep { JSON::PP->new->decode($_)->[0]{Value} eq base64($long) }
    keys %bodies), 2, '... laid out or not';

# -- an index that moves is no change of the result

my $keys = call($reg, 'GET', '/v1/kv/w/?keys');
$index = index_of($keys);
my $c = caller_of($reg);
# the result that an index stood for is known once somebody has waited
$c->ask('GET', "/v1/kv/w/?keys&index=$index&wait=1ms");
$index = index_of($c->read);
$c->ask('GET', "/v1/kv/w/?keys&index=$index&wait=60s");
all_wait($reg, 1);
kv_put($reg, 'w/a', 'three');
kv_put($reg, 'w/b', 'three');
ok scalar(eventually { $reg->metric('muster_consul_same_total') >= 1 }),
    'what is under a prefix has changed';
ok $c->{conn}->silent, '... not its names: nobody is woken';
kv_put($reg, 'w/c', 'one');
my $a = $c->read;
is_deeply $a->{json}, ['w/a', 'w/b', 'w/c'], 'one more name wakes';
ok index_of($a) > $index, '... with a later index';

# -- the time that is waited

$index = index_of(call($reg, 'GET', '/v1/kv/w/a'));
$a = call($reg, 'GET', "/v1/kv/w/a?index=$index&wait=1ms");
is $a->{status}, 200, 'the time is over: what there is';
is index_of($a), $index, '... with the same index';
$a = call($reg, 'GET', "/v1/kv/w/none?index=100000&wait=1ms");
is $a->{status}, 404, 'what is not there is waited for, too';
$c->ask('GET', '/v1/kv/w/a?index=100000&wait=60s');
all_wait($reg, 1);
kv_put($reg, 'w/a', 'four');
$a = $c->read;
cmp_ok index_of($a), '<', 100000, 'an index that never was ends with a change';
$a = $c->call('GET', '/v1/kv/w/a?index=100000&wait=60s');
cmp_ok index_of($a), '<', 100000, '... or soon: it is of another past';
$c->ask('GET', '/v1/kv/w/a?index=' . index_of($a) . '&wait=60s');
all_wait($reg, 1);

# -- who goes away leaves nothing behind

$c->close;
all_wait($reg, 0);
kv_put($reg, 'w/a', 'five');
$_->close for @callers;

# -- the end

$index = index_of(call($reg, 'GET', '/v1/kv/w/a'));
$c = caller_of($reg);
$c->ask('GET', "/v1/kv/w/a?index=$index");
all_wait($reg, 1);
$reg->stop;
$a = $c->read;
is $a->{status}, 500, 'those who wait are told that it goes';
like $a->{headers}{'content-type'}, qr{^text/plain}, '... as text';

# -- in the manner of 0.7 a moved index is told

my $old = consul(@admin, '-o', 'consul.compat=0.7');
kv_put($old, 'w/a', 'one');
$index = index_of(call($old, 'GET', '/v1/kv/w/?keys'));
$c = caller_of($old);
$index = index_of($c->call('GET', "/v1/kv/w/?keys&index=$index&wait=1ms"));
$c->ask('GET', "/v1/kv/w/?keys&index=$index&wait=60s");
all_wait($old, 1);
kv_put($old, 'w/a', 'two');
$a = $c->read;
is_deeply $a->{json}, ['w/a'], '0.7: the same names';
ok index_of($a) > $index, '... with a later index';

# ... and a node that goes moves the tables of what was on it as far as its own
my $of_n = q({"Node":"n","Address":"10.0.0.1"%s});
call($old, 'PUT', '/v1/catalog/register',
    body => sprintf $of_n, ',"Service":{"Service":"s"}');
call($old, 'PUT', '/v1/catalog/deregister', body => '{"Node":"n"}');
$index = index_of(call($old, 'GET', '/v1/catalog/services'));
is index_of(call($old, 'GET', '/v1/catalog/service/s')), $index,
    '0.7: services and their instances have one index when a node has gone';

finish();
