# Every amount that a client chooses has a bound, and says so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web');
my @many = map { "a$_ 1" } 1 .. 3000;
$c->send("@many\n");
like $c->line, qr/^error: '/, 'too many attributes at once';
is_deeply [$reg->find], ['a kind web'], 'none of them was set';

my $refused;
for my $round (1 .. 200) {
    $c->send(join(' ', map { "b$round.$_ 1" } 1 .. 20) . "\n");
    my $answer = $c->line;
    next if $answer =~ /^ok/;
    $refused = $answer;
    last;
}
like $refused, qr/^error: '/, 'too many one after another';
my $d = $reg->dial('new');
$d->send('n' x 20000 . "\n");
like $d->bytes, qr/\Aerror: '/, 'a name that is too long';
finish();
