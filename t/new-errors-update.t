# An error in an update leaves the service as it was, registered.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->register('a kind web');
my $watch = $reg->dial('event');
$watch->line;

my @bad = ("kind", "x 1 y", "'' x", "x! 1", "x< 1", ".foo 1", "kind 'web",
    "x 1\0", "kind other .foo 1", "kind other x", ".replace", ".of", ".new",
    ".new ''", ".new new", ".remove nobody", ".ttl x", ".unset ''",
    ".unset .x", ".volatile", ".keep 1", ".filter 1", ".of a",
    ".token t");
for my $line (@bad) {
    my $shown = $line =~ s/[\x00-\x1f]/./gr;
    $c->send("$line\n");
    my $answer = $c->line;
    next if $line eq '.of a';    # names it and changes nothing: either way
    like $answer, qr/^error: ('(?:[^']|'')*'|[^ ']+)$/, "$shown: an error";
    is_deeply [$reg->find], ['a kind web'], 'all as it was';
}
ok $watch->silent, 'no watcher heard of any';
$c->send("kind db\n");
like $c->line, qr/^ok /, 'the connection is still good';
finish();
