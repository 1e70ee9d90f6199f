# A worker that is silent is asked for a sign of life; one that gives none is
# taken for dead, without a word from its machine.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use POSIX ();
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1s',
    '-o', 'dispatcher.lost_after=100ms');
my $real = worker($reg, 'real', '-o', 'worker.drain=100ms',
    '-o', 'worker.grace=100ms', '-o', 'worker.slots=4');
ok eventually { $d->knows(1) }, 'it knows its worker';

# says no more than it is asked for, but that at once, whatever we do meanwhile
my $quiet = FakeWorker->new($reg, 'quiet')->link;
my $go = scratch() . '/go';
my $asked = scratch() . '/asked';
my $pid = fork;
die "fork: $!" unless defined $pid;
if (!$pid) {
    my $jid = $quiet->expect(qr/^run (\S+) /);
    $quiet->say("ack $jid");
    my $n = 0;
    until (-e $go || $quiet->{conn}{eof}) {
        my $line = $quiet->line(0.05);
        next unless defined $line && $line eq 'list';
        $quiet->say("have $jid 0 running", '.end');
        spew($asked, ++$n);
    }
    $quiet->say("exit $jid 1 0 state 0 reason exited");
    1 while defined $quiet->line;
    POSIX::_exit(0);
}
$quiet->hang_up;    # it is the child's

my $dead = FakeWorker->new($reg, 'dead')->link;
my $c = $d->dial('exec');
$c->send("execute cmd 'until test -e $go; do sleep 0.05; done' "
    . ".hosts quiet,dead,real\n");
my $jid = $dead->expect(qr/^run (\S+) /);
$dead->say("ack $jid");
my @lines = $c->until(qr/^exit dead/);
like $lines[-1], qr/^exit dead - state 3 reason lost/, 'silent for good: lost';
ok !grep({ /^exit/ } @lines[0 .. $#lines - 1]), 'the others live';
ok eventually { (slurp($asked) || 0) >= 3 }, 'who is quiet was asked thrice';
spew($go, '');
like join(' ', $c->rest), qr/exit real 0 .* ok 2 failed 0 unreachable 1/,
    'and end well';

# a process that hangs, with its sockets open
$c = $d->dial('exec');
$c->send("execute cmd 'sleep 60' .hosts real\n");
$c->until(qr/^ack/);
$real->signal('STOP');
like join(' ', $c->rest), qr/exit real - state 3 reason lost/, 'a hanging one';
$real->signal('CONT');
kill 'KILL', $pid;
waitpid $pid, 0;
finish();
