# A last line without LF, ended by EOF, counts as a line.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

my $c = $reg->dial('new');
$c->send('a kind web persist 1');
$c->end;
ok $c->ends, 'the end of a client that half-closed';
is_deeply [$reg->find('kind web')], ['a kind web persist 1'],
    'its only line was heard';

my $f = $reg->dial('find');
$f->send('kind web');
$f->end;
is $f->bytes, "a kind web persist 1\n", 'a query without LF is answered';
finish();
