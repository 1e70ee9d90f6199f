# A name that is taken is refused, until it is free.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web');
my $d = $reg->dial('new');
$d->send("a kind db\nkind other\n");
is $d->bytes, "error: 'duplicate service name'\n",
    'one error, and the end of the connection';
is_deeply [$reg->find], ['a kind web'], 'the first one stands';
$c->close;
ok eventually { !$reg->find }, 'it goes';
my $e = $reg->register('a kind db');
is_deeply [$reg->find], ['a kind db'], 'and the name is free';

my $p = $reg->register('p persist 1');
$p->close;
my $q = $reg->dial('new');
$q->send("p\n");
is $q->bytes, "error: 'duplicate service name'\n",
    'a persistent one keeps its name';
finish();
