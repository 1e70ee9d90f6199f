# musterd is killed 200 times while services that persist are registered,
# changed and removed: t/lib/Crash.pm says what must be true.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Muster;
use Test::More;

my $rounds = $ENV{MUSTER_TEST_CRASHES} || 200;
my $seed = $ENV{MUSTER_TEST_SEED} || time;
srand $seed;
my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');
my $crash = Crash->new(registry => $reg);
$crash->round for 1 .. $rounds;
# a machine that does much else gets less far in each
for (1 .. $rounds) {
    last if $crash->{acked} > 5 * $rounds && $crash->{told} > 5 * $rounds
        && $crash->{resumed} > $rounds / 4;
    $crash->round;
}
is_deeply [$crash->wrong], [], "$rounds crashes, seed $seed";
cmp_ok $crash->{acked}, '>', 5 * $rounds, 'much was acknowledged';
cmp_ok $crash->{told}, '>', 5 * $rounds, 'and told';
cmp_ok $crash->{resumed}, '>', $rounds / 4, 'and readers came back';
diag "$crash->{acked} acknowledged, $crash->{refused} refused, "
    . "$crash->{told} told, revision $crash->{top}" if $ENV{MUSTER_TEST_SEED};
finish();
