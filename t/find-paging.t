# .limit and .after page through an answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my @held = map { $reg->register("s$_ kind " . ($_ % 2 ? 'odd' : 'even')) }
    1 .. 9;
my @seen;
my $query = '.limit 4 .names 1';
while (my @page = $reg->find($query)) {
    cmp_ok scalar(@page), '<=', 4, 'a page';
    push @seen, @page;
    $query = ".limit 4 .names 1 .after $page[-1]";
}
is_deeply \@seen, [map { "s$_" } 1 .. 9], 'all, once, in order';
is_deeply [$reg->find('kind odd .limit 2 .names 1')], ['s1', 's3'],
    'of a selection';
is_deeply [$reg->find('kind odd .limit 2 .after s3 .names 1')], ['s5', 's7'],
    'after one of them';
is_deeply [$reg->find('kind odd .after s4 .names 1')], ['s5', 's7', 's9'],
    'after one that is not selected';
is_deeply [$reg->find('.after s9')], [], 'after the last';
finish();
