# Sessions of nodes and checks that Consul's own calls register: they end with
# them, over a restart too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/db');
my $json = JSON::PP->new->utf8;

sub register
{
    my $a = call($reg, 'PUT', '/v1/catalog/register',
        body => $json->encode({@_}));
    is $a->{body}, 'true', 'registered' or diag $a->{status};
    return;
}

sub deregister
{
    return call($reg, 'PUT', '/v1/catalog/deregister',
        body => $json->encode({@_}))->{body};
}

sub check
{
    my ($id, $status) = @_;
    register(Node => 'db1', Address => '10.0.0.1',
        Check => {CheckID => $id, Name => $id, Status => $status});
    return;
}

sub lives { return @{call($reg, 'GET', "/v1/session/info/$_[0]")->{json}} }
sub ends { my ($id) = @_; return eventually { !lives($id) } }

check('disk', 'passing');
check('net', 'warning');
my $both = session($reg, Node => 'db1', Checks => [qw(disk net)],
    LockDelay => '0s');
my $net = session($reg, Node => 'DB1', Checks => ['Net'], LockDelay => '0s');
my $none = session($reg, Node => 'db1', Checks => []);
is kv_put($reg, 'l', 'x', "?acquire=$both"), 'true', 'it has a lock';

check('disk', 'passing');
check('net', 'passing');
check('other', 'critical');
ok lives($_), 'what is not critical ends nobody' for $both, $net, $none;
my $w = caller_of($reg);
$w->ask('GET', '/v1/kv/l?wait=60s&index=' . kv_get($reg, 'l')->{ModifyIndex});
check('disk', 'critical');
ok ends($both), 'a critical check ends who names it';
is $w->read->{json}[0]{Session}, undef, 'who waits for the lock is told';
ok lives($_), 'but nobody else' for $net, $none;
is kv_put($reg, 'l', 'x', "?acquire=$net"), 'true', 'another has the lock';
is call($reg, 'PUT', '/v1/session/create',
    body => '{"Node":"db1","Checks":["disk"]}')->{body},
    q(Check 'disk' is in critical state), 'a critical check lets nobody in';
is deregister(Node => 'db1', CheckID => 'net'), 'true', 'a check goes';
ok ends($net), 'and its sessions with it';
ok lives($none), 'but nobody else';

check($_, 'passing') for qw(net other2);
my $later = session($reg, Node => 'db1', NodeChecks => ['net'],
    ServiceChecks => [{ID => 'other2'}], LockDelay => '0s');
is_deeply [map { @{$_->{Checks}} } lives($later)], ['net', 'other2'],
    'as later versions say it: of nodes, and of services';
check('other2', 'critical');
ok ends($later), 'it depends on both';

$reg->kill;
$reg->restart;
ok lives($none), 'it lives on over a crash';
my $here = session($reg);
is deregister(Node => 'db1'), 'true', 'a node goes';
ok ends($none), 'and its sessions with it';
ok lives($here), 'but nobody else';
finish();
