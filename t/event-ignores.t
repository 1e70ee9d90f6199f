# A plain watcher may send what it likes; it is ignored.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $w = $reg->dial('event');
is $w->line, 'READY', 'ready';
$w->send("hello there my friend\n\n\x01\x02\xff\nkind\n'unfinished\n");
$w->send("kind web\n");
my $a = $reg->register('a kind db');
is $w->line, '00000001', 'it is told of every change, as before';
$w->send('no line feed');
$a->send("x 1\n");
is $w->line, '00000002', 'and goes on';
$w->end;
ok $w->ends, 'it ends at its end';
finish();
