# With .keep a connection stays, and each answer ends with .end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
my $f = $reg->dial('find');
$f->send("kind web .keep 1\n");
is_deeply [$f->lines(2)], ['a kind web', '.end 1'], 'the first answer';
$f->send("kind db\n");
is $f->line, '.end 1', 'an empty one';
my $b = $reg->register('b kind db');
$f->send("kind db\nkind web\n\n");
is_deeply [$f->lines(7)], ['b kind db', '.end 2', 'a kind web', '.end 2',
    'a kind web', 'b kind db', '.end 2'], 'pipelined ones, in turn';
$f->send("kind\n");
like $f->line, qr/^error: /, 'an error';
$f->send("kind db .count 1\n");
my @rest = $f->until(qr/^\.end/);
@rest = $f->until(qr/^\.end/) if "@rest" eq '.end 2';
is_deeply \@rest, ['1', '.end 2'], 'does not end it';
$f->send("kind web\n");
$f->end;
is $f->bytes, "a kind web\n.end 2\n", 'what was asked before the end is answered';
finish();
