# The registry dies with thousands of workers on it and comes back: all of them
# connect and register anew at once. What they say has not changed, so nobody
# is told of anything; find answers throughout; those that do not come back
# expire after one grace period, and not before.
#
# How long a find takes in the storm is compared with how long it takes before
# it, in this run (t/unit/test_backoff.c counts how arrivals spread).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterCrowd;
use Test::More;
use Time::HiRes qw(time sleep);

my $slow = $ENV{MUSTER_TEST_SLOW} || 1;
my $n = MusterCrowd->size($ENV{MUSTER_STORM} || ($slow > 1 ? 1500 : 5000));
my $gone = 40;
my $ttl = 6;    # seconds, of those that do not come back

my $db = scratch() . '/registry.db';
my $reg = registry('-o', "registry.store=sqlite:$db",
    '-o', 'limits.connections=15000');

sub worker_line
{
    my ($i) = @_;
    return "w$i kind worker host h$i role web persist 1 .ttl 3600 .replace 1"
        . " .ack 1\n";
}

# Everyone on a connection of his own, at once; the connections
sub register_all
{
    my $crowd = MusterCrowd->new($reg->address('new'), $n);
    $crowd->send(\&worker_line);
    ok $crowd->pump(sub { $crowd->with_lines(1) == $n }, 120),
        "$n workers are answered";
    my @bad = grep { $_ !~ /^ok \d+\n$/ } map { $_->{in} }
        @{$crowd->{members}};
    is scalar(@bad), 0, 'and accepted' or diag($bad[0]);
    return $crowd;
}

# Another process, which asks again and again until it is told to end: how long
# each answer took, in ms
sub ask_meanwhile
{
    my ($what) = @_;
    my $file = scratch() . '/times';
    my $stop = scratch() . '/stop';
    unlink $stop, $file;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        my $c = $reg->dial('find');
        my @times;
        until (-e $stop && @times >= 300) {
            my $from = time;
            $c->send("host h7 kind worker .keep 1\n");
            my @answer = $c->until(qr/^\.end /);
            push @times, (time - $from) * 1000;
            push @times, -1 unless @answer == 2 && $answer[0] =~ /^w7 /;
            sleep 0.001;
        }
        spew($file, "@times\n");
        POSIX::_exit(0);
    }
    $what->();
    spew($stop, '');
    waitpid $pid, 0;
    return sort { $a <=> $b } split ' ', slurp($file);
}

sub p99 { return $_[$#_ * 0.99] }
sub names { return join ' ', sort $reg->find("$_[0] .names 1") }

my $workers = register_all();
my $names = names('kind worker');
my $watch = $reg->dial('event');
$watch->line;
$watch->send("kind= worker,temporary .detail 1\n");
my ($revision) = $watch->line =~ /READY (\d+)/;
my @quiet = ask_meanwhile(sub { });

# so late that their time is not up before the kill
my $temporary = $reg->dial('new');
for my $i (1 .. $gone) {
    $temporary->send(($i > 1 ? '.new ' : '')
        . "gone$i kind temporary persist 1 .ttl $ttl .ack 1\n");
}
is_deeply [grep { !/^ok/ } $temporary->lines($gone)], [],
    "$gone that will not come back";
$reg->kill;
$_->close for $workers, $temporary;
my $up = time;
$reg->restart;
is names('kind worker'), $names, 'after a kill all are there';
$watch = $reg->dial('event');
$watch->line;
$watch->send("kind= worker,temporary .detail 1 .since $revision\n");
like $watch->line, qr/^READY \d+/, 'one who watches resumes';
like $watch->line, qr/^! \d+/, 'and is told to look again';

my @storm = ask_meanwhile(sub { $workers = register_all() });
note sprintf 'find: %d quiet, p99 %.2f ms; %d in the storm of %d, p99 %.2f ms, '
    . 'longest %.2f ms', scalar @quiet, p99(@quiet), scalar @storm, $n,
    p99(@storm), $storm[-1];
cmp_ok $storm[0], '>', 0, 'find always answered, rightly';
my $base = p99(@quiet) > 1 ? p99(@quiet) : 1;
cmp_ok p99(@storm), '<', 200 * $base * $slow,
    'and in bounded time, by the 99th percentile';

# -- who is told of what -------------------------------------------------------

my %left;
my ($first, $last);
eventually {
    while (keys %left < $gone && defined(my $line = $watch->line(1))) {
        my ($sign, $name) = $line =~ /^([-+=!]) \d+(?: (\S+))?/;
        $left{"$sign " . ($name || '')}++;
        $first ||= time;
        $last = time;
    }
    return keys %left >= $gone;
};
is_deeply [sort keys %left], [sort map { "- gone$_" } 1 .. $gone],
    'those that did not come back expire, once, and nobody else';
note sprintf 'with a ttl of %d s they left %.2f to %.2f s after the start', $ttl,
    $first - $up, $last - $up;
cmp_ok $first - $up, '>=', $ttl,
    'not before the grace period is over';
my $probe = $reg->register('probe kind worker');
like $watch->line, qr/^\+ \d+ probe kind worker$/,
    'nothing was told of who came back unchanged';
$probe->close;
like $watch->line, qr/^- \d+ probe /, 'and what leaves is told of';
is names('kind worker'), $names, 'all are there';
like +($reg->find('.name w7 .meta 1'))[0],
    qr/ \.seen \d+ \.ttl 3600 \.expires \d+ \.persist 1$/, 'with their time';
$workers->close;
is names('kind worker'), $names, 'and stay when their connections end';
finish();
