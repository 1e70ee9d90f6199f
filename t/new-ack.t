# With .ack every accepted line is answered with its revision.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->dial('new');
$c->send("a kind web\n");
ok eventually { $reg->find }, 'a plain client registers';
ok $c->silent, 'and is told nothing';
$c->send("x 1\n");
ok eventually { $reg->find('x 1') }, 'it updates';
ok $c->silent, 'and is told nothing';
$c->send("x 2 .ack 1\n");
is $c->line, 'ok 3', 'from the line with .ack on it is told';
$c->send("x 3\n");
is $c->line, 'ok 4', 'each revision';
$c->send("x\n");
like $c->line, qr/^error: 'odd attribute\/value pairs'$/,
    'or the error, and no ok with it';
$c->send("x 4\n");
is $c->line, 'ok 5', 'which made no revision';
$c->send("\n");
is $c->line, 'ok 5', 'an empty line is accepted, and changes nothing';
finish();
