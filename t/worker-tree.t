# A stubborn tree: a child that ignores TERM, a double-forked daemon with a
# session of its own that holds the pipe, a grandchild that goes on writing.
# Cancelled, timed out, idle or left behind, all of it is gone when the grace is
# over, and only then the end is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

my $grace = 0.5;
my $w = lone_worker('worker.grace=500ms');
my $d = dial_worker($w, 'ABCDEFGH');

# In each role: TERM is ignored, and so is the end of everybody else.
my $stubborn = <<'END' =~ s/\n\s*/ /gr;
use POSIX;
$SIG{TERM} = $SIG{HUP} = $SIG{PIPE} = "IGNORE";
$| = 1;
sub stay { 1 while sleep 1000; }
if (!fork) { stay }
if (!fork) { POSIX::setsid(); if (!fork) { POSIX::setsid(); if (!fork) { stay }
    stay } POSIX::_exit(0) }
if (!fork) { if (!fork) { while (1) { print "tick\n";
    select undef, undef, undef, 0.05 } } stay }
wait;
print "up\n";
END

sub stubborn_tree
{
    my ($end, $directives) = @_;
    my $jid = $d->run('execute argv '
            . quote('perl -e ' . quote($stubborn . $end)) . $directives);
    $d->says($jid, qr/up\n/) or die "it does not start";
    return $jid;
}

# The end of it, after something that happens now
sub gone
{
    my ($jid, $what, $reason, $leftover) = @_;
    my $begun = time + ($reason eq 'timeout');
    my $exit = $d->ended($jid);
    my $took = time - $begun;
    is_deeply [in_job($jid)], [], "$what: nobody is left when the end is told";
    is $exit->{reason}, $reason, "$what: $reason";
    cmp_ok $took, '<', deadline($grace + 10), "$what: soon";
    cmp_ok $exit->{leftover}, '>=', $leftover, "$what: leftovers" if $leftover;
    return $exit;
}

my $jid = stubborn_tree('stay;', '');
ok eventually { (my @all = in_job($jid)) >= 6 }, 'a tree of many';
$d->send("cancel $jid");
my $exit = gone($jid, 'cancel', 'cancelled');
is "@$exit{qw(rc state)}", '- 2', 'a cancelled job has no status';

$jid = stubborn_tree('stay;', ' .timeout 1');
gone($jid, 'timeout', 'timeout');

$jid = stubborn_tree('exit 7;', '');
$exit = gone($jid, 'left behind', 'exited', 3);
is "@$exit{qw(rc state)}", '7 2', 'the status is that of the main process';

# an ordinary one does not need the grace, however long it is
$grace = 60;
$w = lone_worker("worker.grace=${grace}s");
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(q{execute cmd 'sleep 1000 & sleep 1000'});
eventually { in_job($jid) >= 3 };
my $begun = time;
$d->send("cancel $jid");
is $d->ended($jid)->{reason}, 'cancelled', 'who obeys TERM is gone';
cmp_ok time - $begun, '<', deadline($grace), 'before the grace is over';

# nor does one that was about to fork
$begun = time;
for (1 .. 30) {
    $jid = $d->run(q{execute cmd 'sleep 1000; sleep 1000'});
    select undef, undef, undef, 0.0003 * $_;
    $d->send("cancel $jid");
    my $exit = $d->ended($jid);
    fail("cancelled after $exit->{duration} s") if $exit->{reason} ne 'cancelled';
}
cmp_ok time - $begun, '<', deadline(30 * $grace / 4),
    'who is about to fork is gone as quickly';

# a handler has its time
$jid = $d->run(
    q{execute cmd 'trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.01; done'});
$d->says($jid, qr/up/);
$d->send("cancel $jid");
is $d->ended($jid)->{reason}, 'cancelled', 'a handler';
like $d->text($jid, 'stdout'), qr/bye/, 'had its say';

# what the handler starts is not told to end, too
my $note = scratch() . '/note';
$jid = $d->run('execute cmd '
        . quote(qq{trap "perl -e '\\\$SIG{TERM} = sub { exit 1 }; select undef, undef, undef, 0.1' && echo clean > $note; exit" TERM;}
        . ' echo up; while :; do sleep 0.01; done'));
$d->says($jid, qr/up/);
$d->send("cancel $jid");
$d->ended($jid);
is slurp($note), "clean\n", 'and time for what it starts';

# stopped processes hear it, too
$jid = $d->run(q{execute cmd 'trap "echo bye; exit" TERM; echo up; kill -STOP $$'});
$d->says($jid, qr/up/);
$d->send("cancel $jid");
$d->ended($jid);
like $d->text($jid, 'stdout'), qr/bye/, 'one that was stopped';

# who is about to end by himself may
$jid = $d->run(q{execute cmd '(sleep 0.03; echo last) & echo first'});
$exit = $d->ended($jid);
is $d->text($jid, 'stdout'), "first\nlast\n", 'the last words of a child';
ok !exists $exit->{leftover}, 'nobody had to end it';

# output may be closed long before the end
$jid = $d->run(q{execute cmd 'exec >&- 2>&-; sleep 0.3; exit 5'});
$exit = $d->ended($jid);
is $exit->{rc}, 5, 'a job ends with its process, not with its output';
cmp_ok $exit->{duration}, '>=', 0.3, 'and lasts as long';

ok eventually { !grep { $_ ne '' } %{children_of($w->{pid})} },
    'no monitor stays';
finish();
