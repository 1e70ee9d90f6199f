# A later line adds or changes attributes, in place.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web role x');
$c->send("role y\n");
is $c->line, 'ok 2', 'a change';
$c->send("zone 1 rack 2\n");
is $c->line, 'ok 3', 'two additions';
is_deeply [$reg->find], ['a kind web role y zone 1 rack 2'],
    'what was there keeps its place';
$c->send("role y\n");
is $c->line, 'ok 4', 'what is already so is a change, as in registry(4)';
$c->send("x 1 x 2\n");
is $c->line, 'ok 5', 'the last of two values';
is_deeply [$reg->find], ['a kind web role y zone 1 rack 2 x 2'],
    'stands once';
finish();
