# .names gives names only, .count their number.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my @held = map { $reg->register($_) } 'a kind web', 'b kind web x 1', 'c';
is_deeply [$reg->find('.names 1')], ['a', 'b', 'c'], 'all names';
is_deeply [$reg->find('kind web .names 1')], ['a', 'b'], 'some';
is_deeply [$reg->find('kind web .names 0')], ['a kind web', 'b kind web x 1'],
    '.names 0 is none';
is_deeply [$reg->find('.count 1')], ['3'], 'their number';
is_deeply [$reg->find('kind web .count 1')], ['2'], 'of some';
is_deeply [$reg->find('kind no .count 1')], ['0'], 'of none';
finish();
