# find answers in the order of registration; an empty line selects all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
is_deeply [$reg->find], [], 'nothing registered, an empty answer';
my @held = map { $reg->register($_) } 'z kind web', 'm kind db', 'a kind web';
is_deeply [$reg->find], ['z kind web', 'm kind db', 'a kind web'], 'all';
is_deeply [$reg->find('kind web')], ['z kind web', 'a kind web'], 'some';
$held[0]->close;
ok eventually { $reg->find('kind web') == 1 }, 'the first one goes';
my $again = $reg->register('z kind web');
is_deeply [$reg->find], ['m kind db', 'a kind web', 'z kind web'],
    'and comes back as the last';
$held[1]->send("x 1\n");
$held[1]->line;
is_deeply [$reg->find('.names 1')], ['m', 'a', 'z'],
    'an update keeps the place';
finish();
