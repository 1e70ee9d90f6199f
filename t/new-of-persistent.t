# .of updates a persistent service from any connection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $p = $reg->register('p persist 1 role x');
$p->close;
my $c = $reg->register('c');
$c->send(".of p role y\n");
is $c->line, 'ok 3', 'accepted';
is_deeply [$reg->find('.name p')], ['p persist 1 role y'], 'and done';
$c->close;
ok eventually { !$reg->find('.name c') }, 'when that connection ends';
is_deeply [$reg->find], ['p persist 1 role y'], 'the service stays';

my $d = $reg->register('d');
$d->send(".of p persist 0\n");
like $d->line, qr/^ok /, 'it can be made mortal';
finish();
