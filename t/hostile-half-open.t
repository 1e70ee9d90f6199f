# Clients that say little, or never end, hinder nobody.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
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
my $before = $reg->descriptors;
$_->reset for @idle;
ok eventually { $reg->descriptors <= $before - @idle }, 'they leave nothing';
is_deeply [$reg->find], ['a kind web'], 'and changed nothing';
finish();
