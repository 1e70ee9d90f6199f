# Lines may come a byte at a time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $c = $reg->dial('new');
$c->send($_) for split //, "tcp!h!80 text 'fake''n service' .ack 1\n";
is $c->line, 'ok 1', 'a registration';
$c->send($_) for split //, "more ''\n";
is $c->line, 'ok 2', 'an update';
my $f = $reg->dial('find');
$f->send($_) for split //, "text 'fake''n service'\n";
is $f->bytes, "tcp!h!80 text 'fake''n service' more ''\n", 'a query';
finish();
