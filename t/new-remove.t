# .remove takes a service away: one's own, or a persistent one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web');
$c->send(".new b\n");
$c->line;
$c->send(".remove b\n");
is $c->line, 'ok 3', 'one of this connection';
is_deeply [$reg->find('.names 1')], ['a'], 'is gone';

my $p = $reg->register('p persist 1');
$p->close;
$c->send(".remove p\n");
is $c->line, 'ok 5', 'a persistent one';
is_deeply [$reg->find('.names 1')], ['a'], 'is gone';

my $theirs = $reg->register('t');
$c->send(".remove t\n");
like $c->line, qr/^error: /, "not one that is another connection's";
$c->send(".remove nobody\n");
like $c->line, qr/^error: /, 'not one that is not there';
is_deeply [$reg->find('.names 1')], ['a', 't'], 'all as it was';

$c->send(".remove a\n");
is $c->line, 'ok 7', 'its first one';
is_deeply [$reg->find('.names 1')], ['t'], 'is gone';
$c->send(".new again kind web\n");
is $c->line, 'ok 8', 'and the connection is still good for another';
finish();
