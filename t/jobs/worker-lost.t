# What a worker with a spool makes of monitors that are gone: the job is lost,
# and told so with why, once nobody of its tree lives; others are untouched.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;

my $spool = scratch() . '/spool';
my $w = lone_worker("worker.spool=$spool", 'worker.grace=500ms');
my $d = dial_worker($w, 'ABCDEFGH');
# up: all of it is there
my $tree = q{execute cmd 'trap "" TERM; (trap "" TERM; while :; do sleep 0.1; done) & setsid sh -c "trap \"\" TERM; echo up; while :; do sleep 0.1; done" & while :; do sleep 0.1; done'};

sub monitor_of
{
    my ($jid) = @_;
    my ($pid) = slurp("$spool/jobs/$jid") =~ /^start (\d+)$/m;
    return $pid;
}

# a stranger with nearly the same in its environment
my $stranger = fork;
if (!$stranger) {
    %ENV = (%ENV, MUSTER_JOB => 'ABCDEFGH-1', MUSTER_WORKER => 'OTHER234',
        MUSTER_HOST => lone_host() . 'x');
    exec 'sleep', '1000' or POSIX::_exit(1);
}

END { CORE::kill 'KILL', $stranger if $stranger }

# -- the monitor alone, while its worker lives
my $jid = $d->run($tree);
$d->says($jid, qr/up/);
CORE::kill 'KILL', monitor_of($jid);
my $exit = $d->ended($jid);
is "@$exit{qw(rc state reason why)}", '- 3 lost its monitor was killed',
    'a monitor killed: lost, and why';
is_deeply [in_job($jid)], [], 'nobody of its tree lives';
ok eventually { !-e "$spool/jobs/$jid" }, 'and its file is gone';

# -- the worker, and then the monitor
my @jids = map { $d->run($tree) } 1 .. 2;
$d->says($_, qr/up/) for @jids;
$w->kill;
CORE::kill 'KILL', monitor_of($jids[0]);
ok eventually { in_job($jids[0]) <= 4 }, 'what is left of it has nobody';
ok eventually { scalar in_job($jids[0]) }, 'and lives on';
$w->restart;
$d = $d->redial($w);
my $have = $d->list;
is_deeply [sort keys %$have], [@jids], 'the worker knows both';
$d->send("resume $_ " . ($d->{jobs}{$_}{seq} || 0)) for @jids;
$exit = $d->ended($jids[0]);
is "@$exit{qw(rc state reason why)}", '- 3 lost its monitor was killed',
    'lost, and why';
is_deeply [in_job($jids[0])], [], 'nobody of its tree lives';
ok in_job($jids[1]) >= 3, 'the other one is untouched';
ok CORE::kill(0, $stranger), 'and so is a stranger';

# -- a monitor that was adopted
CORE::kill 'KILL', monitor_of($jids[1]);
$exit = $d->ended($jids[1]);
is "@$exit{qw(rc state reason)}", '- 3 lost', 'an adopted one: lost, too';
is_deeply [in_job($jids[1])], [], 'wholly';

# -- told before it is sent, told again after a restart
$d->{forgets} = 1;
$jid = $d->run($tree);
$d->says($jid, qr/up/);
CORE::kill 'KILL', monitor_of($jid);
$d->ended($jid);
$w->kill;
$w->restart;
my $again = dial_worker($w, 'ABCDEFGH');
$again->{count} = $d->{count};
$again->send("resume $jid 0");
$exit = $again->ended($jid);
is "@$exit{qw(state reason)}", '3 lost', 'a restart later it is the same';
is $again->{jobs}{$jid}{seq}, $d->{jobs}{$jid}{seq}, 'in the same place';

# -- one spool, one worker
my ($rc, undef, $err) = run_program(program('muster-worker'), '-c',
    $w->{conf}, '-o', "worker.spool=$spool", '-o', 'worker.plugins=off',
    '-o', 'worker.bind=127.0.0.1:0');
isnt $rc, 0, 'a second worker on a spool does not start';
like $err, qr/worker\.spool \Q$spool\E: another worker has it/, 'and says why';

# -- told to leave, it goes at once, and its jobs go on
$jid = $again->run($tree);
$again->says($jid, qr/up/);
$w->signal('USR1');
ok eventually { $w->ended }, 'SIGUSR1: the worker goes';
is $w->{status}, 0, 'well';
ok in_job($jid) >= 3, 'its job goes on';
$w->restart;
$again = $again->redial($w);
$again->send("cancel $jid");
$again->send("resume $jid $again->{jobs}{$jid}{seq}");
is $again->ended($jid)->{reason}, 'cancelled', 'the next one can end it';
is_deeply [in_job($jid)], [], 'wholly';
CORE::kill 'KILL', $stranger;
waitpid $stranger, 0;
finish();
