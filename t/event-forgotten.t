# What the registry no longer remembers is said, not guessed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'registry.changes=10');
my $a = $reg->register('a n 0');
$a->send("n $_\n") for 1 .. 99;
$a->lines(99);
my $w = $reg->dial('event');
$w->line;
$w->send(".detail 1 .since 5\n");
is $w->line, 'READY 100', 'ready';
is $w->line, '! 100', 'too far back: find again from there';
my ($first, @rest) = $reg->find('.since 5');
is $first, '.all', 'and find says it tells all';
is_deeply \@rest, ['a n 99'], 'and does';
is_deeply [$reg->find('.since 98')], ['a n 99'], 'a near past is known';
is_deeply [$reg->find('.since 100')], [], 'and the present';
finish();
