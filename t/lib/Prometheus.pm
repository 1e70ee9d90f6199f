# A real Prometheus, on a port of its own, for tests of those that it asks.
#
#   plan skip_all => Prometheus::why() unless Prometheus::installed();
#   my $p = Prometheus->new($yaml);
#   $p->get('/api/v1/targets')->{data}{activeTargets};   # or {}
#   $p->stop;
package Prometheus;
use strict;
use warnings;

use IO::Socket::IP;
use JSON::PP ();
use Muster ();
use MusterHttp ();
use POSIX ();

sub installed
{
    return (grep { -x } map { "$_/prometheus" } split /:/, $ENV{PATH})[0];
}

sub why { return 'there is no prometheus here (Debian: prometheus)' }

# Whether it knows that part of its configuration: Debian's is built without
# some ways to discover.
sub knows
{
    my ($yaml) = @_;
    my $conf = Muster::spew(Muster::scratch() . '/known.yml', $yaml);
    my ($rc, $out, $err) = Muster::run_program(
        installed() =~ s/prometheus$/promtool/r, 'check', 'config', $conf);
    return $rc == 0;
}

sub new
{
    my ($class, $yaml) = @_;
    my $probe = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
        Listen => 1);
    my $self = bless {port => $probe->sockport,
        dir => Muster::scratch() . '/prometheus'}, $class;
    close $probe;
    mkdir $self->{dir};
    my $conf = Muster::spew("$self->{dir}/prometheus.yml", $yaml);
    my $pid = $self->{pid} = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', "$self->{dir}/log";
        open STDERR, '>&', \*STDOUT;
        exec installed(), "--config.file=$conf",
            "--storage.tsdb.path=$self->{dir}/tsdb",
            "--web.listen-address=127.0.0.1:$self->{port}"
            or POSIX::_exit(127);
    }
    return $self;
}

sub get
{
    my ($self, $path) = @_;
    my $c = eval { Muster::connect_to("127.0.0.1:$self->{port}") } or return {};
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
