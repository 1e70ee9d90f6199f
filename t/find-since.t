# .since tells what changed after a revision, and what is gone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
my $b = $reg->register('b kind web');
my $c = $reg->register('c kind db');
is_deeply [$reg->find('.since 3')], [], 'nothing since now';
is_deeply [$reg->find('.since 1')], ['b kind web', 'c kind db'], 'two came';
is_deeply [$reg->find('kind web .since 1')], ['b kind web'], 'one selected';
$a->send("role x\n");
is $a->line, 'ok 4', 'a change';
is_deeply [$reg->find('.since 3')], ['a kind web role x'], 'is told';
$b->close;
ok eventually { grep { $_ eq '.gone b' } $reg->find('.since 4') }, 'a going';
is_deeply [sort $reg->find('kind web .since 3')],
    ['.gone b', 'a kind web role x'], 'both';
$a->send("kind db\n");
is $a->line, 'ok 6', 'it leaves the selection';
is_deeply [$reg->find('kind web .since 5')], ['.gone a'],
    'which is gone from there';

my $k = $reg->dial('find');
$k->send(".since 0 .keep 1\n");
my @all = $k->until(qr/^\.end/);
is $all[-1], '.end 6', 'with .keep comes where to go on from';
shift @all if $all[0] eq '.all';
is_deeply [sort grep { !/^\./ } @all], ['a kind db role x', 'c kind db'],
    'since the beginning is everything';
my ($first, @rest) = $reg->find('.since 999999');
is $first, '.all', 'a revision of another life is not known';
is_deeply [sort @rest], ['a kind db role x', 'c kind db'], 'so all follows';
finish();
