# 50 clients want one lock, over HTTP, while their sessions expire and are
# destroyed, and musterd is killed and started again: never two of them hold
# it, and never is it stuck. t/lib/Lockers.pm says what is looked at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lockers;
use Muster;
use MusterConsul;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd');
my $rounds = $ENV{MUSTER_TEST_CRASHES} || 6;
my $seed = $ENV{MUSTER_TEST_SEED} || time;
srand $seed;
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/db',
    '-o', 'consul.session_ttl_min=100ms');

# Who is alive has to do something now and then within twice this: long enough
# for all of them on a machine that does much else.
my $began = time;
call($reg, 'GET', '/v1/status/leader') for 1 .. 50;
my $ttl = 300 + int 4000 * (time - $began);
my $l = Lockers->new(reg => $reg, count => 50, ttl => "${ttl}ms", work => 12);
my $patience = time + deadline(60);
for my $round (1 .. $rounds) {
    for (1 .. 4) {
        $l->run(0.15 + rand 0.2);
        # (so much is seen of it as is to be seen, however slowly)
        $l->run(0.1) until time > $patience ||
            $l->{acquired} > 5 * $round && ($round < $rounds || $l->{gone});
        $l->destroy_one;
    }
    $reg->kill;
    $reg->restart;
}
is_deeply [$l->wrong], [], "never two holders in $rounds crashes, seed $seed";
cmp_ok $l->{acquired}, '>', 5 * $rounds, 'the lock was held often';
cmp_ok $l->{ended}, '>', $rounds, 'sessions were destroyed';
cmp_ok $l->{gone}, '>', 0, 'and left to expire';
diag "$l->{acquired} acquired, $l->{lost} lost, $l->{ended} destroyed, "
    . "$l->{gone} abandoned, " . @{$l->{done}} . ' guarded'
    if $ENV{MUSTER_TEST_SEED};

# from here on nothing goes wrong but what clients leave behind: each of them
# gets it
$l->last_turn;
my $end = time + deadline(60);
$l->run(0.1) until $l->least >= 1 || time > $end;
cmp_ok $l->least, '>=', 1, 'nobody is stuck';
is_deeply [$l->wrong], [], 'and there was one holder at a time';
finish();
