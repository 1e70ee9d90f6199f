# Who asks by DNS shows no token: he is told what the anonymous may see.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Dns;
use JSON::PP qw(encode_json);
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $master = '00000000-0000-0000-0000-0000000000aa';
my $file = spew(scratch() . '/master', "$master\n");
chmod 0600, $file;
my $reg = consul('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'consul.node_name=here',
    '-o', "consul.acl_master_token=$file",
    '-o', 'consul.acl_default_policy=deny');
my $dns = Dns->new($reg);
sub put
{
    my ($path, $body) = @_;
    return call($reg, 'PUT', "$path?token=$master",
        body => encode_json($body));
}

is put('/v1/catalog/register', {Node => 'n1', Address => '10.0.0.1',
    NodeMeta => {rack => 'r1'},
    Service => {Service => 'web', Port => 80}})->{body}, 'true', 'a service';
put('/v1/catalog/register', {Node => 'n2', Address => '10.0.0.2',
    Service => {Service => 'db', Port => 81}});
put('/v1/catalog/register', {Node => 'n2', Address => '10.0.0.2',
    Service => {Service => 'web', Port => 80}});
is $dns->records('web.service.consul', 'A'), 'NXDOMAIN',
    'with ACLs that deny nothing is there';
is $dns->records('n1.node.consul', 'A'), 'NXDOMAIN', 'no node';
is $dns->records('1.0.0.10.in-addr.arpa', 'PTR'), 'REFUSED', 'nor its name';

is put('/v1/acl/update', {ID => 'anonymous', Type => 'client', Rules =>
    'service "web" { policy = "read" } node "n1" { policy = "read" }'})
    ->{status}, 200, 'the anonymous may read of one service, and one node';
for my $tcp (0, 1) {
    is $dns->records('web.service.consul', 'A', tcp => $tcp),
        'web.service.consul 0 A 10.0.0.1', 'which is what is there';
    is $dns->records('n1.node.consul', 'TXT', tcp => $tcp),
        'n1.node.consul 0 TXT rack=r1', 'and the node';
    is $dns->records('db.service.consul', 'A', tcp => $tcp), 'NXDOMAIN',
        'and no other';
    is $dns->records('n2.node.consul', 'A', tcp => $tcp), 'NXDOMAIN',
        'nor node';
}
ok((eventually { $dns->records('1.0.0.10.in-addr.arpa', 'PTR') =~ /PTR n1\./ }),
    'by its address, too');
is $dns->records('2.0.0.10.in-addr.arpa', 'PTR'), 'REFUSED',
    'another has no name';

# -- our own rights ------------------------------------------------------------

my $closed = registry('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'auth.anonymous=none', '-o', 'consul.node_name=here');
$dns = Dns->new($closed);
is $dns->records('here.node.consul', 'A'), 'NXDOMAIN',
    'where the anonymous may nothing, nothing is there';
is $dns->ask('consul', 'SOA')->{rcode}, 'NOERROR', 'but the domain';
finish();
