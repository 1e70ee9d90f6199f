# A line that begins as a filter must be one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
for my $line ('.foo 1', 'kind web .foo 1', 'kind web .detail maybe',
    '.detail', '.detail 1 kind', '.since x .detail 1', 'host~ ( .filter 1',
    '.token x') {
    my $w = $reg->dial('event');
    is $w->line, 'READY', "$line: ready";
    $w->send("$line\n");
    like $w->line, qr/^error: '.*'$/, 'an error';
}
is_deeply [$reg->find], ['a kind web'], 'all as it was';
finish();
