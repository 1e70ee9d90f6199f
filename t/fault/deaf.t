# Clients that never read, on every port, cost a bounded amount and nobody else
# anything: memory is compared with twice as many of them, time with the time
# before they came.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Pace;
use Swarm;
use Test::More;

my @limits = map { ('-o', $_) } 'limits.output=64K', 'registry.watch_queue=64K',
    'limits.stalled=0', 'log.level=warn';
my $reg = registry(@limits, '-o', 'registry.changes_size=1M');
my $feed = $reg->dial('new');
$feed->send(join '', "s0 kind many .ack 1\n",
    map { ".new s$_ kind many text " . 'x' x 500 . "\n" } 1 .. 1999);
is scalar($feed->lines(2000)), 2000, 'a megabyte of services';

# queries, details, and acknowledgements and errors that nobody takes
my %deaf = (
    find => ".keep 1\n" . "kind many\n" x 200,
    event => ".detail 1 .since 0\n",
    new => "deafNAME kind deaf .ack 1\n" . "n 1\n" x 30000 . "odd\n" x 30000,
);
my $pace = Pace->new($reg);
my $swarm = Swarm->new;
my $number = 0;
my %grown;
for my $face (sort keys %deaf) {
    my $last = $reg->memory;
    for my $part (1 .. 3) {
        for (1 .. 10) {
            my $c = $swarm->dial($reg->address($face), deaf => 1);
            $number++;
            $swarm->say($c, $deaf{$face} =~ s/NAME/$number/r);
        }
        $pace->unhurt("with deaf clients of port $face", sub {
            $swarm->pump(0);
            $feed->send("n 1 text " . 'y' x 500 . "\n");
            $feed->line;
        });
        push @{$grown{$face}}, $reg->memory - $last;
        $last = $reg->memory;
    }
    # the first ten fill what all share; the others cost a queue each
    my $more = $grown{$face}[1] + $grown{$face}[2];
    cmp_ok $more, '<', 20 * 512 * ($ENV{MUSTER_TEST_SLOW} || 1),
        "port $face: $more KiB for twenty more";
}
$swarm->drop($_, 1) for $swarm->clients;
is_deeply [$reg->find('kind many .count 1')], [2000], 'nothing is lost';

# -- a follower of a job who does not read --------------------------------------

SKIP: {
    skip 'no dispatcher or worker', 5 unless
        Muster::have_program('muster-dispatch')
            && Muster::have_program('muster-worker');
    my $work = worker($reg, 'w1', '-o', 'worker.slots=4');
    my $dispatch = dispatcher($reg, @limits[0, 1], '-o', 'limits.stalled=0',
        '-o', 'dispatcher.window=64K', '-o', 'dispatcher.output=64K');
    eventually { $dispatch->knows(1) };
    my $job = $dispatch->dial('exec');
    $job->send("execute cmd 'head -c 300000 /dev/zero | tr \"\\0\" x | fold -w 99'"
        . " .on all .keep 1\n");
    my ($jid) = $job->line =~ /^submit (\S+)/;
    like +($job->until(qr/^done|^error/))[-1], qr/^done/, 'a job with much output';
    my @size = $dispatch->memory;
    for my $part (1 .. 2) {
        for (1 .. 30) {
            my $c = $swarm->dial($dispatch->address('exec'), deaf => 1);
            $swarm->say($c, "follow $jid .keep 1\n" x 50);
        }
        for (1 .. 20) {
            $swarm->pump(0);
            $job->send("ping .on all .keep 1\n");
            my @life = $job->until(qr/^\.end|^error/);
            @life = $job->until(qr/^\.end|^error/) if @life == 1;
        }
        push @size, $dispatch->memory;
    }
    pass 'others are answered';
    my $more = $size[2] - $size[1];
    cmp_ok $more, '<', 30 * 512 * ($ENV{MUSTER_TEST_SLOW} || 1),
        "port exec: $more KiB for thirty more";
    $swarm->drop($_, 1) for $swarm->clients;
}
finish();
