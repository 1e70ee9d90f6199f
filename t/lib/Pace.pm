# How soon an ordinary client is served, for tests that burden a registry with
# others: the middle one of many round trips, compared with what it was when
# nothing else went on in the same run, and with that of another registry beside
# it, which nobody burdens: so a machine that is busy is no registry that is. Far
# from the figures of a benchmark: a bound that only something which holds others
# up can break.
#
#   my $pace = Pace->new($reg);       # slack => SECONDS, beside ten times that
#   ...
#   $pace->unhurt('while others flood it', sub { goes on with the flood });
package Pace;
use strict;
use warnings;

use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);

my $slack = Muster::deadline(0.15);    # seconds: a machine that does other work

sub new
{
    my ($class, $reg, %options) = @_;
    my $self = bless {slack => $slack, %options, burdened => side($reg),
        other => side(Muster::registry({name => 'not burdened'}))}, $class;
    ($self->{quiet}) = $self->measure(sub {});
    return $self;
}

# An ordinary client of a registry
sub side
{
    my ($reg) = @_;
    my $side = {reg => $reg, find => $reg->dial('find'),
        service => $reg->register("pace.$$ n 0")};
    $side->{find}->send(".name pace.$$ .keep 1\n");
    $side->{find}->lines(2);
    return $side;
}

# one lookup on a connection that is kept, one change, one new connection
sub round
{
    my ($side) = @_;
    my $begin = time;
    $side->{service}->send('n ' . ++$side->{n} . "\n");
    die 'a change is not answered'
        unless ($side->{service}->line || '') =~ /^ok/;
    $side->{find}->send(".name pace.$$\n");
    my ($line) = $side->{find}->lines(2);
    die "a lookup is answered $line" unless $line =~ / n $side->{n}$/;
    my @found = $side->{reg}->find(".name pace.$$ .names 1");
    die "a new connection is answered @found" unless @found == 1;
    return time - $begin;
}

sub middle
{
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[@sorted / 2];
}

# the middle of so many rounds of either, with something done between them
sub measure
{
    my ($self, $between) = @_;
    my (@took, @other);
    for (1 .. 40) {
        $between->();
        push @took, round($self->{burdened});
        push @other, round($self->{other});
    }
    return (middle(@took), middle(@other));
}

sub unhurt
{
    my ($self, $what, $between) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($took, $other, $bound);
    # a machine busy with others is so for a while; who is held up, always
    for (1 .. 10) {
        ($took, $other) = $self->measure($between || sub {});
        $bound = 10 * max($self->{quiet}, $other) + $self->{slack};
        last if $took < $bound;
    }
    return cmp_ok $took, '<', $bound,
        sprintf 'others are served %s (%.1f ms, %.1f when it was quiet, '
        . '%.1f beside)', $what, 1000 * $took, 1000 * $self->{quiet},
        1000 * $other;
}

1;
