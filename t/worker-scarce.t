# Descriptors and processes run short: jobs are refused with the reason, those
# that run are not touched, and when there is room again it goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker({limit_fds => 120}, 'worker.slots=1000');
my $d = dial_worker($w, 'ABCDEFGH');
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'it works';
my $before = $w->descriptors;
my (@run, $why);
for (1 .. 200) {
    my $jid = $d->run(q{execute cmd 'echo up; exec sleep 1000'});
    $d->until(sub { $d->{refused}{$jid} || $d->text($jid, 'stdout') });
    last if $why = $d->{refused}{$jid};
    push @run, $jid;
}
cmp_ok scalar(@run), '>', 5, 'some jobs run';
like $why, qr/^cannot start a process: Too many open files$/,
    'one too many is refused';
is $d->ended($d->run('ping'))->{rc}, 0, 'ping needs nothing';
# (one that is just becoming sleep shows no environment for a moment)
ok eventually { !grep { !in_job($_) } @run }, 'the others run';
$d->send("cancel $_") for @run;
is $d->ended($_)->{reason}, 'cancelled', $_ for @run[0, -1];
$d->ended($_) for @run;
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'there is room again';
ok eventually { $w->descriptors <= $before }, 'nothing is left open';

# a job's own limit is what the worker was started with
my $jid = $d->run(q{execute cmd 'ulimit -n'});
$d->ended($jid);
is $d->text($jid, 'stdout'), "120\n", 'jobs have the limit as it was found';
finish();
