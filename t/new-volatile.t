# A change of a .volatile attribute is no event and no revision.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web load 1 .volatile load,free');
my $watch = $reg->dial('event');
is $watch->line, 'READY', 'a watcher';
my $detail = $reg->dial('event');
$detail->line;
$detail->send("kind web .detail 1\n");
is $detail->line, 'READY 1', 'and one of details';

$c->send("load 2\n");
is $c->line, 'ok 1', 'a volatile change keeps the revision';
is_deeply [$reg->find('load 2')], ['a kind web load 2'], 'it is found by';
is_deeply [$reg->find('load> 1')], ['a kind web load 2'], 'and compared';
is_deeply [$reg->find('load 1')], [], 'as it is now';
$c->send("free 5\n");
is $c->line, 'ok 1', 'a first value is volatile, too';
is_deeply [$reg->find('free 5')], ['a kind web load 2 free 5'], 'and found';
$c->send("load 3 role x\n");
is $c->line, 'ok 2', 'with another attribute it is a change';
is $watch->line, '00000002', 'of which watchers are told, the first of all';
is $detail->line, '= 2 a kind web load 3 free 5 role x', 'in full';
finish();
