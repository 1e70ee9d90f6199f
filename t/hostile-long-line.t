# A line that is too long is an error, and takes no room.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'limits.line=4K');
my $held = $reg->register('held kind web');

my $fits = $reg->register('fits text ' . 'x' x 4000);
is_deeply [$reg->find('.name fits .names 1')], ['fits'], 'a long one that fits';

my $c = $reg->dial('new');
$c->send('a text ' . 'x' x 5000 . "\n");
like $c->bytes, qr/\Aerror: '[^\n]*'\n\z/, 'new: the first line, and the end';
$held->send('text ' . 'x' x 5000 . "\n" . "x 1\n");
like $held->line, qr/^error: '/, 'new: an update is refused';
like $held->line, qr/^ok /, 'and the next line is a line again';
is_deeply [$reg->find('.name held')], ['held kind web x 1'], 'all as it was';

my $f = $reg->dial('find');
$f->send('text ' . 'x' x 5000 . "\n");
like $f->bytes, qr/\Aerror: '[^\n]*'\n\z/, 'find: refused';

my $before = $reg->memory;
for my $face (qw(new find event)) {
    my $endless = $reg->dial($face);
    for (1 .. 64) { $endless->send('x' x 65536) or last }
    $endless->close;
}
ok $reg->find, 'the daemon is there after megabytes without a line feed';
cmp_ok $reg->memory - $before, '<', 4096 * ($ENV{MUSTER_TEST_SLOW} || 1),
    'and has not grown with them';
finish();
