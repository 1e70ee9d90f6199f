# A crowd of connections to one address, read and written by one select(2):
# what thousands of clients do at once.
#
#   my $crowd = MusterCrowd->new($reg->address('event'), 1000);
#   $crowd->send(sub { my ($i) = @_; "id i$i .filter 1\n" });
#   $crowd->pump(sub { ... }) or die;      # until it is true, or a deadline
#   $crowd->lines($i)                      # what member i has said since
package MusterCrowd;
use strict;
use warnings;

use Errno qw(EAGAIN EINTR EINPROGRESS);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Muster;
use Socket;
use Time::HiRes qw(time);

# So many as were asked for, or as descriptors allow here
sub size
{
    my ($class, $wanted) = @_;
    my $fds = `sh -c 'ulimit -n'`;
    return $wanted if $fds !~ /^\d+/ || $fds > $wanted + 200;
    return $fds > 400 ? $fds - 200 : 200;
}

sub new
{
    my ($class, $address, $count) = @_;
    my ($host, $port) = $address =~ /^\[?(.*?)\]?:(\d+)$/
        or die "address $address?";
    my $self = bless {
        to => pack_sockaddr_in($port, inet_aton($host)),
        members => [], by_fd => [],
    }, $class;
    $self->join for 1 .. $count;
    return $self;
}

# One more; its number. receive: bytes that its socket holds unread
sub join
{
    my ($self, %o) = @_;
    socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $o{receive} if $o{receive};
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
    fcntl $socket, F_SETFL, O_NONBLOCK;
    connect $socket, $self->{to} or $! == EINPROGRESS or die "connect: $!";
    my $m = {socket => $socket, fd => fileno $socket, in => '', out => ''};
    push @{$self->{members}}, $m;
    $self->{by_fd}[$m->{fd}] = $m;
    return $#{$self->{members}};
}

sub count { return scalar @{$_[0]{members}} }
sub member { return $_[0]{members}[$_[1]] }

# The text, or what the sub makes of each number, to everyone
sub send
{
    my ($self, $what) = @_;
    for my $i (0 .. $#{$self->{members}}) {
        $self->send_to($i, ref $what ? $what->($i) : $what);
    }
    return;
}

sub send_to
{
    my ($self, $i, $text) = @_;
    my $m = $self->{members}[$i];
    $m->{out} .= $text;
    write_some($m);
    return;
}

sub write_some
{
    my ($m) = @_;
    while (length $m->{out} && !$m->{eof}) {
        my $n = syswrite $m->{socket}, $m->{out};
        if (!defined $n) {
            next if $! == EINTR;
            $m->{eof} = "$!" unless $! == EAGAIN || $!{ENOTCONN};
            return;
        }
        substr $m->{out}, 0, $n, '';
    }
    return;
}

sub read_some
{
    my ($m) = @_;
    my $n = sysread $m->{socket}, $m->{in}, 65536, length $m->{in};
    return if !defined $n && ($! == EAGAIN || $! == EINTR);
    $m->{eof} = defined $n ? 'eof' : "$!" unless $n;
    return;
}

# The sockets that select(2) said something of
sub each_set
{
    my ($self, $bits, $fn) = @_;
    my $text = unpack 'b*', $bits;
    my $at = -1;
    while (($at = index $text, '1', $at + 1) >= 0) {
        $fn->($self->{by_fd}[$at]) if $self->{by_fd}[$at];
    }
    return;
}

# Reads and writes what can be, once; waits at most so long for it
sub turn
{
    my ($self, $wait) = @_;
    my ($read, $write) = ('', '');
    for my $m (@{$self->{members}}) {
        next if $m->{eof};
        vec($read, $m->{fd}, 1) = 1 unless $m->{deaf};
        vec($write, $m->{fd}, 1) = 1 if length $m->{out};
    }
    my $n = select my $r = $read, my $w = $write, undef, $wait;
    return if $n <= 0;
    $self->each_set($w, \&write_some);
    $self->each_set($r, \&read_some);
    return;
}

# Until the condition holds: true, or false at the deadline
sub pump
{
    my ($self, $condition, $seconds) = @_;
    my $end = time + deadline($seconds || 60);
    while (!$condition->()) {
        return 0 if time > $end;
        $self->turn(0.05);
    }
    return 1;
}

# The whole lines of one, taken
sub lines
{
    my ($self, $i) = @_;
    my $m = $self->{members}[$i];
    my $end = rindex $m->{in}, "\n";
    return if $end < 0;
    return split /\n/, substr $m->{in}, 0, $end + 1, '';
}

# How many have at least so many whole lines waiting
sub with_lines
{
    my ($self, $count) = @_;
    return scalar grep { ($_->{in} =~ tr/\n//) >= $count }
        @{$self->{members}};
}

sub close
{
    my ($self) = @_;
    CORE::close($_->{socket}) for @{$self->{members}};
    $self->{members} = [];
    $self->{by_fd} = [];
    return;
}

1;
