# Names, attributes and values may hold blanks, quotes, any text.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

# what is sent, and what find then says
my @cases = (
    ["a1 kind web", "a1 kind web"],
    ["a2 'fake''n service' yes", "a2 'fake''n service' yes"],
    ["a3 text 'fake''n service'", "a3 text 'fake''n service'"],
    ["a4 empty ''", "a4 empty ''"],
    ["a5 'k'ey va'l u'e", "a5 key 'val ue'"],
    ["a6 slash a\\b\\", "a6 slash a\\b\\"],
    ["a7 quote ''''", "a7 quote ''''"],
    ["a8\tkind\t  web ", "a8 kind web"],
    ["  a9  kind  web  ", "a9 kind web"],
    ["a10 tab 'x\ty'", "a10 tab 'x\ty'"],
    ["a11 bell 'x\ay'", "a11 bell 'x\ay'"],
    ["a12 quotes 'it''s ''so'''", "a12 quotes 'it''s ''so'''"],
    ["a13 utf8 gr\xc3\xbc\xc3\x9fe", "a13 utf8 gr\xc3\xbc\xc3\x9fe"],
    ["a14 latin1 gr\xfc\xdfe", "a14 latin1 gr\xfc\xdfe"],
    ["a15 star *", "a15 star *"],
    ["a16", "a16"],
    ["a17 ", "a17"],
    ["tcp!h!80 a=b c=d", "tcp!h!80 a=b c=d"],
    ["a18 a.b .x", "a18 a.b .x"],
    ["a19 x 1 x 2", "a19 x 2"],
    ["'a20' \"q\" \"w\"", "a20 \"q\" \"w\""],
);
for my $case (@cases) {
    my ($sent, $found) = @$case;
    my $c = $reg->register($sent);
    my ($name) = split ' ', $found;
    is_deeply [$reg->find(".name $name")], [$found], "registering $sent";
}
my $c = $reg->register("b 'fake''n service' 'a b'");
is_deeply [$reg->find("'fake''n service' 'a b'")],
    ["b 'fake''n service' 'a b'"], 'and find asks for it in the same words';

finish();
