# Services that netcat registers, as DNS has them: their addresses, ports and
# tags, only while they are healthy, gone with their connections.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Dns;
use Muster;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'consul.node_name=here');
my $dns = Dns->new($reg);
my @kept;

sub is_told
{
    my ($name, $type, $wanted, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $dns->records("$name.consul", $type), $wanted, $what
        || "$type of $name";
}

push @kept, map { $reg->register($_) }
    "tcp!10.0.0.1!80 service web node n1 tags 'blue,v1.2'",
    'web2 service web node n2 addr tcp!10.0.0.2!81 tags green';
is_told('web.service', 'A', "web.service.consul 0 A 10.0.0.1\n"
    . 'web.service.consul 0 A 10.0.0.2');
is_told('WEB.Service', 'A', "WEB.Service.consul 0 A 10.0.0.1\n"
    . 'WEB.Service.consul 0 A 10.0.0.2', 'in whatever case');
is_told('web.service.dc1', 'A', "web.service.dc1.consul 0 A 10.0.0.1\n"
    . 'web.service.dc1.consul 0 A 10.0.0.2', 'in this datacenter');
is_told('web.service.dc2', 'A', 'NXDOMAIN', 'and in no other');
is_told('web.service', 'AAAA', '', 'there are no others');
is_told('green.web.service', 'A', 'green.web.service.consul 0 A 10.0.0.2',
    'by tag');
is_told('v1.2.web.service', 'A', 'v1.2.web.service.consul 0 A 10.0.0.1',
    'a tag with a dot');
is_told('red.web.service', 'A', 'NXDOMAIN', 'a tag that none has');
is_told('_web._green.service', 'A', '_web._green.service.consul 0 A 10.0.0.2',
    'as RFC 2782 has it');

# -- SRV -----------------------------------------------------------------------

my $a = $dns->ask('_web._tcp.service.consul', 'SRV', edns => 1232);
is_deeply [sort @{$a->{answer}}], [
    '_web._tcp.service.consul 0 SRV 1 1 80 n1.node.dc1.consul',
    '_web._tcp.service.consul 0 SRV 1 1 81 n2.node.dc1.consul'],
    'ports, and nodes';
is_deeply [sort @{$a->{additional}}], [
    'n1.node.dc1.consul 0 A 10.0.0.1', 'n2.node.dc1.consul 0 A 10.0.0.2'],
    'whose addresses go with them';
push @kept, $reg->register('own service own addr tcp!10.0.0.9!7');
$a = $dns->ask('own.service.consul', 'SRV');
is_deeply $a->{answer},
    ['own.service.consul 0 SRV 1 1 7 0a000009.addr.dc1.consul'],
    'a name that stands for another address than the node has';
is_deeply $a->{additional}, ['0a000009.addr.dc1.consul 0 A 10.0.0.9'],
    'which goes with it';
is_told('0a000009.addr.dc1', 'A', '0a000009.addr.dc1.consul 0 A 10.0.0.9',
    'and can be asked for');

push @kept, map { $reg->register($_) }
    'named service far addr tcp!db.example.org!5432',
    'six service six addr tcp!2001:db8::1!9';
is_told('far.service', 'SRV',
    'far.service.consul 0 SRV 1 1 5432 db.example.org', 'a host by its name');
is_told('far.service', 'A', 'far.service.consul 0 CNAME db.example.org');
is_told('six.service', 'AAAA', 'six.service.consul 0 AAAA 2001:db8::1');

# -- where they are ------------------------------------------------------------

push @kept, $reg->register('plain service plain');
my ($own) = $dns->records('here.node.consul', 'A') =~ / A (\S+)$/;
ok $own, 'the node of the registry has an address';
is_told('plain.service', 'A', "plain.service.consul 0 A $own",
    'that of its node, where a service says none');
$a = $dns->ask('plain.service.consul', 'SRV');
is_deeply $a->{answer},
    ['plain.service.consul 0 SRV 1 1 0 here.node.dc1.consul'], 'by its name';
is_deeply $a->{additional}, ["here.node.dc1.consul 0 A $own"], 'with it';
is_told('consul.service', 'A', "consul.service.consul 0 A $own",
    'Consul itself');

# -- health and life -----------------------------------------------------------

my $sick = $reg->register('sick service ward node n3 '
    . 'addr tcp!10.0.0.3!1 status passing');
push @kept, $reg->register('well service ward node n4 addr tcp!10.0.0.4!1');
is_told('ward.service', 'A', "ward.service.consul 0 A 10.0.0.3\n"
    . 'ward.service.consul 0 A 10.0.0.4');
sub becomes
{
    $sick->send("status $_[0] .ack 1\n");
    like $sick->line, qr/^ok/, "it is $_[0]";
}
becomes('warning');
is_told('ward.service', 'A', "ward.service.consul 0 A 10.0.0.3\n"
    . 'ward.service.consul 0 A 10.0.0.4', 'it still counts');
becomes('critical');
is_told('ward.service', 'A', 'ward.service.consul 0 A 10.0.0.4', 'it does not');
becomes('passing');
is_told('ward.service', 'A', "ward.service.consul 0 A 10.0.0.3\n"
    . 'ward.service.consul 0 A 10.0.0.4', 'it does again');
$sick->close;
ok((eventually { $dns->records('ward.service.consul', 'A')
    eq 'ward.service.consul 0 A 10.0.0.4' }),
    'and is gone with its connection');

finish();
