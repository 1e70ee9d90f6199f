# Jobs that do not want to end: a child that ignores TERM, a daemon that forked
# twice into a session of its own, a grandchild that writes on. Cancelled, over
# its time, and over its time with the worker dead: within the grace nobody with
# the job's name in its environment lives, and no zombie; only then is it told.
# A stranger, who may have got a pid of theirs, is not touched.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

my $tree = <<'END';
trap "" TERM
sh -c 'trap "" TERM; while :; do sleep 0.05; done' &
perl -MPOSIX -e 'exit if fork; POSIX::setsid(); exit if fork;
    $SIG{TERM} = "IGNORE"; close STDOUT; close STDERR;
    select undef, undef, undef, 0.05 while 1' &
(sh -c 'trap "" TERM; while :; do echo grandchild; sleep 0.05; done' &)
echo up
while :; do sleep 0.05; done
END
$tree =~ s/\n/; /g;
$tree =~ s/&; /& /g;
$tree =~ s/; $//;
my $grace = 0.5;
my @strangers = map {
    my $pid = fork;
    exec 'sleep', '1000' if defined $pid && !$pid;
    $pid;
} 1 .. 3;
END { kill 'KILL', @strangers }

for my $spool ('off', scratch() . '/spool') {
    my $what = $spool eq 'off' ? 'in memory' : 'with a spool';
    my $w = lone_worker("worker.spool=$spool", 'worker.grace=500ms');
    my $d = dial_worker($w, 'ABCDEFGH');
    for my $way ('cancelled', 'timeout') {
        # as much time as the tree takes to be there on this machine
        my ($jid, $there);
        for my $seconds (1.5, 3, 6, 12) {
            my $limit = $way eq 'timeout' ? " .timeout $seconds" : '';
            $jid = $d->run('execute cmd ' . quote($tree) . $limit);
            $d->says($jid, qr/grandchild|up/);
            my $ends = time + $seconds;
            eventually {
                $there = in_job($jid) >= 4;
                return $there || $limit && time > $ends;
            };
            last if $there;
            $d->ended($jid);
        }
        ok $there, "$what, $way: the tree is there";
        my $begun = time;
        $d->send("cancel $jid") if $way eq 'cancelled';
        my $exit = $d->ended($jid);
        is_deeply [in_job($jid)], [], 'when the end is told nobody lives';
        is "@$exit{qw(rc state reason)}", "- 2 $way", 'the reason is told';
        cmp_ok time - $begun, '<', deadline($grace + 30), 'soon';
        ok eventually { !zombies($w->{pid}) }, 'no zombie stays';
    }
    is scalar(grep { kill 0, $_ } @strangers), 3, 'strangers live';
    $w->stop;
}
kill 'KILL', @strangers;
waitpid $_, 0 for @strangers;
finish();

# Whether a process has children that nobody waits for
sub zombies
{
    my ($parent) = @_;
    return scalar grep { slurp("/proc/$_/stat") =~ /\) Z / }
        keys %{children_of($parent)};
}
