# .meta 1 tells what the registry knows of a service beside its attributes:
# its revisions, when a line last came, its lifetime, its owner.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

my $a = $reg->register('a kind web');
my $b = $reg->register('b kind web .ttl 1000 .volatile load');
$b->send("load 3\n");
$b->line;
$a->send("role x\n");
$a->line;
my $p = $reg->register('p kind db persist 1');
$p->close;

my ($line) = $reg->find('.name a .meta 1');
like $line, qr/^a kind web role x \.created 1 \.changed 3 \.seen \d+$/,
    'revisions, and the time since a line came';
($line) = $reg->find('.name b .meta 1');
like $line, qr/^b kind web load 3 \.created 2 \.changed 2 \.seen \d+ \.ttl/,
    'what changes nothing that is told of is no change';
my ($seen, $left) = $line =~ /\.seen (\d+) \.ttl 1000 \.expires (\d+)$/;
ok $seen + $left >= 999 && $seen + $left <= 1000,
    'what was seen and what is left make up its ttl';
ok eventually { ($reg->find('.name b .meta 1'))[0] =~ /\.seen [1-9]/ },
    'what is quiet was seen ever longer ago';
like +($reg->find('.name p .meta 1 .names 1'))[0],
    qr/^p \.created 4 \.changed 4 \.seen \d+ \.persist 1$/,
    'persistent, without its connection; names only';
is_deeply [$reg->find('.name a .meta 0')], ['a kind web role x'],
    '.meta 0 is none';
is_deeply [$reg->find('.meta 1 .count 1')],
    ["error: '.meta does not go with .count'"], 'no meta of a number';

my $k = $reg->dial('find');
$k->send(".keep 1 kind web .meta 1\nkind web\n");
like $k->line, qr/^a kind web role x \.created 1/, 'on a kept connection';
like $k->line, qr/^b .*\.created 2/, 'of each';
like $k->line, qr/^\.end /, 'the end';
is $k->line, 'a kind web role x', 'the next query did not ask for it';

$k = $reg->dial('find');
$k->send(".meta 1 .since 2 .keep 1\n");
like $k->line, qr/^a kind web role x \.created 1 \.changed 3 /,
    'of what has changed';
finish();
