# Whoever is killed, no process of a job stays: the worker (its monitors end
# the trees), a monitor (the worker does, and tells the truth: lost).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

my $tree = q{execute cmd 'trap "" TERM; (trap "" TERM; while :; do sleep 0.1; done) & setsid sh -c "trap \\"\\" TERM; echo up; while :; do sleep 0.1; done" & while :; do sleep 0.1; done'};

my $w = lone_worker();
my $d = dial_worker($w, 'ABCDEFGH');

# a monitor
my @jids = map { $d->run($tree) } 1 .. 3;
$d->says($_, qr/up/) for @jids;
my $group_of = sub {
    my ($jid) = @_;
    my ($pid) = in_job($jid);
    return slurp("/proc/$pid/cgroup") =~ m{^0::(/.*$jid)$}m ? $1 : '';
};
my @groups = map { $group_of->($_) } @jids;
for my $jid (@jids[0, 1]) {
    my %parents = map {
        slurp("/proc/$_/stat") =~ /^\d+ \(.*\) \S (\d+)/s ? ($1 => 1) : ()
    } in_job($jid);
    my ($monitor) = grep { $parents{$_} } keys %{children_of($w->{pid})};
    CORE::kill 'KILL', $monitor;
}
for my $jid (@jids[0, 1]) {
    my $exit = $d->ended($jid);
    is "@$exit{qw(rc state reason)}", '- 3 lost', 'its monitor killed: lost';
    is_deeply [in_job($jid)], [], 'nobody of its tree lives';
}
ok in_job($jids[2]) >= 3, 'the job of another monitor is untouched';
my $jid = $d->run('execute cmd true');
is $d->ended($jid)->{rc}, 0, 'the worker goes on';

# the worker
my $last = $jids[2];
my $begun = time;
$w->kill;
ok eventually { !in_job($last) }, 'the worker killed: its tree is ended';
# at most a second of grace, and what a busy machine takes to get there
cmp_ok time - $begun, '<', deadline(20), 'soon';
SKIP: {
    skip 'no cgroups here', 1 unless $groups[0];
    my @dirs = map { ("/sys/fs/cgroup$_", "/sys/fs/cgroup/unified$_") }
        @groups;
    my $gone = eventually { !grep { -d } @dirs };
    ok $gone, 'no group stays';
}

# even if the job closed its pipes, and all of it stands still
$w = lone_worker();
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(
    q{execute cmd 'echo up; exec >&- 2>&-; trap "" TERM HUP; sleep 1000 & kill -STOP $$'});
$d->says($jid, qr/up/);
$w->kill;
ok eventually { !in_job($jid) }, 'one without pipes is ended, too';
finish();
