# The watch storm: thousands of readers of A and a fleet that changes B all the
# time. Who watches A wakes for A only, B costs what it costs without them, a
# reader that never reads costs a bounded amount and is told of a gap, nobody
# else waits for it, and after a start from an older state everyone is told to
# look again and finds what is true.
#
# Nothing here has to be done in so many seconds: what is compared are counts,
# bytes, and processor time of one part of this run with that of another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Muster;
use MusterCrowd;
use Test::More;
use Time::HiRes qw(time);

my $slow = $ENV{MUSTER_TEST_SLOW} || 1;
my $n = MusterCrowd->size($ENV{MUSTER_STORM} || ($slow > 1 ? 500 : 2000));
my $rounds = 20;
my $burst = 100;                       # changes of B for one of A

my $db = scratch() . '/registry.db';
my $reg = registry('-o', "registry.store=sqlite:$db",
    '-o', 'registry.changes=400', '-o', 'limits.connections=15000');

# seconds of processor time that it has had
sub cpu
{
    my ($ns) = split ' ', slurp("/proc/$reg->{pid}/schedstat");
    return $ns / 1e9;
}

my ($ca, $cb);    # who changes them
my (@a_revisions, $last);

sub change
{
    my ($who, @lines) = @_;
    $who->send(join '', map { "$_\n" } @lines);
    my @answers = $who->lines(scalar @lines, 60);
    is_ok(\@answers) or die "changes were refused: @answers";
    ($last) = $answers[-1] =~ /(\d+)/;
    return;
}

sub is_ok { return !grep { !/^ok \d+$/ } @{$_[0]} }

sub change_a
{
    change($ca, "n a$_[0]");
    push @a_revisions, $last;
    return;
}

# One after the other, so that each has a turn of the loop for itself
sub change_b
{
    change($cb, "n b$_[0].$_") for 1 .. $burst;
    return;
}

sub register
{
    $ca = $reg->register('a kind A role x persist 1 .replace 1');
    $cb = $reg->register('b kind B text ' . 'x' x 1000);
    return;
}

# What B's changes cost while nobody watches
register();
change_b("warm$_") for 1 .. 3;
my $began = cpu();
change_b("quiet$_") for 1 .. $rounds;
my $quiet = cpu() - $began;

# Some want versions, of one selector; some details, of one selector; most have
# a selector of their own.
my $crowd = MusterCrowd->new($reg->address('event'), $n);
my $some = int($n / 6);
$crowd->send(sub {
    my ($i) = @_;
    return $i < $some ? "kind A role x .filter 1\n"
        : $i < 2 * $some ? "role x kind A .detail 1\n"
        : "kind A n! i$i .detail 1\n";
});
my $selectors = 2 + $n - 2 * $some;
# who never reads is told of everything
my $deaf = MusterCrowd->new($reg->address('event'), 0);
$deaf->member($deaf->join(receive => 4096))->{deaf} = 1;
$deaf->send(".detail 1\n");
$deaf->pump(sub { !length $deaf->member(0)->{out} });
ok $crowd->pump(sub { $crowd->with_lines(2) == $n }), "$n readers are there";
$crowd->lines($_) for 0 .. $n - 1;

# One change of A alone, then with B's before it: who is told what, and when
my (@quiet_ms, @storm_ms, %told, $strays);

sub told_of_a
{
    my ($ms) = @_;
    my $from = time;
    my $all = $crowd->pump(sub { $crowd->with_lines(1) == $n });
    push @$ms, (time - $from) * 1000;
    return $all;
}

sub take_lines
{
    my %of_a = map { $_ => 1 } @a_revisions;
    for my $i (0 .. $n - 1) {
        for my $line ($crowd->lines($i)) {
            my ($revision) = $line =~ /^(?:[+=] )?0*(\d+)/;
            push @{$told{$i}}, $revision;
            next if $revision && $of_a{$revision};
            diag("reader $i was told: $line") unless $strays++;
        }
    }
    return;
}

my $all = 0;
for my $round (1 .. 5) {
    change_a("quiet$round");
    $all += told_of_a(\@quiet_ms);
    take_lines();
}
is $all, 5, 'a change of A is told to all of them';
my ($storm, @memory) = (0);
$all = 0;
for my $round (1 .. $rounds) {
    $began = cpu();
    change_b("storm$round");
    $storm += cpu() - $began;
    change_a("storm$round");
    $all += told_of_a(\@storm_ms);
    take_lines();
    push @memory, $reg->memory;
}
is $all, $rounds, 'and in the storm, too';
is $strays || 0, 0, 'nobody was told of anything but A';
my @short = grep { "@{$told{$_}}" ne "@a_revisions" } $some .. $n - 1;
is scalar(@short), 0, 'everyone of details was told of each change, once';
my @late = grep { $told{$_}[-1] != $a_revisions[-1] } 0 .. $some - 1;
is scalar(@late), 0, 'everyone of versions was told of the last';

my $ratio = $storm / $quiet;
note sprintf '%d changes of B cost %.1f ms of processor time without readers, '
    . '%.1f ms with %d readers and %d selectors: %.2f times as much',
    $rounds * $burst, 1000 * $quiet, 1000 * $storm, $n, $selectors, $ratio;
# looking at every reader, or at every selector, would be far beyond this
cmp_ok $ratio, '<', 2.5, "who watches A makes B's changes hardly dearer";

sub median { my @s = sort { $a <=> $b } @_; return $s[@s / 2] }
note sprintf 'A told to all in %.0f ms (median), in the storm in %.0f ms',
    median(@quiet_ms), median(@storm_ms);

# -- the one that never reads --------------------------------------------------

# far beyond its socket, its queue, and twice what is kept of changes
for my $round (1 .. 20) {
    change($cb, map { "n $round.$_ big " . 'y' x 20000 } 1 .. 50);
    push @memory, $reg->memory;
}
note sprintf 'resident: %.1f MiB after %d rounds, %.1f MiB after %d; '
    . '%.1f MiB in the midst of 20 MB of changes, %.1f MiB at their end',
    map { $memory[$_ - 1] / 1024, $_ <= $rounds ? $_ : () }
    $rounds / 2, $rounds, $rounds + 10, $rounds + 20;
cmp_ok $memory[$rounds - 1] - $memory[$rounds / 2 - 1], '<', 4096 * $slow,
    'the storm makes nothing grow';
cmp_ok $memory[-1] - $memory[$rounds + 9], '<', 4096 * $slow,
    'nor does what is not read';
my ($seen, $gap, $end);
$deaf->member(0)->{deaf} = 0;
change_a('.deaf');
$deaf->pump(sub {
    for my $line ($deaf->lines(0)) {
        $gap = $1 if $line =~ /^! (\d+)/;
        ($seen) = $line =~ /^= (\d+)/ unless $gap;
        $end = 1 if $line =~ /^= $last a /;
    }
    return $end || ($gap && $gap >= $last);
});
ok $gap, 'it is told of a gap' or diag("it saw up to $seen of $last");
cmp_ok $gap || 0, '<=', $last, 'with the revision from which it may go on';
$crowd->pump(sub { $crowd->with_lines(1) == $n });
take_lines();

# -- from an older state -------------------------------------------------------

$reg->stop;
copy($db, "$db.old") or die "$db: $!";
$reg->restart;
register();
change($ca, 'role y late yes');
my $before = $last;
$reg->stop;
unlink glob "$db*-wal $db*-shm";
rename "$db.old", $db or die "$db: $!";
$_->close for $crowd, $deaf;
$reg->restart;

$crowd = MusterCrowd->new($reg->address('event'), $n);
$crowd->send("kind A .detail 1 .since $before\n");
ok $crowd->pump(sub { $crowd->with_lines(3) == $n }),
    'everyone comes back, and is told at once how it stands';
my (%answers, $resync);
for my $i (0 .. $n - 1) {
    my ($greeting, $ready, $gap) = $crowd->lines($i);
    my ($now) = $ready =~ /^READY (\d+)$/;
    $resync++ if defined $now && $gap eq "! $now";
    $answers{"$greeting, $ready, $gap"}++;
}
is $resync, $n, 'to look again'
    or diag(map { "$answers{$_} times $_\n" } sort keys %answers);
like +($reg->find('kind A'))[0], qr/^a kind A role x persist 1 n a/,
    'what is found is the older state';
is_deeply [$reg->find('late yes')], [], 'and nothing newer';
my ($ready) = (keys %answers)[0] =~ /READY (\d+)/;
register();
change_a('.after');
cmp_ok $last, '>', $ready, 'revisions go on from there';
my $of_last = sub { $_[0] =~ /^= $last a kind A .* n a\.after$/m };
ok $crowd->pump(sub {
    return !grep { !$of_last->($_->{in}) } @{$crowd->{members}};
}), 'and nobody misses a later change';
$crowd->close;
finish();
