# The same as crash.t while each write to the disk fails, from some moment on,
# or for a moment: what was refused is not there after the next start.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Crash;
use Muster;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'no prlimit (util-linux)'
    if system('prlimit --version >/dev/null 2>&1');

my $rounds = $ENV{MUSTER_TEST_CRASHES} || 40;
my $seed = $ENV{MUSTER_TEST_SEED} || time;
srand $seed;
my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');

sub limit
{
    my ($bytes) = @_;
    system('prlimit', "--pid=$reg->{pid}", "--fsize=$bytes:unlimited") == 0
        or die "prlimit: $?";
    return;
}

my $crash = Crash->new(registry => $reg, ahead => 1, may_fail => 1,
    during => sub {
        my ($c) = @_;
        return if rand() < 0.3;
        limit(int rand 2 ? 0 : 4096 + int rand 100000);
        $c->pump(time + rand 0.02);
        limit('unlimited') if rand() < 0.5;
    });
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
