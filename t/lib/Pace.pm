# How soon an ordinary client is served, for tests that burden a registry with
# others: the middle one of many round trips, compared with what it was when
# nothing else went on in the same run. Far from the figures of a benchmark:
# a bound that only something which holds others up can break.
#
#   my $pace = Pace->new($reg);       # slack => SECONDS, beside ten times that
#   ...
#   $pace->unhurt('while others flood it', sub { goes on with the flood });
package Pace;
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

my $slack = Muster::deadline(0.15);    # seconds: a machine that does other work

sub new
{
    my ($class, $reg, %options) = @_;
    my $self = bless {slack => $slack, %options, reg => $reg,
        find => $reg->dial('find'),
        service => $reg->register("pace.$$ n 0")}, $class;
    $self->{find}->send(".name pace.$$ .keep 1\n");
    $self->{find}->lines(2);
    $self->{quiet} = $self->measure(sub {});
    return $self;
}

# one lookup on a connection that is kept, one change, one new connection
sub round
{
    my ($self) = @_;
    my $reg = $self->{reg};
    my $begin = time;
    $self->{service}->send('n ' . ++$self->{n} . "\n");
    die 'a change is not answered' unless ($self->{service}->line || '') =~ /^ok/;
    $self->{find}->send(".name pace.$$\n");
    my ($line) = $self->{find}->lines(2);
    die "a lookup is answered $line" unless $line =~ / n $self->{n}$/;
    my @found = $reg->find(".name pace.$$ .names 1");
    die "a new connection is answered @found" unless @found == 1;
    return time - $begin;
}

# the middle of so many rounds, with something done between them
sub measure
{
    my ($self, $between) = @_;
    my @took;
    for (1 .. 40) {
        $between->();
        push @took, $self->round;
    }
    @took = sort { $a <=> $b } @took;
    return $took[@took / 2];
}

sub unhurt
{
    my ($self, $what, $between) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $bound = 10 * $self->{quiet} + $self->{slack};
    my $took;
    # a machine busy with others is so for a while; who is held up, always
    for (1 .. 3) {
        $took = $self->measure($between || sub {});
        last if $took < $bound;
    }
    return cmp_ok $took, '<', $bound,
        sprintf 'others are served %s (%.1f ms, %.1f when it was quiet)',
        $what, 1000 * $took, 1000 * $self->{quiet};
}

1;
