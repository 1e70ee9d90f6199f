# .unset removes an attribute.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web role x zone 1');
$c->send(".unset role\n");
is $c->line, 'ok 2', 'one';
is_deeply [$reg->find], ['a kind web zone 1'], 'is gone';
$c->send(".unset kind .unset zone role y\n");
is $c->line, 'ok 3', 'several, and a change in the same line';
is_deeply [$reg->find], ['a role y'], 'are gone';
is_deeply [$reg->find('kind *')], [], 'and no longer found by';
$c->send(".unset nothing\n");
like $c->line, qr/^ok \d+$/, 'one that is not there is no error';
is_deeply [$reg->find], ['a role y'], 'and changes nothing';
finish();
