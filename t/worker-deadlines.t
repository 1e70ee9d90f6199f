# Time out, idle, the longest time this worker allows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker('worker.max_timeout=2s');
my $d = dial_worker($w, 'ABCDEFGH');

my $jid = $d->run(q{execute cmd 'echo a; sleep 100' .timeout 0.3});
my $exit = $d->ended($jid);
is "@$exit{qw(rc state reason)}", '- 2 timeout', 'a timeout';
cmp_ok $exit->{duration}, '>=', 0.29, 'not too early';
cmp_ok $exit->{duration}, '<', deadline(20), 'not too late';
is $d->text($jid, 'stdout'), "a\n", 'what it said is kept';

$jid = $d->run(q{execute cmd 'echo a; sleep 100' .idle 300ms});
$exit = $d->ended($jid);
is "@$exit{qw(rc state reason)}", '- 2 idle', 'idle';

my $long = $d->run(q{execute cmd 'sleep 100'});
my $longer = $d->run(q{execute cmd 'sleep 100' .timeout 1h});
$exit = $d->ended($long);
is $exit->{reason}, 'timeout', 'the longest time of this worker';
cmp_ok $exit->{duration}, '>=', 1.99, 'is not too short';
is $d->ended($longer)->{reason}, 'timeout', 'whatever it asks for';

$w = lone_worker();
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(
    q{execute cmd 'for i in 1 2 3 4 5 6 7 8; do sleep 0.3; printf . >&2; done' .idle 2});
$exit = $d->ended($jid);
is "@$exit{qw(rc reason)}", '0 exited', 'who speaks is not idle';
$jid = $d->run(q{execute cmd 'exit 0' .timeout 20 .idle 20});
is $d->ended($jid)->{rc}, 0, 'deadlines that are kept';
finish();
