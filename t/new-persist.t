# persist with a non-zero number outlives the connection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
for my $value (1, 2, '010', 0, '', 'x', '0x1') {
    my $c = $reg->register("a kind web persist '$value'");
    my $other = $reg->register('b');
    $c->close;
    $other->close;
    # the daemon has seen b go, which was closed later
    eventually { !$reg->find('.name b') };
    my $kept = eventually { !$reg->find('.name a') } 0.2;
    if ($value =~ /^0*[1-9]\d*$/) {
        is_deeply [$reg->find('.name a')], ["a kind web persist $value"],
            "persist '$value' stays";
        my $d = $reg->register('killer');
        $d->send(".remove a\n");
        like $d->line, qr/^ok /, 'and can be removed';
    } else {
        is_deeply [eventually { !$reg->find('.name a') }], [1],
            "persist '$value' goes";
    }
}

my $late = $reg->register('late kind web');
$late->send("persist 1\n");
like $late->line, qr/^ok /, 'an update makes it persistent';
$late->close;
my $c = $reg->register('probe');
is_deeply [$reg->find('.name late')], ['late kind web persist 1'], 'it stays';
finish();
