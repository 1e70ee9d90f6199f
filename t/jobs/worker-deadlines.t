# Deadlines are the monitor's: they pass while the worker is dead, and cut off;
# a job that was to end has ended when it comes back, for that reason.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;

my $spool = scratch() . '/spool';
my $w = lone_worker("worker.spool=$spool", 'worker.grace=300ms');
my $d = dial_worker($w, 'ABCDEFGH');
my $stubborn = q{trap "" TERM; echo up; while :; do sleep 0.05; done};
my $late = $d->run(qq{execute cmd '$stubborn' .timeout 2});
my $quiet = $d->run(qq{execute cmd '$stubborn' .idle 1.5});
$d->says($_, qr/up/) for $late, $quiet;
$w->kill;
ok eventually { !in_job($late) && !in_job($quiet) },
    'both end without a worker';
$w->restart;
$d = $d->redial($w);
$d->list;
$d->send("resume $_ $d->{jobs}{$_}{seq}") for $late, $quiet;
is $d->ended($late)->{reason}, 'timeout', 'for its time was over';
is $d->ended($quiet)->{reason}, 'idle', 'for it said nothing';
finish();
