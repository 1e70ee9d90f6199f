# Every operator of a selector, and what a missing attribute means.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my @held = map { $reg->register($_) } (
    'a kind web mem 8G host web1 load 0.5',
    'b kind db mem 512M host db1 empty \'\'',
    'c kind web mem 16G host web2.example',
    "d note 'two words'",
    'e mem many host *',
);
my %want = (
    'kind web' => 'a c',
    'kind *' => 'a b c',
    'kind web host web1' => 'a',
    'kind! web' => 'b',
    'kind! *' => 'd e',
    'empty *' => 'b',
    "empty ''" => 'b',
    "empty! x" => 'b',
    'nothing x' => '',
    'nothing! x' => '',
    'nothing! *' => 'a b c d e',
    'host? web*' => 'a c',
    'host? w?b1' => 'a',
    'host? [dw]*1' => 'a b',
    'host? *' => 'a b c e',
    "host '*'" => 'a b c e',
    "host? '\\*'" => 'e',
    'nothing? *' => '',
    'host~ ^web' => 'a c',
    "host~ '^(web|db)1\$'" => 'a b',
    'host~ b' => 'a b c',
    'nothing~ .*' => '',
    'kind= web,db' => 'a b c',
    'kind= db' => 'b',
    'kind= x,y' => '',
    "note 'two words'" => 'd',
    'mem>= 8G' => 'a c',
    'mem> 8G' => 'c',
    'mem< 8G' => 'b',
    'mem<= 8192M' => 'a b',
    'mem> 0' => 'a b c',
    'mem>= 0.5G mem< 16G' => 'a b',
    'mem> x' => undef,
    'load< 1' => 'a',
    'load> 1' => '',
    'nothing< 1' => '',
    '.name a' => 'a',
    '.name [ab]' => 'a b',
    '.name *' => 'a b c d e',
    '.name x*' => '',
    '.name a kind web' => 'a',
    'kind web kind db' => '',
);
for my $query (sort keys %want) {
    my @lines = $reg->find($query);
    if (!defined $want{$query}) {
        like "@lines", qr/^error: '[^']/, "$query is an error";
        next;
    }
    is join(' ', map { /^(\S+)/ } @lines), $want{$query}, $query;
}
finish();
