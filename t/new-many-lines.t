# A thousand lines in one write are a thousand lines.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

my $c = $reg->dial('new');
$c->send(join '', "a n 0 .ack 1\n", map { "n $_\n" } 1 .. 999);
my @answers = $c->lines(1000);
is_deeply \@answers, [map { "ok $_" } 1 .. 1000], 'each is answered in turn';
is_deeply [$reg->find('.name a')], ['a n 999'], 'the last one stands';

my $f = $reg->dial('find');
$f->send(join '', ".name a .keep 1\n", ("n 999\n") x 999);
is_deeply [$f->lines(2000)], [('a n 999', '.end 1000') x 1000],
    'a thousand queries are answered in turn';

my $many = $reg->dial('new');
$many->send(join '', "s0 kind many .ack 1\n",
    map { ".new s$_ kind many\n" } 1 .. 999);
is scalar($many->lines(1000)), 1000, 'a thousand services on a connection';
is_deeply [$reg->find('kind many .count 1')], [1000], 'all are there';
$many->close;
ok eventually { $reg->find('kind many .count 1') == 1
    && ($reg->find('kind many .count 1'))[0] eq '0' },
    'and gone with it';
finish();
