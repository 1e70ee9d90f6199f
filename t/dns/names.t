# What is there and what is not: NODATA, NXDOMAIN and REFUSED, and who runs the
# domain.
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
my $svc = $reg->register('tcp!10.0.0.1!80 service web node n1');

# -- nothing is there, or nothing of that kind ---------------------------------

my $soa = 'consul 0 SOA here\.node\.dc1\.consul hostmaster\.consul \d+ '
    . '3600 600 86400 0';
$soa = qr/^$soa$/;
for my $nothing (['no.node.consul', 'A'], ['no.service.consul', 'SRV'],
    ['x.web.service.consul', 'A'], ['no.query.consul', 'A'], ['no.consul', 'A'],
    ['web.service.dc9.consul', 'A'], ['1.addr.consul', 'A']) {
    my $a = $dns->ask(@$nothing);
    is $a->{rcode}, 'NXDOMAIN', "@$nothing: is not there";
    ok $a->{aa} && !$a->{ra}, 'says who knows';
    is_deeply $a->{answer}, [], 'no answer';
    like $a->{authority}[0], $soa, 'and whose word that is';
}
for my $empty (['web.service.consul', 'AAAA'], ['web.service.consul', 'MX'],
    ['service.consul', 'A'], ['_tcp.service.consul', 'NS'],
    ['dc1.consul', 'A'], ['node.dc1.consul', 'SRV'], ['consul', 'A'],
    ['here.node.consul', 'SRV']) {
    my $a = $dns->ask(@$empty);
    is $a->{rcode}, 'NOERROR', "@$empty: is there";
    ok $a->{aa}, 'says who knows';
    is_deeply $a->{answer}, [], 'without such records';
    like $a->{authority}[0], $soa, 'and whose word that is';
}
for my $other (['example.org', 'A'], ['org', 'NS'], ['consul.example', 'A'],
    ['1.1.1.1.in-addr.arpa', 'PTR']) {
    my $a = $dns->ask(@$other);
    is $a->{rcode}, 'REFUSED', "@$other: is not ours";
    ok !$a->{aa} && !@{$a->{authority}}, 'and nothing is said of it';
}
is $dns->ask('consul', 'AXFR', tcp => 1)->{rcode}, 'REFUSED', 'no transfer';
is $dns->ask('web.service.consul', 'A', class => 3)->{rcode}, 'REFUSED',
    'of CHAOS nothing is known';

# -- who runs it ---------------------------------------------------------------

like $dns->records('consul', 'SOA'), $soa, 'SOA';
my ($serial) = $dns->records('consul', 'SOA') =~ /(\d+) 3600/;
my $more = $reg->register('tcp!10.0.0.2!80 service web node n2');
my ($later) = $dns->records('consul', 'SOA') =~ /(\d+) 3600/;
cmp_ok $later, '>', $serial, 'its serial grows with changes';
is $dns->records('consul', 'NS'), 'consul 0 NS here.node.dc1.consul', 'NS';
my ($own) = $dns->records('here.node.consul', 'A') =~ / A (\S+)$/;
my $reverse = join('.', reverse split /\./, $own) . '.in-addr.arpa';
is $dns->records($reverse, 'PTR'), "$reverse 0 PTR here.node.dc1.consul",
    'and an address knows its node';

# -- another domain ------------------------------------------------------------

my $other = registry('-o', 'registry.dns=127.0.0.1:0', '-o',
    'consul.domain=svc.example.org', '-o', 'consul.datacenter=east');
my $svc2 = $other->register('tcp!10.0.0.1!80 service web node n1');
$dns = Dns->new($other);
is $dns->records('web.service.svc.example.org', 'A'),
    'web.service.svc.example.org 0 A 10.0.0.1', 'another domain';
is $dns->records('web.service.east.svc.example.org', 'A'),
    'web.service.east.svc.example.org 0 A 10.0.0.1', 'and datacenter';
is $dns->records('web.service.consul', 'A'), 'REFUSED',
    'and not that of others';

my ($rc, undef, $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', 'registry.store=memory', '-o', 'binds=127.0.0.1:0:0:0',
    '-o', 'registry.admin=off', '-o', 'registry.consul=off',
    '-o', 'registry.dns=127.0.0.1:0', '-o', 'consul.domain=a..b');
isnt $rc, 0, 'a domain that is none is refused';
like $err, qr/consul\.domain a\.\.b: this is no domain name/, 'and named';
finish();
