# Workers that die, links that break: every host ends, nothing is doubled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg);
my %real = map { ($_ => worker($reg, $_)) } qw(w1 w2 w3);
ok eventually { $d->knows(3) }, 'it knows its workers';

# SIGKILL in the middle of a job
my $c = $d->dial('exec');
my $go = scratch() . '/go';
$c->send("execute cmd 'echo 1; until test -e $go; do sleep 0.05; done; echo 2; "
    . "echo 3' .on all\n");
my @lines = $c->until(qr/^out w2 stdout 1$/);
my $killed = time;
$real{w2}->kill;
push @lines, $c->until(qr/^exit w2/);
my $told = time - $killed;
like $lines[-1], qr/^exit w2 - state 3 reason lost why /, 'lost';
ok $told < deadline(20), "soon ($told)";
spew($go, '');
push @lines, $c->rest;
is scalar(grep({ /^out w[13] stdout \d$/ } @lines)), 6, 'the others go on';
is scalar(grep({ /^exit w[13] 0 state 0/ } @lines)), 2, 'and are well';
ok grep({ $_ eq 'out w2 stdout 1' } @lines), 'what it said is kept';
like $lines[-1], qr/^done \S+ state 2 ok 2 failed 0 unreachable 1 lost 1$/,
    'done says so';
$_->stop for @real{qw(w1 w3)};

# A link breaks and the same worker is back in time
$d->reload("dispatcher: {lost_after: 60s}\n",
    qr/dispatcher\.lost_after is now 60s/);
my $w = FakeWorker->new($reg, 'f')->link;
$c = $d->dial('exec');
$c->send("execute cmd x .hosts f\n");
my $jid = $w->expect(qr/^run (\S+) execute cmd x$/);
$w->say("ack $jid", map { "out $jid $_ stdout l$_" } 1 .. 5);
@lines = $c->until(qr/l5$/);
$w->hang_up;
$w->link;
$w->expect(qr/^list$/);
$w->say("have $jid 8 running", '.end');
is $w->expect(qr/^resume \Q$jid\E (\d+)$/), 5, 'it says how far it got';
# two of these came before: the worker is free to send more than asked
$w->say(map { "out $jid $_ stdout l$_" } 4 .. 8);
$w->say("exit $jid 9 0 state 0 reason exited");
push @lines, $c->rest;
is_deeply [grep { /^out/ } @lines], [map { "out f stdout l$_" } 1 .. 8],
    'each line once, in order';
like $lines[-1], qr/ ok 1 /, 'and the end';
ok $w->got($jid, 9), 'the worker may forget it';

# sent, not acknowledged, and unknown to the worker: it is sent again
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->hang_up;
$w->link;
$w->expect(qr/^list$/);
$w->say('.end');
is $w->run_one, $jid, 'it never got there: again';
like +($c->rest)[-1], qr/ ok 1 /, 'done';

# acknowledged, and then unknown
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$c->until(qr/^ack/);
$w->hang_up;
$w->link;
$w->expect(qr/^list$/);
$w->say('.end');
like join(' ', $c->rest), qr/exit f - state 3 reason lost/, 'forgotten: lost';

# another instance: all it had is gone, at once
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$c->until(qr/^ack/);
$w->hang_up;
$w->{instance} = 'ANOTHER';
$w->link;
like join(' ', $c->rest), qr/exit f - state 3 reason lost why 'the worker was/,
    'started anew: lost';

# .lost wait: as long as it takes
$d->reload("dispatcher: {lost_after: 100ms}\n",
    qr/dispatcher\.lost_after is now 100ms/);
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f .lost wait\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$c->until(qr/^ack/);
$w->deaf;
$w->hang_up;
my $other = $d->dial('exec');
$other->send("execute cmd y .hosts f .wait 0.1\n");
like join(' ', $other->rest), qr/exit f - state 3 reason unreachable/,
    'another job cannot reach it';
ok $c->silent, '.lost wait: it waits';
$w->listen->nudge->link;
$w->expect(qr/^list$/);
$w->say("have $jid 1 exited", '.end');
$w->expect(qr/^resume/);
$w->say("exit $jid 1 0 state 0 reason exited");
like +($c->rest)[-1], qr/ ok 1 /, 'it was worth it';

# lost, and then heard of again: the record is completed, not changed
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$c->until(qr/^ack/);
$w->deaf;
$w->hang_up;
like join(' ', $c->rest), qr/exit f - state 3 reason lost/, 'lost';
$w->listen->nudge->link;
$w->expect(qr/^list$/);
$w->say("have $jid 2 exited", '.end');
is $w->expect(qr/^resume \Q$jid\E (\d+)$/), 0, 'what became of it?';
$w->say("out $jid 1 stdout late", "exit $jid 2 7 state 2 reason exited");
ok $w->got($jid, 2), 'the worker may forget it';
like +($d->ask('exec', "job $jid\n"))[1], 
    qr/^host f .* rc - state 3 .* lost .*late-rc 7 late-state 2 late-reason /,
    'the record says both';

# cancelled while its worker is away
$c = $d->dial('exec');
$c->send("execute cmd y .hosts f .lost wait\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$c->until(qr/^ack/);
$w->deaf;
$w->hang_up;
is_deeply [$d->ask('exec', "cancel $jid\n")], ['ok'], 'cancel';
like join(' ', $c->rest), qr/exit f - state 3 reason lost/,
    'nobody can say that it was cancelled';
finish();
