# Port event says READY, then a line for every change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $w = $reg->dial('event');
is $w->line, 'READY', 'ready';
my $a = $reg->register('a kind web');
is $w->line, '00000001', 'a coming';
$a->send("x 1\n");
$a->line;
is $w->line, '00000002', 'a change';
$a->close;
is $w->line, '00000003', 'a going';
my $c = $reg->dial('new');
$c->close;
my $d = $reg->dial('new');
$d->send("bad/name\n");
$d->rest;
my $e = $reg->register('e');
is $w->line, '00000004',
    'what never had a name comes and goes without a change';
my $late = $reg->dial('event');
is $late->line, 'READY', 'a later watcher is ready';
ok $late->silent, 'and told of nothing that was before';
finish();
