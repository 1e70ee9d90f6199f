# A real Prometheus, on a port of its own, for tests of those that it asks.
#
#   plan skip_all => Prometheus::why() unless Prometheus::installed();
#   my $p = Prometheus->new($yaml);
#   $p->get('/api/v1/targets')->{data}{activeTargets};   # or {}
#   $p->stop;
package Prometheus;
use strict;
use warnings;

use JSON::PP ();
use Muster ();
use MusterHttp ();
use POSIX ();

sub installed
{
    return (grep { -x } map { "$_/prometheus" } split /:/, $ENV{PATH})[0];
}

sub why { return 'there is no prometheus here (Debian: prometheus)' }

# One with that configuration; PROGRAM: another than the one in PATH
sub new
{
    my ($class, $yaml, $program) = @_;
    my $self = bless {dir => Muster::scratch() . '/prometheus'}, $class;
    mkdir $self->{dir};
    my $conf = Muster::spew("$self->{dir}/prometheus.yml", $yaml);
    my $pid = $self->{pid} = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec $program || installed(), "--config.file=$conf",
            "--storage.tsdb.path=$self->{dir}/tsdb",
            '--web.listen-address=127.0.0.1:0'
            or POSIX::_exit(127);
    }
    return $self;
}

# It never says which port the kernel gave it: the one it listens at
sub port
{
    my ($self) = @_;
    return $self->{port} if $self->{port};
    my %own = map { $_ => 1 } map { (readlink || '') =~ /^socket:\[(\d+)\]/ }
        glob "/proc/$self->{pid}/fd/*";
    for (split /\n/, Muster::slurp('/proc/net/tcp')) {
        my ($local, $state, $inode) = (split)[1, 3, 9];
        next unless $state eq '0A' && $own{$inode};
        return $self->{port} = hex $local =~ s/.*://r;
    }
    return undef;
}

sub get
{
    my ($self, $path) = @_;
    my $port = $self->port or return {};
    my $c = eval { Muster::connect_to("127.0.0.1:$port") } or return {};
    $c->send(MusterHttp::request('GET', $path,
        headers => {Connection => 'close'}));
    my $answer = eval { MusterHttp::answer($c) } or return {};
    return eval { JSON::PP::decode_json($answer->{body}) } || {};
}

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!);
    $self->stop;
}

1;
