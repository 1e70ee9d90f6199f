# Much output: who reads it live misses nothing, memory is bounded, others are
# not delayed, and what is cut is counted to the byte.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
# the address sanitizer holds freed memory back, unless told otherwise
my %env = (ASAN_OPTIONS => join ':', $ENV{ASAN_OPTIONS} || (),
    'quarantine_size_mb=1');
my $d = dispatcher($reg, {env => \%env}, '-o', 'dispatcher.output=64K');
worker($reg, $_, '-o', 'worker.slots=4', '-o', 'worker.grace=200ms')
    for qw(big small);
ok eventually { $d->knows(2) }, 'it knows its workers';
my $mib = $ENV{MUSTER_TEST_MIB} || 64;
my $line = 'x' x 63;
my $count = $mib * 1024 * 1024 / 64;

# What $c is told of job output: bytes that came, bytes cut, last line
sub drain
{
    my ($c) = @_;
    my ($came, $cut, $last) = (0, 0, '');
    while (defined(my $text = $c->line(60))) {
        if ($text =~ /^out \S+ stdout (.*)/) {
            $came += 1 + length $1;
        } elsif ($text =~ /^cut \S+ stdout (\d+)$/) {
            $cut += $1;
        } else {
            $last = $text;
        }
    }
    return ($came, $cut, $last);
}

# Waits until the job is in that state
sub ended_in
{
    my ($job, $state) = @_;
    return eventually {
        my ($record) = $d->ask('exec', "jobs .name $job\n");
        return $record =~ / state $state /;
    } 60;
}

# attached: everything
my $memory = $d->memory;
my $c = $d->dial('exec');
$c->send("execute cmd 'yes $line | head -n $count' .hosts big\n");
my ($jid) = $c->line =~ /^submit (\S+)/;
my ($came, $cut, $last) = drain($c);
is $came, $count * 64, "all of $mib MiB came";
is $cut, 0, 'nothing was cut';
like $last, qr/^done \S+ state 0 ok 1/, 'done';
my $more = $d->memory - $memory;
cmp_ok $more, '<', 16 * 1024, "memory grew by $more KiB";

# afterwards: head, tail and the count of what is missing
my $f = $d->dial('exec');
$f->send("follow $jid\n");
($came, $cut, $last) = drain($f);
is $came + $cut, $count * 64, 'a later reader is told how much is missing';
cmp_ok $came, '<', 64 * 1024, 'and gets what is stored';
cmp_ok $came, '>', 16 * 1024, 'head and tail';

# nobody attached: the job is not slowed down by that
my ($submit) = $d->ask('exec',
    "execute cmd 'yes $line | head -n $count' .hosts big .detach 1\n");
($jid) = $submit =~ /^submit (\S+)/;
ok ended_in($jid, 0),
    'a detached job runs to its end';
$f = $d->dial('exec');
$f->send("follow $jid\n");
($came, $cut, $last) = drain($f);
is $came + $cut, $count * 64, 'its output is bounded and counted, too';

# one that never reads: its job waits, the other host's goes on
$memory = $d->memory;
my $lazy = $d->dial('exec');
$lazy->send("execute cmd 'yes $line' .hosts big\n");
($jid) = $lazy->line =~ /^submit (\S+)/;
my @slow;
for (1 .. 5) {
    my $begun = time;
    my @lines = $d->ask('exec', "execute cmd 'echo hi' .hosts big,small\n");
    push @slow, time - $begun if time - $begun > deadline(10);
    like "@lines", qr/ ok 2 /, 'others run';
}
is_deeply \@slow, [], 'without delay';
$more = $d->memory - $memory;
cmp_ok $more, '<', 16 * 1024, "a client that never reads: $more KiB";
is_deeply [$d->ask('exec', "cancel $jid\n")], ['ok'], 'its job is cancelled';
ok ended_in($jid, 2),
    'and ends';
my ($rest, undef, $end) = drain($lazy);
cmp_ok $rest, '>', 16 * 1024, 'what is stored can still be read';
like $end, qr/^done \S+ state 2 .* cancelled 1$/, 'to the end';

# a flood in the same job does not hold the other host's output back
$c = $d->dial('exec');
$c->send("execute cmd 'if [ \$MUSTER_HOST = big ]; then yes $line; fi; "
    . "for i in 1 2 3 4 5; do date +%s.%N; sleep 0.1; done' .on all\n");
($jid) = $c->line =~ /^submit (\S+)/;
my ($worst, $seen) = (0, 0);
while ($seen < 5 && defined(my $text = $c->line)) {
    next unless $text =~ /^out small stdout (\S+)/;
    my $late = time - $1;
    $worst = $late if $late > $worst;
    $seen++;
}
is $seen, 5, 'the small one is heard';
cmp_ok $worst, '<', deadline(5), "at most $worst s late";
$d->ask('exec', "cancel $jid\n");
drain($c);

# a client that goes away: the job goes on, unpaced
$c = $d->dial('exec');
$c->send("execute cmd 'yes $line | head -n 100000; echo end' .hosts big\n");
($jid) = $c->line =~ /^submit (\S+)/;
$c->reset;
ok ended_in($jid, 0),
    'the job of a client that went away ends well';
my @life = $d->ask('exec', "follow $jid\n");
ok grep({ $_ eq 'out big stdout end' } @life), 'its tail is there';
is scalar(grep({ /^cut/ } @life)), 1, 'one cut';
finish();
