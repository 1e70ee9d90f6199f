# One connection may hold several services: .new and .of.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web');
$c->send(".new b kind db role x\n");
is $c->line, 'ok 2', '.new registers a further one';
$c->send(".of b role y\n");
is $c->line, 'ok 3', '.of updates that one';
$c->send("role z\n");
is $c->line, 'ok 4', 'a line without it the first';
is_deeply [$reg->find], ['a kind web role z', 'b kind db role y'],
    'each has its own';

$c->send(".new a\n");
is $c->line, "error: 'duplicate service name'", 'a duplicate is refused';
$c->send(".new x/y\n");
is $c->line, "error: 'bad character in service name'", 'a bad name, too';
$c->send(".of nobody x 1\n");
like $c->line, qr/^error: /, '.of an unknown service';
my $other = $reg->register('theirs');
$c->send(".of theirs x 1\n");
like $c->line, qr/^error: /, ".of somebody else's";
is_deeply [$reg->find('.name theirs')], ['theirs'], 'leaves it';

$c->send(".of b .ttl 1\n");
like $c->line, qr/^ok /, 'a time to live of one of them';
$other->close;
$c->close;
ok eventually { !$reg->find }, 'all go with the connection';
finish();
