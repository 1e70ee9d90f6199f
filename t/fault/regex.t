# Patterns and values that are made to take long hold up who asks with them, and
# nobody else: one match of these takes a twentieth of a second.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Pace;
use Swarm;
use Test::More;

my $reg = registry('-o', 'limits.line=128K', '-o', 'log.level=warn');
my $value = join '', map { chr(97 + $_ * 7919 % 31 % 2) } 1 .. 30000;
my $feed = $reg->register("long0 text ${value}c");
for my $n (1 .. 10) {
    $feed->send(".new long$n text $n${value}\n");
    like $feed->line, qr/^ok/, 'a long value' if $n == 10;
}
my $pattern = '(a|b)*a' . '(a|b)' x 70 . 'c';
# sanitizers look at each of a pattern's steps
my $pace = Pace->new($reg, slack => ($ENV{MUSTER_TEST_SLOW} || 1) > 1 ? 2
    : 0.15);
my $swarm = Swarm->new;
my %answers;

# -- one that asks, and whether it gets its answer -----------------------------

my $one = $swarm->dial($reg->address('find'), line => sub { $answers{$_[1]}++ });
$swarm->say($one, "text~ $pattern .keep 1 .names 1\n");
$pace->unhurt('while one asks for a dear pattern', sub { $swarm->pump(0) });

# -- many that ask, and that watch ---------------------------------------------

for (1 .. 12) {
    my $c = $swarm->dial($reg->address('find'));
    $swarm->say($c, "text~ $pattern text~ ${pattern}d .keep 1\n" x 3);
    my $w = $swarm->dial($reg->address('event'), line => sub {
        $answers{event}++ if $_[1] =~ /^\d+$/ });
    $swarm->say($w, "text~ $pattern$_ .filter 1\n");
    my $d = $swarm->dial($reg->address('event'));
    $swarm->say($d, "text~ $pattern$_ .detail 1 .since 0\n");
}
my $n = 0;
$pace->unhurt('while many do, and watch with some', sub {
    $swarm->pump(0);
    $n++;
    $feed->send(".of long1 text $n$value\n");
    die 'a change is not answered' unless ($feed->line || '') =~ /^ok/;
});
$swarm->drop($_, 1) for grep { $_ != $one } $swarm->clients;
ok +(eventually { $swarm->pump(0.05); grep { /^\.end/ } keys %answers } 120),
    'it gets its answer';
is $answers{long0}, 1, 'which is right';
is $answers{long1}, undef, 'and no more';

# -- a watch of a dear pattern sees each change, in its time ---------------------

my $watch = $reg->dial('event');
$watch->send("text~ $pattern .detail 1\n");
$watch->until(qr/^READY \d/);
for my $text ("x${value}c", "y$value", "z${value}c") {
    $feed->send(".of long2 text $text\n");
    $feed->line;
}
my @told = map { s/ [xyzab]+.*//r } map { $watch->line(60) } 1 .. 3;
s/ \d+ / / for @told;
is_deeply \@told, ['+ long2 text', '- long2 text', '+ long2 text'], 'all of them';
finish();
