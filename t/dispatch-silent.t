# A worker that is silent is asked for a sign of life; one that gives none is
# taken for dead, without a word from its machine.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=200ms',
    '-o', 'dispatcher.lost_after=100ms');
my $quiet = FakeWorker->new($reg, 'quiet')->link;
my $dead = FakeWorker->new($reg, 'dead')->link;
my $real = worker($reg, 'real', '-o', 'worker.drain=100ms',
    '-o', 'worker.grace=100ms');
ok eventually {
    my @lines = $d->ask('exec', "ping .hosts real .wait 1\n");
    "@lines" =~ / ok 1 /;
}, 'it knows its workers';

my $c = $d->dial('exec');
$c->send("execute cmd 'sleep 2' .hosts quiet,dead,real\n");
my $jid = $quiet->expect(qr/^run (\S+) /);
$quiet->say("ack $jid");
$dead->expect(qr/^run (\S+) /);
$dead->say("ack $jid");
for (1 .. 3) {
    $quiet->expect(qr/^list$/);
    $quiet->say("have $jid 0 running", '.end');
}
my @lines = $c->until(qr/^exit dead/);
like $lines[-1], qr/^exit dead - state 3 reason lost/, 'silent for good: lost';
ok !grep({ /^exit/ } @lines[0 .. $#lines - 1]), 'the others live';
$quiet->say("exit $jid 1 0 state 0 reason exited");
like join(' ', $c->rest), qr/exit real 0 .* ok 2 failed 0 unreachable 1/,
    'and end well';

# a process that hangs, with its sockets open
$c = $d->dial('exec');
$c->send("execute cmd 'sleep 60' .hosts real\n");
$c->until(qr/^ack/);
$real->signal('STOP');
like join(' ', $c->rest), qr/exit real - state 3 reason lost/, 'a hanging one';
$real->signal('CONT');
finish();
