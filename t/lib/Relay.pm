# A relay between two programs whose connections a test can cut:
#   my $r = Relay->new(HOST:PORT, ...); $r->ports; $r->cut; $r->stop
package Relay;

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);

# One port for each target, all in one process of their own.
sub new
{
    my ($class, @targets) = @_;
    my @listeners = map {
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
            ReuseAddr => 1) or die "cannot listen: $!"
    } @targets;
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if (!$pid) {
        relay(\@listeners, \@targets);
        require POSIX;
        POSIX::_exit(0);
    }
    return bless {pid => $pid, ports => [map { $_->sockport } @listeners]},
        $class;
}

sub ports { return @{$_[0]{ports}} }

sub cut { return CORE::kill USR1 => $_[0]{pid} }

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    CORE::kill KILL => $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY
{
    local ($?, $!);
    return $_[0]->stop;
}

sub relay
{
    my ($listeners, $targets) = @_;
    my (%peer, $cut);
    my %target = map { ($listeners->[$_] => $targets->[$_]) } 0 .. $#$targets;
    my $select = IO::Select->new(@$listeners);
    my $drop = sub {
        for my $s (@_) {
            $select->remove($s);
            delete $peer{$s};
            # at once, with what is under way
            setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
            close $s;
        }
    };
    local $SIG{USR1} = sub { $cut = 1 };
    local $SIG{PIPE} = 'IGNORE';
    while (1) {
        for my $s ($select->can_read) {
            if ($target{$s}) {
                my $in = $s->accept or next;
                my $out = IO::Socket::INET->new(PeerAddr => $target{$s});
                if (!$out) {
                    close $in;
                    next;
                }
                @peer{$in, $out} = ($out, $in);
                $select->add($in, $out);
                next;
            }
            my $to = $peer{$s} or next;
            my $n = sysread $s, my $bytes, 65536;
            next if !defined $n && $!{EINTR};
            $drop->($s, $to) if !$n || !send_all($to, $bytes);
        }
        next if !$cut;
        $cut = 0;
        $drop->(grep { !$target{$_} } $select->handles);
    }
    return;
}

sub send_all
{
    my ($to, $bytes) = @_;
    while (length $bytes) {
        my $n = syswrite $to, $bytes;
        next if !defined $n && $!{EINTR};
        return 0 if !$n;
        substr $bytes, 0, $n, '';
    }
    return 1;
}

1;
