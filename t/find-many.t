# An answer that takes many turns of the loop is the same as a short one: all of
# it comes, with the options of its own line, and so do those behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my @owners;
for my $n (1 .. 3) {
    my $c = $reg->dial('new');
    $c->send("s${n}_0 kind web x 0\n" . join '', map {
        ".new s${n}_$_ kind web x " . $_ % 2 . "\n" } 1 .. 7999);
    $c->send(".ack 1\n");
    is $c->line, 'ok ' . 8000 * $n, 'registered';
    push @owners, $c;
}

is_deeply [$reg->find('kind web .count 1')], ['24000'], 'all are counted';
is_deeply [$reg->find('x~ ^1$ .count 1')], ['12000'], 'and half of them';
is scalar(grep { !/^s\d_\d+$/ } $reg->find('.names 1')), 0, 'only names';

my $f = $reg->dial('find');
$f->send("kind none .keep 1\n");
is $f->line, '.end 24000', 'a connection that is kept';
my @asked = (
    ['x 5', 0, qr/^$/],
    ['kind web', 24000, qr/^s\d_\d+ kind web x [01]$/],
    ['kind web .count 1', 1, qr/^24000$/],
    ['x 5', 0, qr/^$/],
    ['.since 23990', 10, qr/^s3_79\d\d kind web x [01]$/],
    ['x! 5 .names 1', 24000, qr/^s\d_\d+$/],
);
$f->send(join '', map { "$_->[0]\n" } @asked);
for my $asked (@asked) {
    my ($query, $expect, $like) = @$asked;
    my ($lines, $wrong) = (0, 0);
    while (defined(my $line = $f->line)) {
        last if $line eq '.end 24000';
        $lines++;
        $wrong++ if $line !~ $like;
    }
    is $lines, $expect, "$query: as many as there are";
    is $wrong, 0, "$query: as they were asked for";
}
finish();
