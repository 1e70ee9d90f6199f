# A real Consul agent, a server that is its own cluster and keeps nothing, to be
# asked beside a musterd.
#
#   my $agent = ConsulAgent->new(need_peer('consul', 'usr/bin/consul'),
#       node_name => 'here');
#   Muster::connect_to($agent->{address});
package ConsulAgent;
use strict;
use warnings;

use ConsulCli ();
use IO::Socket::INET;
use JSON::PP ();
use Muster;
use MusterHttp;

# Of TCP; those of its gossip are UDP's, too. Nobody keeps them for it.
sub free_ports
{
    my @held = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            Listen => 1) || die "listen: $!" } 1 .. $_[0];
    return map { $_->sockport } @held;
}

sub get
{
    my ($self, $path) = @_;
    my $c = eval { connect_to($self->{address}) } or return '';
    $c->send(request('GET', $path, headers => {Connection => 'close'}));
    my $a = eval { answer($c) } || {body => ''};
    $c->close;
    return $a->{body};
}

# It answers, leads, and has its own node: what calls need.
sub is_ready
{
    my ($self) = @_;
    return $self->get('/v1/status/leader') =~ /:\d/
        && $self->get("/v1/health/node/$self->{node}") =~ /serfHealth/
        && $self->get('/v1/catalog/service/consul') =~ /ServiceID/;
}

sub start
{
    my ($self, $program, %conf) = @_;
    my %ports;
    @ports{qw(http server serf_lan serf_wan)} = free_ports(4);
    my $file = spew(scratch() . '/agent.json', JSON::PP->new->encode({%conf,
        ports => {%ports, dns => -1, grpc => -1, https => -1}}));
    $self->{address} = "127.0.0.1:$ports{http}";
    $self->{server} = "127.0.0.1:$ports{server}";
    $self->{process} = ConsulCli->spawn({}, $program, 'agent', '-dev',
        '-config-file', $file);
    my $ended;
    eventually {
        $ended = waitpid($self->{process}{pid}, POSIX::WNOHANG()) != 0;
        return $ended || $self->is_ready;
    } 120 or die 'no Consul: ' . $self->{process}->out;
    delete $self->{process}{pid} if $ended;
    return !$ended;
}

# Settings as in its own file
sub new
{
    my ($class, $program, %conf) = @_;
    my $self = bless {node => $conf{node_name}}, $class;
    for (1 .. 5) { # another may have had one of its ports
        return $self if $self->start($program, bind_addr => '127.0.0.1',
            log_level => 'err', %conf);
    }
    die 'no Consul: ' . $self->{process}->out . $self->{process}->err;
}

1;
