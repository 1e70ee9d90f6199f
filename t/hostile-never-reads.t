# A client that never reads costs a bounded amount, only its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $feed = $reg->dial('new');
$feed->send(join '', "s0 kind many .ack 1\n",
    map { ".new s$_ kind many text " . 'x' x 500 . "\n" } 1 .. 1999);
is scalar($feed->lines(2000)), 2000, 'a megabyte of services';

my $before = $reg->memory;
my @deaf = map { $reg->dial('find') } 1 .. 20;
$_->send(".keep 1\n" . "kind many\n" x 50) for @deaf;
my @watchers = map { $reg->dial('event') } 1 .. 20;
$_->send(".detail 1 .since 0\n") for @watchers;
for my $round (1 .. 20) {
    $feed->send(join '', map { "n $_\n" } 1 .. 100);
    is scalar($feed->lines(100)), 100, 'others are served' if $round % 10 == 0;
    $feed->lines(100) if $round % 10;
}
# 20 readers * 51 MB were asked for
cmp_ok $reg->memory - $before, '<', 120 * 1024 * ($ENV{MUSTER_TEST_SLOW} || 1), 'memory stays bounded';
$_->close for @deaf, @watchers;
is_deeply [$reg->find('kind many .count 1')], ['2000'], 'all is there';
finish();
