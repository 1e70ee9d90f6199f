# A program on a terminal of its own, by script(1): what it shows there, keys
# that are pressed, how it ends.
#
#   my $t = Terminal->new('muster', 'exec', ...);
#   $t->until(qr/detach/);
#   $t->press("c");
#   is $t->status, 5;
package Terminal;
use strict;
use warnings;

use IO::Select;
use IPC::Open2 ();
use Time::HiRes qw(time);
use Muster ();

sub available { return grep { -x "$_/script" } split /:/, $ENV{PATH} }

sub quoted { my $w = $_[0]; $w =~ s/'/'\\''/g; return "'$w'" }

sub new
{
    my ($class, @command) = @_;
    my %env = (TERM => 'xterm', COLUMNS => 80);
    local @ENV{keys %env} = values %env;
    local $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
    my $pid = IPC::Open2::open2(my $out, my $in, 'script', '-qefc',
        'stty cols 80 rows 24; exec ' . join(' ', map { quoted($_) } @command),
        '/dev/null');
    binmode $out;
    return bless {pid => $pid, in => $in, out => $out, seen => ''}, $class;
}

sub press
{
    my ($self, $keys) = @_;
    syswrite $self->{in}, $keys;
    return;
}

sub fill
{
    my ($self, $end) = @_;
    my $left = $end - time;
    return 0 if $left <= 0 || !IO::Select->new($self->{out})->can_read($left);
    return sysread $self->{out}, $self->{seen}, 65536, length $self->{seen};
}

# Reads until it matches: what was shown since the last time, or undef
sub until
{
    my ($self, $pattern, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 30);
    while (1) {
        if ($self->{seen} =~ /$pattern/) {
            my $shown = substr $self->{seen}, 0, $+[0], '';
            return $shown;
        }
        last unless $self->fill($end);
    }
    Test::More::diag("the terminal shows: $self->{seen}");
    return undef;
}

# The rest of what it shows, to its end
sub rest
{
    my ($self) = @_;
    my $end = time + Muster::deadline(60);
    1 while $self->fill($end);
    return $self->{seen};
}

sub status
{
    my ($self) = @_;
    $self->rest;
    close $self->{in};
    waitpid $self->{pid}, 0;
    return $? >> 8;
}

1;
