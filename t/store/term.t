# musterd is told to end in the middle of much: what it acknowledged is there
# after the next start, and so is what anyone was told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Muster;
use Test::More;

my $seed = $ENV{MUSTER_TEST_SEED} || time;
srand $seed;
my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');
my $crash = Crash->new(registry => $reg, gently => 1);
$crash->round for 1 .. 20;
is_deeply [$crash->wrong], [], "20 ends, seed $seed";
cmp_ok $crash->{acked}, '>', 100, 'much was acknowledged';
finish();
