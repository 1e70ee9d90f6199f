# Every misuse of port find is one error line and the end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $held = $reg->register('a kind web');
my @bad = (
    ['kind', 'odd attribute/value pairs'],
    ['kind web x', 'odd attribute/value pairs'],
    ['.foo 1', 'unknown directive .foo'],
    ['kind web .foo 1', 'unknown directive .foo'],
    ["kind 'web"], ['.limit x'], ['.limit -1'], ['.since x'],
    ['.since -1'], ['.keep maybe'], ["'' x"], ['! x'], ['< 1'],
    ['host~ ('], ['host~ a{999999}'], ['mem>= soon'],
    ['.ack 1'], ['.persist 1'], ['.detail 1'], ["kind we\0b"],
    ['.token x', 'unknown or expired token'],
    ['host~ ' . 'a' x 5000], ['host? ' . '*' x 5000],
    [join ' ', map { "a$_ 1" } 1 .. 500],
);
for my $case (@bad) {
    my ($line, $text) = @$case;
    my $shown = substr $line =~ s/[\x00-\x1f]/./gr, 0, 40;
    my $f = $reg->dial('find');
    $f->send("$line\n");
    my $bytes = $f->bytes;
    if (defined $text) { is $bytes, "error: '$text'\n", $shown }
    else { like $bytes, qr/\Aerror: '(?:[^'\n]|'')*'\n\z/, $shown }
}
is_deeply [$reg->find], ['a kind web'], 'all as it was';
finish();
