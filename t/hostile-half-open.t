# Clients that say little, or never end, hinder nobody.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $none = $reg->descriptors;
my @idle;
for my $face (qw(new find event)) {
    for my $text ('', 'k', "kind 'we", ' ', "\r") {
        my $c = $reg->dial($face);
        $c->send($text) if length $text;
        push @idle, $c for 1;
    }
}
push @idle, map { $reg->dial(qw(new find event)[$_ % 3]) } 1 .. 90;
my $a = $reg->register('a kind web');
is_deeply [$reg->find], ['a kind web'], 'others are served';
ok eventually { $reg->descriptors > $none + @idle }, 'all of them are there';
$_->reset for @idle;
# the service's own connection stays
ok eventually { $reg->descriptors <= $none + 1 }, 'they leave nothing';
is_deeply [$reg->find], ['a kind web'], 'and changed nothing';
finish();
