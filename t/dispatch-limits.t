# .parallel, .per and .fail: how many at once, and when to stop.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my %w = map { my $n = $_; ("h$n" => FakeWorker->new($reg, "h$n",
    slots => 9, attrs => 'rack r' . $n % 3)) } 1 .. 9;
$_->link for values %w;

# Runs the job: whoever is asked is noted, and ends as %$fails says, one after
# the other. Returns its lines, and how many ran at once, in all and in a rack.
sub rollout
{
    my ($request, $fails) = @_;
    my $c = $d->dial('exec');
    my (%running, @lines, $most, $most_in_rack);
    $most = $most_in_rack = 0;
    $c->send("execute cmd x .on kind=worker $request\n");
    while (1) {
        eventually {
            for my $w (values %w) {
                while (defined(my $line = arrived($w->{conn}))) {
                    next unless $line =~ /^run (\S+)/;
                    $running{$w->{host}} = $1;
                    $w->say("ack $1");
                }
            }
            while (defined(my $line = arrived($c))) {
                push @lines, $line;
            }
            my $asked = grep { /^ack/ } @lines;
            my $ended = grep { /^exit \S+ \d/ } @lines;
            return 1 if grep { /^(?:done|error)/ } @lines;
            return %running && $asked - $ended == keys %running;
        } or die "stuck: @lines";
        last if grep { /^(?:done|error)/ } @lines;
        my %rack;
        $rack{substr($_, 1) % 3}++ for keys %running;
        for (values %rack) { $most_in_rack = $_ if $_ > $most_in_rack }
        $most = keys %running if keys %running > $most;
        my ($host) = sort keys %running;
        my $jid = delete $running{$host};
        my $rc = $fails->{$host} || 0;
        my $state = $rc ? 2 : 0;
        $w{$host}->say("exit $jid 1 $rc state $state reason exited");
    }
    return (\@lines, $most, $most_in_rack);
}

# A line that is there by now, or undef
sub arrived
{
    my ($c) = @_;
    1 while $c->fill(0) && $c->{in} !~ /\n/ && IO::Select->new($c->{socket})
        ->can_read(0);
    return $c->{in} =~ s/^(.*)\n// ? $1 : undef;
}

my ($lines, $most, $rack) = rollout('.parallel 4', {});
is $most, 4, '.parallel 4';
like $lines->[-1], qr/ ok 9 failed 0 /, 'all of them';
($lines, $most, $rack) = rollout('.parallel 30%', {});
is $most, 2, '.parallel 30% of 9 is 2';
($lines, $most, $rack) = rollout('.parallel 1%', {});
is $most, 1, '.parallel 1% is one at a time';
($lines, $most, $rack) = rollout('.per rack=1', {});
is $most, 3, '.per rack=1: three racks';
is $rack, 1, 'one in each';
($lines, $most, $rack) = rollout('.per rack=2 .parallel 5', {});
is $most, 5, '.per with .parallel';
is $rack, 2, 'two in a rack';
($lines, $most, $rack) = rollout('.per nothing=2', {});
is $most, 2, '.per of an attribute that nobody has: they share that';

($lines) = rollout('.parallel 1 .fail 0', {h3 => 1});
my $text = join "\n", @$lines;
like $text, qr/^done \S+ state 2 ok 2 failed 1 .* skipped 6 notstarted 6 stopped 1$/m,
    '.fail 0: the first failure stops it';
is scalar(() = $text =~ /^exit \S+ - state 1 reason notstarted$/mg), 6,
    'those that were not tried say so';
($lines) = rollout('.parallel 3 .fail 1', {h1 => 1, h2 => 1, h3 => 1});
like $lines->[-1], qr/ failed [23] .* stopped 1/, '.fail 1: the second one';
($lines) = rollout('.parallel 2 .fail 22%', {h1 => 1, h2 => 7});
like $lines->[-1], qr/ ok \d failed 2 .* stopped 1/, '.fail 22% of 9 is 1';
($lines) = rollout('.fail 100%', {map { ("h$_" => 1) } 1 .. 9});
like $lines->[-1], qr/ failed 9 unreachable 0$/, '.fail 100%: never';
($lines) = rollout('.parallel 2 .fail 2', {h1 => 1, h9 => 1});
like $lines->[-1], qr/ ok 7 failed 2 unreachable 0$/, '.fail 2: two may fail';
finish();
