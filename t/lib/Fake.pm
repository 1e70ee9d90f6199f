# A scripted stand-in for a daemon: what it says is the test's to choose, so
# that the command line can be shown answers that a real daemon gives seldom.
#
#   my $f = fake(sub { my ($line) = @_; return "web1 kind web\n" });
#   muster($f->registry, 'find');
#
# The function gets every line that a client sends, and the number of its
# connection; what it returns is sent. undef ends the connection. A registry's
# three ports are one: 127.0.0.1:PORT:PORT:PORT.
package Fake;
use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Muster ();
use POSIX ();

our @EXPORT = qw(fake);
my @running;
my $owner = $$;

sub fake
{
    my ($answer, %options) = @_;
    my $listener = IO::Socket::INET->new(
        Listen => 64, LocalAddr => '127.0.0.1', ReuseAddr => 1,
        LocalPort => Muster::own_port())
        or die "listen: $!";
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        serve($listener, $answer, $options{hello});
    }
    push @running, $pid;
    return bless {port => $listener->sockport, pid => $pid}, __PACKAGE__;
}

sub serve
{
    my ($listener, $answer, $hello) = @_;
    my $select = IO::Select->new($listener);
    my (%number, %rest, $connections);
    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listener) {
                my $c = $listener->accept or next;
                $c->autoflush(1);
                $number{$c} = ++$connections;
                $rest{$c} = '';
                $select->add($c);
                print $c $hello if defined $hello;
                next;
            }
            my $n = sysread $s, $rest{$s}, 65536, length $rest{$s};
            my $ends = !$n;
            while (!$ends && $rest{$s} =~ s/^([^\n]*)\n//) {
                my $text = $answer->($1, $number{$s}, $s);
                $ends = 1 if !defined $text;
                print $s $text if defined $text && length $text;
            }
            next unless $ends;
            $select->remove($s);
            close $s;
        }
    }
}

# As clients name it
sub address { return "127.0.0.1:$_[0]{port}" }
sub registry_address { my $p = $_[0]{port}; return "127.0.0.1:$p:$p:$p" }

sub stop
{
    my ($self) = @_;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    @running = grep { $_ != $self->{pid} } @running;
    return;
}

END {
    if ($$ == $owner) {
        my $rc = $?;
        for my $pid (@running) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
        }
        $? = $rc;
    }
}

1;
