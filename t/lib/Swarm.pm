# Many clients of daemons in one process, none of which waits for another: each
# has its own queue of bytes to send, and tells of every line that it gets.
#
#   my $swarm = Swarm->new;
#   my $c = $swarm->dial($reg->address('find'), line => sub { my ($c, $l) = @_ },
#       end => sub { my ($c) = @_ });
#   $swarm->say($c, "kind web\n");
#   $swarm->pump(0.01);
#
# A client with `deaf` set never reads.
package Swarm;
use strict;
use warnings;

use Errno qw(EAGAIN EINTR EINPROGRESS);
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER
    inet_aton pack_sockaddr_in MSG_DONTWAIT);

sub new { return bless {clients => {}}, $_[0] }

# false if the connection is refused at once
sub dial
{
    my ($self, $address, %options) = @_;
    my ($host, $port) = $address =~ /^(.*):(\d+)$/ or die "address $address?";
    socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
    bind $socket, pack_sockaddr_in(0, inet_aton($options{from}))
        if $options{from};
    connect $socket, pack_sockaddr_in($port, inet_aton($host)) or return;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    $socket->blocking(0);
    my $c = {%options, socket => $socket, fd => fileno $socket, in => '',
        out => '', lines => 0};
    return $self->{clients}{$c->{fd}} = $c;
}

sub count { return scalar keys %{$_[0]{clients}} }

sub clients { return values %{$_[0]{clients}} }

sub say
{
    my ($self, $c, $text) = @_;
    return if $c->{ended};
    $c->{out} .= $text;
    $self->flush($c);
    return;
}

sub flush
{
    my ($self, $c) = @_;
    while (length $c->{out}) {
        my $n = send $c->{socket}, $c->{out}, MSG_DONTWAIT;
        if (!defined $n) {
            return if $! == EAGAIN || $! == EINTR;
            $c->{out} = '';    # what it still says is to be read
            return;
        }
        substr $c->{out}, 0, $n, '';
    }
    shutdown $c->{socket}, 1 if delete $c->{half};
    return;
}

# No more is said; what comes is still read: nc -N
sub end_output
{
    my ($self, $c) = @_;
    $c->{half} = 1;
    $self->flush($c);
    return;
}

# Ends it, here; end() is not called.
sub drop
{
    my ($self, $c, $reset) = @_;
    return if $c->{ended}++;
    setsockopt $c->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $reset;
    delete $self->{clients}{$c->{fd}};
    close delete $c->{socket};
    return;
}

sub take
{
    my ($self, $c) = @_;
    my $n = sysread $c->{socket}, $c->{in}, 65536, length $c->{in};
    return if !defined $n && ($! == EAGAIN || $! == EINTR);
    while ((my $at = index $c->{in}, "\n") >= 0) {
        my $line = substr $c->{in}, 0, $at + 1, '';
        chop $line;
        $c->{lines}++;
        $c->{line}->($c, $line) if $c->{line};
        return if $c->{ended};
    }
    return if $n;
    $self->drop($c);
    $c->{end}->($c) if $c->{end};
    return;
}

# Moves bytes, waiting at most so long for the first; the number of clients
# that something happened to.
sub pump
{
    my ($self, $seconds) = @_;
    my ($read, $write) = ('', '');
    for my $c (values %{$self->{clients}}) {
        vec($read, $c->{fd}, 1) = 1 unless $c->{deaf};
        vec($write, $c->{fd}, 1) = 1 if length $c->{out};
    }
    my $n = select $read, $write, undef, $seconds;
    return 0 if $n <= 0;
    # in the order of descriptors, which is that of a seeded test
    for my $fd (sort { $a <=> $b } keys %{$self->{clients}}) {
        my $c = $self->{clients}{$fd} or next;
        $self->flush($c) if vec $write, $fd, 1;
        next if $c->{ended};
        $self->take($c) if vec $read, $fd, 1;
    }
    return $n;
}

1;
