# A service goes when its connection does, however it goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my %end = (
    close => sub { $_[0]->close },
    'half-close' => sub { $_[0]->end },
    reset => sub { $_[0]->reset },
);
for my $how (sort keys %end) {
    my $c = $reg->register("a-$how kind web");
    $end{$how}->($c);
    ok eventually { !$reg->find(".name a-$how") }, "gone at a $how";
    ok $c->ends, 'and the daemon ended its side' if $how eq 'half-close';
}
my $again = $reg->register('a-close kind web');
is_deeply [$reg->find], ['a-close kind web'], 'the name is free again';
finish();
