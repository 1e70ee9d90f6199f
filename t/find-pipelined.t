# Queries that wait behind a long answer keep their order, the wrong ones too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'limits.line=70000', '-o', 'limits.output=4K');
my $feed = $reg->dial('new');
$feed->send(join '', "s0 kind many .ack 1\n",
    map { ".new s$_ kind many text " . 'x' x 500 . "\n" } 1 .. 999);
is scalar($feed->lines(1000)), 1000, 'a thousand services';

# each of these is answered only when the one before has been
my $c = $reg->dial('find');
$c->send(join "\n", 'kind many .keep 1 .names 1', 'kind many',
    q(kind 'many), 'kind none', 'odd', 'kind many .count 1',
    'x' x 80000, 'kind none', '.after nobody kind many',
    '.after s998 kind many .names 1', 'kind many', 'kind none', '');
my @got;
for (1 .. 4000) {
    my $line = $c->line;
    last unless defined $line;
    $line =~ s/ kind many.*//;
    push @got, $line =~ /^s\d+$/ && @got && $got[-1] =~ /^s/ ? () : $line;
    last if @got == 16;
}
s/^s\d+$/s/ for @got;
is_deeply \@got, ['s', '.end 1000', 's', '.end 1000',
    "error: 'a quote is not closed'", '.end 1000',
    "error: 'odd attribute/value pairs'", '1000', '.end 1000',
    "error: 'line too long'", '.end 1000', "error: 'no such service: nobody'",
    's', '.end 1000', 's', '.end 1000'],
    'every answer in its place' or diag explain \@got;
is $c->line, '.end 1000', 'to the last';

# to look for many that are gone takes turns, and others have theirs
$feed->send(join '', map { ".remove s$_\n" } 1 .. 900);
is scalar($feed->lines(900)), 900, 'most are gone';
my $asker = $reg->dial('find');
$asker->send(join '', ".keep 1 kind none\n",
    map { ".after nobody$_ kind many\n" } 1 .. 500);
is_deeply [$reg->find('.name s0 .names 1')], ['s0'], 'others are served';
is scalar(grep { /^error: 'no such/ } $asker->lines(501)), 500, 'each is told';
finish();
