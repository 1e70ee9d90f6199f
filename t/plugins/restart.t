# A plugin's job goes on while its worker is killed and started again: its
# results, its state and its mutex are what they would have been.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use POSIX ();
use Test::More;

need_programs('muster-worker');
my $dir = scratch() . '/plugins';
my $fifo = scratch() . '/fifo';
POSIX::mkfifo($fifo, 0600) or die "$fifo: $!";
write_plugin($dir, 'alone', 'mutex 1', <<"END");
echo up
echo 'result {"part": 1}' >&3
read x <$fifo
echo 'result {"part": 2}' >&3
echo 'state changed' >&3
END
my $w = lone_worker("worker.plugins=$dir", 'worker.spool=' . scratch() . '/spool');
my $d = dial_worker($w, 'ABCDEFGH');
my $jid = $d->run('alone');
$d->says($jid, qr/up/);
$d->until(sub { @{$d->results($jid)} });
is_deeply $d->results($jid), ['{"part": 1}'], 'a result before';

$w->kill;
$w->restart;
$d = $d->redial($w);
my $have = $d->list;
is $have->{$jid}[1], 'running', 'the job goes on';
is $d->refusal($d->run('alone')), 'no free slot: alone is running',
    'and is still the one that may run';
$d->send("resume $jid $d->{jobs}{$jid}{seq}");
spew($fifo, "x\n");
my $end = $d->ended($jid);
is "$end->{rc} $end->{state}", '0 4', 'its exit status and its state';
is_deeply $d->results($jid), ['{"part": 1}', '{"part": 2}'],
    'a result after, and none twice';
my $next = $d->run('alone');
$d->says($next, qr/up/);
spew($fifo, "x\n");
is $d->ended($next)->{state}, 4, 'then the next one';
finish();
