# Whatever bytes come, the daemon is there and unchanged.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $a = $reg->register('a kind web');
srand 42;
my @bits = ("'", "''", ' ', "\t", "\n", "\r\n", "\0", '.ack 1', '.of', '.new',
    '.remove a', '.since', '.detail 1', '.keep 1', 'kind', 'web', '*', '! *',
    '~ (((', "\xff\xfe", '.ttl 1', '.unset', 'error:', '=', 'a', '.volatile');
for my $face (qw(new find event)) {
    for my $round (1 .. 60) {
        my $c = $reg->dial($face);
        $c->send(join '', map { $bits[rand @bits] . (rand 3 < 1 ? ' ' : '') }
            1 .. 60);
        $c->end if $round % 3 == 0;
        $c->reset if $round % 3 == 1;
        $c->close if $round % 3 == 2;
    }
}
ok $reg->register("sane$$"), 'it registers';
is_deeply [$reg->find('.name a')], ['a kind web'], 'and all is as it was';
finish();
