# The same as crash.t on a small disk that is full, from some moment on, or for
# a moment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Muster;
use SmallDisk;
use Test::More;
use Time::HiRes qw(time);

my $disk = SmallDisk->new(2048) or plan skip_all => SmallDisk::why();
my $rounds = $ENV{MUSTER_TEST_CRASHES} || 40;
my $seed = $ENV{MUSTER_TEST_SEED} || time;
srand $seed;
my $reg = registry('-o', "registry.store=sqlite:$disk->{path}/db");
my $crash = Crash->new(registry => $reg, ahead => 1, may_fail => 1,
    during => sub {
        my ($c) = @_;
        return if rand() < 0.3;
        $disk->fill(int rand 20000);
        $c->pump(time + rand 0.02);
        $disk->free if rand() < 0.5;
    },
    before => sub { $disk->free });
$crash->round for 1 .. $rounds;
# a machine that does much else gets less far in each
for (1 .. 10 * $rounds) {
    last if $crash->{acked} > $rounds && $crash->{refused} > $rounds;
    $crash->round;
}
is_deeply [$crash->wrong], [], "$rounds crashes, seed $seed";
cmp_ok $crash->{acked}, '>', $rounds, 'changes were acknowledged';
cmp_ok $crash->{refused}, '>', $rounds, 'and refused';
finish();
