# Changes that come together may be one line; the last is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $w = $reg->dial('event');
is $w->line, 'READY', 'ready';
my $c = $reg->dial('new');
$c->send(join '', "a n 0 .ack 1\n", map { "n $_\n" } 1 .. 999);
$c->lines(1000);
my @versions = $w->until(qr/^00001000$/);
is $versions[-1], '00001000', 'the last version comes';
cmp_ok scalar(@versions), '<', 1000, 'in fewer lines than changes';
is_deeply [grep { !/^\d{8}$/ } @versions], [], 'each a version';
is_deeply \@versions, [sort @versions], 'in order';
finish();
