# The agent about itself, its members, the servers: in the manner of 1.0 and of
# 0.7.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MusterHttp qw(check_metrics request);
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');

my @named = ('-o', 'consul.node_name=server1', '-o', 'consul.datacenter=DC7');
my $conf = scratch() . '/reg.yaml';
my $reg = consul({conf => "consul:\n  blocking: 1\n"}, @named);
my $address = $reg->address('consul');
my ($port) = $address =~ /:(\d+)$/;

sub get { return call($reg, 'GET', $_[0])->{json} }
sub keys_of { return join ' ', sort keys %{$_[0]} }

# -- agent/self

my $self = get('/v1/agent/self');
is keys_of($self), 'Config Coord DebugConfig Member Meta Stats', 'six keys';
is scalar(grep { ref ne 'HASH' } values %$self), 0, 'all of them objects';
is keys_of($self->{Config}),
    'Datacenter NodeID NodeName Revision Server Version', 'Config';
is $self->{Config}{Datacenter}, 'dc7', 'the datacenter, in lower case';
is $self->{Config}{NodeName}, 'server1', 'the name';
like $self->{Config}{NodeID}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'an id';
is $self->{Config}{Version}, '1.0.8', 'the version';
is $self->{Stats}{consul}{leader_addr}, get('/v1/status/leader'), 'the leader';
my @numbers = grep { !defined || ref }
    map { values %$_ } values %{$self->{Stats}};
is scalar(@numbers), 0, 'Stats are texts';
is_deeply $self->{Coord}, {Vec => [(0) x 8], Error => 1.5, Adjustment => 0,
    Height => 1e-5}, 'where it is';

# -- members

my $members = get('/v1/agent/members');
is_deeply $members, [$self->{Member}], 'the one member';
is keys_of($self->{Member}), 'Addr DelegateCur DelegateMax DelegateMin Name '
    . 'Port ProtocolCur ProtocolMax ProtocolMin Status Tags', 'its fields';
is $self->{Member}{Addr}, '127.0.0.1', 'its address';
is $self->{Member}{Status}, 1, 'it is alive';
is $self->{Member}{Tags}{role}, 'consul', 'a server';
is get('/v1/agent/members?wan=1')->[0]{Name}, 'server1.dc7', 'elsewhere';
is get('/v1/agent/members?wan=')->[0]{Name}, 'server1', 'here';

my $worker = $reg->register('w1 kind worker host db7');
my $web = $reg->register('web1 kind web host db7');
call($reg, 'PUT', '/v1/catalog/register',
    body => '{"Node":"ext","Address":"10.0.0.1"}');
is_deeply [map { "$_->{Name} $_->{Tags}{role}" } @{get('/v1/agent/members')}],
    ['db7 node', 'server1 consul'], 'a worker is one, a mere entry is not';

for my $method ('PUT', 'GET') {
    my $a = call($reg, $method, '/v1/agent/force-leave/DB7');
    is "$a->{status} $a->{body}", '200 ', "$method force-leave";
}
is_deeply [map { $_->{Status} } @{get('/v1/agent/members')}], [2, 1],
    'it is leaving';
is call($reg, 'PUT', '/v1/agent/force-leave/nobody')->{status}, 200,
    'who is no member need not leave';
ok scalar(eventually {
    get('/v1/agent/members')->[0]{Status} == 1;
}), '... until it has said that it is alive';
$_->close for $worker, $web;
ok scalar(eventually { @{get('/v1/agent/members')} == 1 }), 'it has gone';

my $a = call($reg, 'PUT', '/v1/agent/join/10.1.2.3:8301');
is $a->{status}, 500, 'there is no joining';
like $a->{body}, qr/^cannot join 10\.1\.2\.3:8301: /, '... and why';
is call($reg, 'PUT', '/v1/agent/leave')->{status}, 500, 'and no leaving';

# -- metrics

my $m = get('/v1/agent/metrics');
is keys_of($m), 'Counters Gauges Points Samples Timestamp', 'metrics';
ok scalar(grep { $_->{Name} eq 'muster_consul_calls_total' && $_->{Count} > 9 }
    @{$m->{Counters}}), 'calls are counted';
is join(' ', grep { !/^\d+\z/ } map { $_->{Count} } @{$m->{Counters}}), '',
    'in whole numbers';
$a = call($reg, 'GET', '/v1/agent/metrics?format=prometheus');
is join("\n", check_metrics($a->{body})), '', 'as Prometheus reads them';

# -- the log

my $reader = $reg->dial('consul');
$reader->send(MusterHttp::request('GET', '/v1/agent/monitor?loglevel=debug'));
my @head = $reader->until(qr/^\r$/);
like $head[0], qr/ 200 /, 'the log';
call($reg, 'GET', '/v1/no-such-path');
my @lines = $reader->until(qr/refused: 404/);
like $lines[-1], qr/^\d{4}-.* info musterd\[\d+\]: consul#\d+: refused: 404/,
    '... as it is written';
is call($reg, 'GET', '/v1/agent/monitor?loglevel=loud')->{body},
    'Unknown log level: loud', 'a level that is none';
$reader->close;

# -- the servers

my $raft = get('/v1/operator/raft/configuration');
is_deeply $raft, {Index => 1, Servers => [{ID => $self->{Config}{NodeID},
    Node => 'server1', Address => $address, Leader => JSON::PP::true,
    ProtocolVersion => '3', Voter => JSON::PP::true}]}, 'one server';
is get('/v1/operator/autopilot/health')->{Servers}[0]{SerfStatus}, 'alive',
    'it is well';
is get('/v1/operator/autopilot/configuration')->{CleanupDeadServers},
    JSON::PP::true, 'autopilot';
my %peer = ('' => 400, '?address=1.2.3.4:5' => 500, "?address=$address" => 500,
    '?id=x&address=y' => 400, '?id=x' => 500);
is call($reg, 'DELETE', "/v1/operator/raft/peer$_")->{status}, $peer{$_},
    "raft/peer$_" for sort keys %peer;
is call($reg, 'PUT', '/v1/operator/raft/peer')->{status}, 405, 'only DELETE';

# -- reload

my $c = caller_of($reg);
$c->hold('GET', '/v1/kv/none?index=1000');
ok scalar(eventually {
    call($reg, 'GET', '/v1/kv/none?index=1000&wait=1ms')->{status} == 429;
}), 'one may wait';
spew($reg->{conf}, "consul:\n  blocking: 2\n");
is call($reg, 'PUT', '/v1/agent/reload')->{status}, 200, 'reload';
ok scalar(eventually {
    call($reg, 'GET', '/v1/kv/none?index=1000&wait=1ms')->{status} == 404;
}), '... and then two';
$c->close;

# -- the id stays

my $db = 'registry.store=sqlite:' . scratch() . '/r.db';
my $kept = consul('-o', $db, @named);
my $id = call($kept, 'GET', '/v1/agent/self')->{json}{Config}{NodeID};
$kept->stop;
$kept->restart;
is call($kept, 'GET', '/v1/agent/self')->{json}{Config}{NodeID}, $id,
    'the id outlives the daemon';

# -- 0.7

$reg = consul(@named, '-o', 'consul.compat=0.7',
    '-o', 'consul.advertise=127.0.0.1:8300');
$self = get('/v1/agent/self');
is keys_of($self), 'Config Coord Member Stats', '0.7: four keys';
is $self->{Config}{ClientAddr}, '127.0.0.1', 'ClientAddr';
is "$self->{Config}{AdvertiseAddr}:$self->{Config}{Ports}{Server}",
    get('/v1/status/leader'), 'the address of the server';
is get('/v1/status/leader'), '127.0.0.1:8300', '... which is a setting';
is get('/v1/operator/raft/configuration')->{Servers}[0]{ID}, '127.0.0.1:8300',
    'a server is its address';

finish();
