# How much is said to whom: over UDP what fits there, over TCP all of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Dns;
use Muster;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.dns=127.0.0.1:0');
my $dns = Dns->new($reg);
my $c = $reg->dial('new');
my $many = 200;
$c->send(join '', map {
    ".new w$_ service many node n$_ addr tcp!10.0.1.$_!80 .ack 1\n" }
    1 .. $many);
is scalar(grep { /^ok/ } $c->lines($many)), $many, "$many instances";

my $a = $dns->ask('many.service.consul', 'A');
is scalar @{$a->{answer}}, 3, 'three of them, to who says nothing of more';
ok !$a->{tc} && $a->{size} <= 512, 'which is a whole answer';
ok !defined $a->{edns}, 'without EDNS0, which was not spoken';
my %first;
$first{$dns->ask('many.service.consul', 'A')->{answer}[0]}++ for 1 .. 40;
cmp_ok scalar keys %first, '>', 20, 'others each time';

$a = $dns->ask('many.service.consul', 'A', edns => 1232);
ok $a->{size} <= 1232 && $a->{size} > 1200, 'a datagram full, to who takes it';
ok $a->{tc}, 'truncated';
is $a->{edns}, 1232, 'in EDNS0';
$a = $dns->ask('many.service.consul', 'SRV', edns => 65000);
ok $a->{size} <= 1232 && $a->{tc}, 'no more, whatever is asked for';
$a = $dns->ask('many.service.consul', 'A', edns => 600);
ok $a->{size} <= 600 && $a->{tc} && @{$a->{answer}} > 30, 'or less';

for my $type (qw(A SRV)) {
    $a = $dns->ask('many.service.consul', $type, tcp => 1);
    is scalar @{$a->{answer}}, $many, "$type: all of them over TCP";
    ok !$a->{tc}, 'whole';
}
is scalar @{$a->{additional}}, $many, 'with their addresses';

# -- connections ---------------------------------------------------------------

my $tcp = $reg->dial('dns');
my %asked;
for my $n (1 .. 50) {
    my $q = $dns->question('many.service.consul', 'A', id => $n);
    $tcp->send(pack 'n/a', $q);
}
is_deeply [map { Dns::answer(Dns::message($tcp))->{id} } 1 .. 50], [1 .. 50],
    'many questions at once, in their order';
my $q = pack 'n/a', $dns->question('many.service.consul', 'A', id => 77);
for my $byte (split //, $q) {
    $tcp->send($byte);
}
is Dns::answer(Dns::message($tcp))->{id}, 77, 'a byte at a time';
$tcp->send($q);
$tcp->end;
is Dns::answer(Dns::message($tcp))->{id}, 77, 'from who will say no more';
ok $tcp->ends, 'and the connection ends';

# -- settings, read again ------------------------------------------------------

my $set = registry({conf => <<"END"}, '-o', 'registry.dns=127.0.0.1:0');
consul: {dns_udp_answers: 5, dns_udp_size: 4096, dns_service_ttl: 7,
    dns_node_ttl: 9}
END
$dns = Dns->new($set);
$c = $set->dial('new');
$c->send(join '', map {
    ".new w$_ service many node n$_ addr tcp!10.0.1.$_!80 .ack 1\n" }
    1 .. 100);
$c->lines(100);
is scalar @{$dns->ask('many.service.consul', 'A')->{answer}}, 5,
    'as many as is set';
$a = $dns->ask('many.service.consul', 'A', edns => 4096);
is scalar @{$a->{answer}}, 100, 'as long as is set';
like $a->{answer}[0], qr/^many\.service\.consul 7 A/, 'for so long';
like $dns->records('n1.node.consul', 'TXT'), qr/^$/, 'a node without more';
spew($set->{conf}, "consul: {dns_udp_answers: 0, dns_only_passing: on}\n");
$set->signal('HUP');
ok((eventually { $dns->ask('many.service.consul', 'A')->{tc} }),
    'without a bound as many as fit, after a reload');
$c->send(".of w1 status warning\n.of w2 status critical\n");
$c->lines(2);
is scalar @{$dns->ask('many.service.consul', 'A', tcp => 1)->{answer}}, 98,
    'and only those that pass';
finish();
