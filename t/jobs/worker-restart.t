# A worker with a spool is killed, and started again: its jobs run on, nothing
# of what they say is lost or doubled, and none of them is started twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;

my $spool = scratch() . '/spool';
my $w = lone_worker("worker.spool=$spool", 'worker.window=16K');
my $d = dial_worker($w, 'ABCDEFGH');
my $instance = $d->{hello}[2];
my $go = scratch() . '/go';
my $effect = scratch() . '/effect';

# says 1, 2, ... until it may end; the file has a line for each start
sub counter
{
    my ($name) = @_;
    return qq{execute cmd 'echo $name >>$effect; i=0; until [ -e $go ]; do }
        . q{i=$((i+1)); echo $i; sleep 0.01; done; echo end; exit 7'};
}

# Where the last link got to, on a new one: lists, and goes on behind that, with
# so many lines stored at a time (whoever stores none is told no more than fits)
sub return_to
{
    my ($old, $store) = @_;
    my $new = $old->redial($w);
    $new->{store} = $store;
    is $new->{hello}[2], $instance, 'the worker is known by its spool';
    my $have = $new->list;
    for my $jid (sort keys %$have) {
        $new->send("resume $jid " . ($new->{jobs}{$jid}{seq} || 0));
    }
    return ($new, $have);
}

sub counted
{
    my ($text) = @_;
    my @lines = split /\n/, $text;
    is pop @lines, 'end', 'it came to its end';
    my @wrong = grep { $lines[$_] != $_ + 1 } 0 .. $#lines;
    ok !@wrong && @lines, 'lines 1 to ' . @lines . ', each once';
    return;
}

# -- killed while jobs run, again and again
my @jids = map { $d->run(counter("job$_")) } 1 .. 3;
$_->{store} = 5 for $d;
$d->says($_, qr/^3$/m) for @jids;
my ($pid) = grep { slurp("/proc/$_/comm") eq "sh\n" } in_job($jids[0]);
for my $round (1 .. 4) {
    $w->kill;
    $w->restart;
    my $have;
    ($d, $have) = return_to($d, 5);
    is_deeply [sort keys %$have], [sort @jids], 'it has all of them';
    is_deeply [map { $have->{$_}[1] } @jids], [('running') x 3], 'running';
    my $jid = $jids[$round % 3];
    my $lines = $d->{jobs}{$jid}{lines};
    $d->until(sub { $d->{jobs}{$jid}{lines} > $lines + 3 });
}
ok grep({ $_ == $pid } in_job($jids[0])), 'it is the same process';
spew($go, '');
for my $jid (@jids) {
    my $exit = $d->ended($jid);
    is_deeply [@$exit{qw(rc state reason adopted)}], [7, 2, 'exited', 1],
        'its end is true, and tells that it was adopted';
    counted($d->text($jid, 'stdout'));
}
is_deeply [sort split /\n/, slurp($effect)], [qw(job1 job2 job3)],
    'each was started once';

# -- what is fetched is forgotten, but for its name
ok eventually { !(() = glob "$spool/jobs/*") }, 'nothing stays in the spool';
$w->kill;
$w->restart;
($d, my $have) = return_to($d, 5);
is_deeply $have, {}, 'no job is left';
$d->{jobs}{$jids[0]} = {seq => $d->{jobs}{$jids[0]}{seq} - 1};
$d->send("run $jids[0] " . counter('again'));
is $d->ended($jids[0])->{rc}, 7, 'a name is remembered, and how it ended';
is_deeply [sort split /\n/, slurp($effect)], [qw(job1 job2 job3)],
    'and nothing is started';

# -- one that ends while no worker is there, saying more than fits
unlink $go;
my $jid = $d->run(qq{execute cmd 'echo up; until [ -e $go ]; do sleep 0.01; done; seq 50000; exit 3'});
$d->says($jid, qr/up/);
$w->kill;
spew($go, '');
ok eventually { !in_job($jid) }, 'it ends without a worker';
$w->restart;
($d, $have) = return_to($d, 100);
ok eventually { ($d->list->{$jid} || ['', ''])->[1] eq 'exited' },
    'its result is there';
is $d->ended($jid)->{rc}, 3, 'and true';
is $d->text($jid, 'stdout'), join('', map { "$_\n" } 'up', 1 .. 50000),
    'all of its output';

# -- nobody stays where nobody came back
ok eventually { !(() = glob "$spool/jobs/*") }, 'nothing stays in the spool';
finish();
