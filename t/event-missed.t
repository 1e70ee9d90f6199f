# .filter with .since: the last change that was missed, then those that come.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'registry.changes=8000');
my $web = $reg->register('a kind web');
my $db = $reg->register('b kind db');
$web->send("x 1\n");
$web->line;
$db->send("x 1\n");
$db->line;

sub filtered
{
    my ($line) = @_;
    my $c = $reg->dial('event');
    is $c->line, 'READY', "plain first";
    $c->send("$line\n");
    return $c;
}

my $w = filtered('kind web .filter 1 .since 1');
is $w->line, 'READY 4', 'what is now';
is $w->line, '00000003', 'the last one missed';
my $none = filtered('kind web .filter 1 .since 3');
is $none->line, 'READY 4', 'nothing was missed';
my $first = filtered('.filter 1 .since 0');
is $first->line, 'READY 4', 'from the beginning';
is $first->line, '00000004', 'everything was missed';
$db->send("x 2\n");
is $db->line, 'ok 5', 'another';
$web->send("x 2\n");
is $web->line, 'ok 6', 'and one of ours';
is $w->line, '00000006', 'told live';
is $none->line, '00000006', 'and to whom nothing was missed';
is +($first->until(qr/6$/))[-1], '00000006', 'and to whom all is one';

# more than is looked at in one turn
$db->send(join '', map { "x $_\n" } 1 .. 6000);
is scalar($db->lines(6000)), 6000, 'many changes';
my $late = filtered('kind web .filter 1 .since 5');
is $late->line, 'READY 6006', 'much was missed';
is $late->line, '00000006', 'one of it was ours';
$web->send("x 3\n");
is $late->line, '00006007', 'and the next one is';

my $gap = filtered('kind web .filter 1 .since 999999');
is $gap->line, 'READY 6007', 'another life';
is $gap->line, '! 6007', 'the registry cannot say';
$web->send("x 4\n");
is $gap->line, '00006008', 'but goes on';
finish();
