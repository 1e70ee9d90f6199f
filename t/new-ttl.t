# A .ttl passes when no line comes; an empty one is enough.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

use Time::HiRes qw(time);
my $reg = registry();

my $c = $reg->register('a kind web .ttl 3');
is_deeply [$reg->find], ['a kind web'], 'there, and .ttl is no attribute';
ok eventually { !$reg->find }, 'gone by itself';

my $d = $reg->register('b kind web .ttl 2');
my $end = time + 4.5;
my $missing = 0;
while (time < $end) {
    $d->send("\n");
    $d->line;
    $missing++ unless $reg->find;
}
is $missing, 0, 'empty lines keep it, well beyond its time';
ok eventually { !$reg->find }, 'gone when they end';

my $e = $reg->register('p persist 1 .ttl 3');
$e->close;
my $probe = $reg->register('probe');
is_deeply [$reg->find('.name p')], ['p persist 1'],
    'with persist it outlives the connection';
ok eventually { !$reg->find('.name p') }, 'but not its time';

for my $bad ('0x', '-1', '', 'soon', '99999999999999999999') {
    my $f = $reg->dial('new');
    $f->send("bad .ttl '$bad'\n");
    like $f->line, qr/^error: /, ".ttl '$bad' is an error";
    ok !$reg->find('.name bad'), 'and registers nothing';
}
finish();
