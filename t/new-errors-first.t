# An error on the first line is told, registers nothing, ends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $held = $reg->register('held kind web');

my @cases = (
    ["held x 1", 'duplicate service name'],
    ["new", 'bad service name'],
    ["find", 'bad service name'],
    ["event", 'bad service name'],
    ["index", 'bad service name'],
    ["error:", 'bad service name'],
    ["''", 'bad service name'],
    ["'a b'", 'bad character in service name'],
    ["'a\tb'", 'bad character in service name'],
    ["a/b", 'bad character in service name'],
    ["/", 'bad character in service name'],
    ["a\x7fb", 'bad character in service name'],
    ["a\x01b", 'bad character in service name'],
    ["a kind", 'odd attribute/value pairs'],
    ["a kind web x", 'odd attribute/value pairs'],
    ["a .foo 1", 'unknown directive .foo'],
    ["a .ack", 'odd attribute/value pairs'],
    ["a .keep 1", undef],
    ["a kind 'web", undef],
    ["a '' x", undef],
    ["a x! 1", undef], ["a x? 1", undef], ["a x~ 1", undef],
    ["a x= 1", undef], ["a x< 1", undef], ["a x> 1", undef],
    ["a x>= 1", undef],
    ["a kind we\0b", undef],
    ["a\0b kind web", undef],
    ["a .ack maybe", undef],
    ["a .token secret", 'unknown or expired token'],
);
for my $case (@cases) {
    my ($line, $text) = @$case;
    my $shown = $line =~ s/[\x00-\x1f\x7f]/./gr;
    my $c = $reg->dial('new');
    $c->send("$line\n");
    my $bytes = $c->bytes;
    if (defined $text) {
        $text = "'$text'" if $text =~ / /;
        is $bytes, "error: $text\n", "$shown: is told why";
    } else {
        like $bytes, qr/\Aerror: '(?:[^'\n]|'')*'\n\z/, "$shown: is told why";
    }
}
is_deeply [$reg->find], ['held kind web'], 'nothing else is registered';
$held->send("x 1\n");
is $held->line, 'ok 2', 'and none of it counted';
finish();
