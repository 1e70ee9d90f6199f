# muster find: lines, names, numbers, tables, JSON; nothing matched is 3.
use strict;
use warnings;
use Test::More;
use Muster;
use Fake;

need_programs('muster');

my @services = (
    "tcp!h!80 kind web note 'it''s two'",
    'web2 kind web',
    "esc note '\e[31mred'",
);

# Answers like a registry's find port: names, count, limit; "none" finds none.
my $fake = fake(sub {
    my ($line) = @_;
    my @found = $line =~ /none/ ? () : @services;
    splice @found, $1 if $line =~ /\.limit (\d+)/;
    @found = map { (split ' ')[0] } @found if $line =~ /\.names 1/;
    @found = scalar @found if $line =~ /\.count 1/;
    return "error: 'no such thing'\n" if $line =~ /refuse/;
    return join '', map { "$_\n" } @found, '.end 7';
});

my ($rc, $out, $err) = muster($fake, 'find');
is $rc, 0, 'found';
is $out, join('', map { "$_\n" } @services), 'as on the wire';
is $err, '', 'nothing else said';

($rc, $out) = muster($fake, 'find', '--names', 'kind=web');
is $out, "tcp!h!80\nweb2\nesc\n", 'names';

($rc, $out) = muster($fake, 'find', '--count');
is "$rc $out", "0 3\n", 'count';

($rc, $out) = muster($fake, 'find', '--count', '--json');
is $out, qq({"count":3}\n), 'count as JSON';

($rc, $out) = muster($fake, 'find', '--limit', 1);
is $out, "$services[0]\n", 'limit';

($rc, $out, $err) = muster($fake, 'find', 'none', '1');
is "$rc|$out|$err", '3||', 'nothing matched: 3, and quiet';

($rc, $out) = muster($fake, 'find', '--count', 'none', '1');
is "$rc $out", "3 0\n", 'none counted: 3';

($rc, $out) = muster($fake, 'find', '--json');
my ($first) = split /\n/, $out;
is $first, q({"name":"tcp!h!80","attrs":{"kind":"web","note":"it's two"}}),
    'JSON';

($rc, $out) = muster($fake, 'find', '--table=kind,note');
is $out, <<'END' =~ s/ESC/\\x1b/r, 'a table';
name      kind  note
tcp!h!80  web   it's two
web2      web
esc             ESC[31mred
END

($rc, $out) = muster($fake, 'find', '--table');
like $out, qr/^name      kind  note\n/, 'a table of all there is';

($rc, $out, $err) = muster($fake, 'find', 'refuse', '1');
is $rc, 8, 'refused: 8';
like $err, qr/no such thing/, 'with the reason';

($rc, $out, $err) = muster($fake, 'find', 'kind');
is $rc, 2, 'a selector that is none: 2';
like $err, qr/kind has no value: write kind=VALUE/, 'and what to do';

($rc, $out) = muster($fake, 'find', 'kind', '--json');
is $rc, 2, 'the same with JSON';
like $out, qr/^\{"error":"kind has no value.*"exit":2\}$/, 'is JSON';

($rc, $out, $err) = muster($fake, 'find', '--names', '--count');
is $rc, 2, 'two forms exclude each other';

$fake->stop;
($rc, $out, $err) = muster($fake, 'find');
is $rc, 8, 'no registry: 8';
like $err, qr/Connection refused.*\n.*--registry/s, 'and what to do';
($rc, $out, $err) = muster($fake, 'find', '--json');
like $out, qr/^\{"error":".*refused","hint":".*","exit":8\}\n$/,
    'an error as JSON';
is $err, '', 'and only that';

finish();
