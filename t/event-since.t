# .since first tells what was, then goes on with no gap.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
my $b = $reg->register('b kind web');
my $w = $reg->dial('event');
$w->line;
$w->send("kind web .detail 1 .since 0\n");
is $w->line, 'READY 2', 'as of now';
is_deeply [sort $w->lines(2)], ['+ 1 a kind web', '+ 2 b kind web'],
    'since 0: everything there is';
my $c = $reg->register('c kind web');
is $w->line, '+ 3 c kind web', 'then live';
$w->close;

$a->send("x 1\n");
$a->line;
$b->close;
ok eventually { !$reg->find('.name b') }, 'things happen meanwhile';
my $v = $reg->dial('event');
$v->line;
$v->send("kind web .detail 1 .since 3\n");
is $v->line, 'READY 5', 'later';
my @missed = $v->lines(2);
is $missed[0], '= 4 a kind web x 1', 'what it missed: a change';
like $missed[1], qr/^- 5 b\b/, 'and a going';
$c->send("x 2\n");
is $v->line, '= 6 c kind web x 2', 'then live';

my $old = $reg->dial('event');
$old->line;
$old->send(".detail 1 .since 999999\n");
is $old->line, 'READY 6', 'from another life';
like $old->line, qr/^! 6$/, 'the registry cannot say what was: find again';
finish();
