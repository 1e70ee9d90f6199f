# A filtered watcher hears of changes that touch its selection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
my $w = $reg->dial('event');
is $w->line, 'READY', 'ready';
$w->send("kind web .filter 1\n");
is $w->line, 'READY 1', 'and filtered, as of a revision';
my $b = $reg->register('b kind db');
$b->send("x 1\n");
is $b->line, 'ok 3', 'others come and change';
$a->send("x 1\n");
is $a->line, 'ok 4', 'one of its own changes';
is $w->line, '00000004', 'this it hears of first';
$b->send("kind web\n");
is $w->line, '00000005', 'one comes into its selection';
$b->send("kind db\n");
is $w->line, '00000006', 'and leaves it';
$a->close;
is $w->line, '00000007', 'and one goes';
finish();
