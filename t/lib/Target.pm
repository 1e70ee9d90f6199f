# A small HTTP server of the test's own, for checks to look at: a process that
# answers every GET with the status it was told last, and keeps what it was
# asked. Ends with the test.
#
#   use Target;
#   my $t = Target->new;          # answers 200 "fine"
#   $t->port; $t->url;
#   $t->answers(503, 'body');     # from now on; undef: it never answers
#   $t->asked;                    # the requests so far, one text each
#   $t->stop;                     # its port is closed
package Target;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Muster ();

my $owner = $$;
my $count = 0;

sub new
{
    my ($class) = @_;
    my $dir = Muster::scratch();
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 50,
        ReuseAddr => 1, LocalPort => Muster::own_port())
        or die "listen: $!";
    my $self = bless {
        port => $listen->sockport,
        status => "$dir/target-" . $count . '.status',
        log => "$dir/target-" . $count++ . '.log',
    }, $class;
    Muster::spew($self->{log}, '');
    $self->answers(200, 'fine');
    $self->{pid} = fork;
    die "fork: $!" unless defined $self->{pid};
    if (!$self->{pid}) {
        eval { $self->serve($listen) };
        print STDERR "target: $@" if $@;
        require POSIX;
        POSIX::_exit(0);
    }
    close $listen;
    return $self;
}

sub port { return $_[0]{port} }
sub url { return "http://127.0.0.1:$_[0]{port}" }

sub answers
{
    my ($self, $status, $body) = @_;
    my $text = defined $status ? "$status " . (defined $body ? $body : '') : '';
    Muster::spew("$self->{status}.new", $text);
    rename "$self->{status}.new", $self->{status} or die $!;
    return;
}

sub asked { return split /\0/, Muster::slurp($_[0]{log}) }

sub serve
{
    my ($self, $listen) = @_;
    my $select = IO::Select->new($listen);
    my %held;
    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listen) {
                my $c = $listen->accept or next;
                $select->add($c);
                $held{$c} = '';
                next;
            }
            if (!sysread $s, $held{$s}, 65536, length $held{$s}) {
                $select->remove($s);
                delete $held{$s};
                close $s;
                next;
            }
            $self->answer($s, $held{$s}) if $held{$s} =~ /\r\n\r\n/;
        }
    }
}

sub answer
{
    my ($self, $s, $request) = @_;
    open my $log, '>>', $self->{log} or die $!;
    syswrite $log, "$request\0";
    close $log;
    my ($status, $body) = split / /, Muster::slurp($self->{status}), 2;
    return unless $status;
    my $text = "HTTP/1.1 $status Said\r\nContent-Length: " . length($body);
    syswrite $s, "$text\r\n\r\n$body";
    return;
}

sub stop
{
    my ($self) = @_;
    return unless $self->{pid} && $$ == $owner;
    kill 'KILL', $self->{pid};
    local $?;
    waitpid $self->{pid}, 0;
    $self->{pid} = 0;
    return;
}

sub DESTROY { return $_[0]->stop }

1;
