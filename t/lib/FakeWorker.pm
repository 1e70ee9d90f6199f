# A worker that does what a test tells it to: it registers, waits for the
# dispatcher to dial, greets, and from then on every line is the test's.
#
#   my $w = FakeWorker->new($registry, 'web1', attrs => 'role web');
#   my $link = $w->link;               # accepted, greeted: a Muster::Conn
#   my ($jid) = $w->expect(qr/^run (\S+) execute/);
#   $w->say("ack $jid", "exit $jid 1 0 state 0 reason exited");
package FakeWorker;
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use Muster;
use Socket ();

# registered => 0: not yet; instance, slots, ops as it greets; port to take
sub new
{
    my ($class, $registry, $host, %o) = @_;
    my $self = bless {
        host => $host,
        registry => $registry,
        instance => 'INSTANCE' . ++(our $n),
        slots => 4,
        ops => 'execute,ping',
        attrs => '',
        %o,
    }, $class;
    $self->listen;
    $self->register if !exists $o{registered} || $o{registered};
    return $self;
}

sub listen
{
    my ($self) = @_;
    $self->{port} ||= own_port();
    $self->{listener} = IO::Socket::IP->new(
        LocalHost => '127.0.0.1', LocalPort => $self->{port},
        Listen => 5, ReuseAddr => 1) or die "listen: $!";
    return $self;
}

# Nobody answers there any more
sub deaf { return CORE::close(delete $_[0]{listener}) }

sub name { return "tcp!127.0.0.1!$_[0]{port}" }

sub register
{
    my ($self) = @_;
    $self->{service} = $self->{registry}->register(
        $self->name . " kind worker host $self->{host} $self->{attrs}");
    return $self;
}

sub unregister { return (delete $_[0]{service})->close }

# Changes an attribute: the dispatcher dials again at once, not after a pause
sub nudge
{
    my ($self) = @_;
    $self->{service}->send('nudge ' . ++$self->{nudges} . "\n");
    return $self;
}

# The dispatcher's connection, before any greeting
sub accept
{
    my ($self, $seconds) = @_;
    my $ready = IO::Select->new($self->{listener})
        ->can_read(Muster::deadline($seconds || 30));
    die "$self->{host} is not dialled" unless $ready;
    my $socket = $self->{listener}->accept or die "accept: $!";
    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
    $self->{conn} = bless {
        socket => $socket, in => '', eof => 0, address => $self->{host},
    }, 'Muster::Conn';
    return $self->{conn};
}

# Accepts and greets
sub link
{
    my ($self) = @_;
    my $c = $self->accept;
    my $hello = $c->line;
    die "$self->{host}: no hello" unless defined $hello
        && $hello =~ /^hello ([A-Z2-7]{8})$/;
    $self->{dispatcher} = $1;
    $c->send("hello $self->{host} $self->{instance} slots $self->{slots}"
        . " ops $self->{ops}\n");
    return $self;
}

sub say
{
    my ($self, @lines) = @_;
    return $self->{conn}->send(join '', map { "$_\n" } @lines);
}

# The next line that is no credit and no probe; undef at the deadline
sub line
{
    my ($self, $seconds) = @_;
    while (defined(my $line = $self->{conn}->line($seconds))) {
        return $line unless $line =~ /^got /;
    }
    return undef;
}

# It must match; what it captures
sub expect
{
    my ($self, $pattern, $seconds) = @_;
    my $line;
    while (1) {
        $line = $self->line($seconds);
        last if !defined $line || $line ne 'list' || $line =~ $pattern;
        $self->say('.end');    # it was quiet, and is asked whether it lives
    }
    die "$self->{host}: nothing came, wanted $pattern" unless defined $line;
    my @got = $line =~ $pattern
        or die "$self->{host}: $line, wanted $pattern";
    return wantarray ? @got : $got[0];
}

# Takes a job and ends it well
sub run_one
{
    my ($self, $rc) = @_;
    my $jid = $self->expect(qr/^run (\S+) /);
    my $state = $rc ? 2 : 0;
    $self->say("ack $jid", 'exit ' . $jid . ' 1 ' . ($rc || 0)
        . " state $state reason exited");
    return $jid;
}

# Waits until credit up to that line was given
sub got
{
    my ($self, $jid, $seq) = @_;
    while (defined(my $line = $self->{conn}->line)) {
        return 1 if $line =~ /^got \Q$jid\E (\d+)$/ && $1 >= $seq;
    }
    return 0;
}

sub hang_up { return (delete $_[0]{conn})->close }

1;
