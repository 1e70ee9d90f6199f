# A slow reader of details is told that it missed some.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $w = $reg->dial('event');
$w->line;
$w->send(".detail 1\n");
is $w->line, 'READY 0', 'ready';
my $c = $reg->register('a text x');
my $text = 'x' x 20000;
# far beyond any socket's buffers
for my $round (1 .. 40) {
    $c->send(join '', map { "n $round.$_ text $text\n" } 1 .. 25);
    $c->lines(25);
}
$c->send("end 1 text y\n");
is $c->line, 'ok 1002', 'a thousand changes of 20 kB';
my @lines = $w->until(qr/^! |end 1/, 20);
my ($gap) = grep { /^! \d+$/ } @lines;
if ($gap) {
    pass 'it is told of a gap';
} else {
    like $lines[-1], qr/^= 1002 /, 'or it missed nothing';
}
my @now = $reg->find;
like $now[0], qr/end 1/, 'and a find tells how things are';
finish();
