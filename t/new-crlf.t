# A CR before the LF is dropped; one elsewhere is text.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->dial('new');
$c->send("a kind web .ack 1\r\n");
like $c->line, qr/^ok 1$/, 'a line that ends in CR LF';
$c->send("role 'x'\r\n");
is $c->line, 'ok 2', 'and an update';
is_deeply [$reg->ask('find', "kind web\r\n")], ['a kind web role x'],
    'and a query';
finish();
