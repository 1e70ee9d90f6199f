# For the tests of libmuster: its driver (t/driver) as a connection that takes
# orders and says lines, and scripted registries and dispatchers to talk to.
#
#   my $fake = fake_registry();
#   my $d = driver($fake->name);
#   $d->send("find f 'kind=web'\n");
#   my $c = $fake->find;             # a Muster::Conn that was accepted
#   is $c->line, 'kind web .keep 1';
package MusterClient;
use strict;
use warnings;

use Exporter 'import';
use IO::Socket::IP;
use Muster;
use POSIX ();
use Socket;
use Test::More;

our @EXPORT = qw(driver fake fake_registry);

# driver(REGISTRIES, [DISPATCHER, [REQUEST_MS]]): it runs until its end()
sub driver
{
    my @args = map { defined $_ ? $_ : '' } @_;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!";
    my $log = scratch() . '/driver-' . ++(our $count) . '.log';
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>', $log;
        close $ours;
        my $program = program('t/driver/client-driver');
        my @wrap = split ' ', $ENV{MUSTER_WRAP} || '';
        my @command = (@wrap, $program, @args);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    close $theirs;
    return bless {
        socket => $ours, in => '', eof => 0, address => 'driver',
        pid => $pid, log => $log,
    }, 'MusterClient::Driver';
}

# One listening port of ours
sub fake
{
    my ($address) = @_;
    my ($host, $port) = ($address || '127.0.0.1:' . own_port())
        =~ /^(.*):(\d+)$/;
    my $socket = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port,
        Listen => 50, ReuseAddr => 1) or die "listen: $!";
    return bless { socket => $socket,
        address => "$host:" . $socket->sockport }, 'MusterClient::Fake';
}

# Three of them
sub fake_registry
{
    return bless { map { ($_ => fake()) } qw(new find event) },
        'MusterClient::Registry';
}

package MusterClient::Driver;
use strict;
use warnings;
use Test::More;
our @ISA = ('Muster::Conn');

# Everything is freed; a sanitizer has nothing to say.
sub finish
{
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->end;
    my $status = Muster::wait_for($self->{pid}, 60);
    if (!defined $status) {
        kill 'KILL', $self->{pid};
        waitpid $self->{pid}, 0;
    }
    my @bad = grep { !/^-?-?\d+-?-? *$/ } split /\n/,
        Muster::slurp($self->{log});
    @bad = grep { /Sanitizer|runtime error|^==\d+== .*(?:Invalid|ly lost)/ }
        @bad if $ENV{MUSTER_WRAP};
    ok(defined $status && $status == 0 && !@bad, 'the driver ends well')
        or diag('status ' . (defined $status ? $status : 'hangs') . "\n",
        map { "$_\n" } @bad);
    return;
}

# The next line that is no news of a link
sub news
{
    my ($self, $seconds) = @_;
    while (defined(my $line = $self->line($seconds))) {
        return $line if $line !~ /^link /;
    }
    return undef;
}

# Nothing comes of what was done up to here: it answers an echo first.
sub quiet
{
    my ($self) = @_;
    my $word = 'echo' . ++(our $echoes);
    $self->send("echo $word\n");
    my $line = $self->news;
    return $line eq $word;
}

package MusterClient::Fake;
use strict;
use warnings;
use IO::Select;

sub address { return $_[0]{address} }
sub port { return $_[0]{address} =~ /:(\d+)$/ ? $1 : 0 }

# The next connection, or undef at the deadline
sub accept
{
    my ($self, $seconds) = @_;
    return undef unless IO::Select->new($self->{socket})
        ->can_read(Muster::deadline($seconds || 30));
    my $socket = $self->{socket}->accept or return undef;
    binmode $socket;
    $socket->blocking(1);
    return bless { socket => $socket, in => '', eof => 0,
        address => 'accepted' }, 'Muster::Conn';
}

sub close { return CORE::close(delete $_[0]{socket}) }

sub reopen
{
    my ($self) = @_;
    %$self = %{ MusterClient::fake($self->{address}) };
    return $self;
}

package MusterClient::Registry;
use strict;
use warnings;

sub name
{
    my ($self) = @_;
    return join ':', '127.0.0.1', map { $self->{$_}->port } qw(new find event);
}

sub new { return $_[0]{new}->accept($_[1]) }
sub find { return $_[0]{find}->accept($_[1]) }
sub event { return $_[0]{event}->accept($_[1]) }

1;
