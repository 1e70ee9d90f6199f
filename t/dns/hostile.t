# What is no question, or is asked by who means no good: the others are served.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Dns;
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'registry.admin=127.0.0.1:0',
    '-o', 'limits.connections_per_address=20',
    '-o', 'consul.dns_idle=1s', '-o', 'consul.node_name=here');
my $dns = Dns->new($reg);
my $alive = sub {
    is $dns->ask('here.node.consul', 'A')->{rcode}, 'NOERROR', $_[0];
};
$alive->('it answers');

# -- datagrams -----------------------------------------------------------------

my $q = $dns->question('here.node.consul', 'A', id => 4711);
my $silent = sub {
    my ($bytes, $what) = @_;
    my ($host, $port) = $dns->address =~ /^(.*):(\d+)$/;
    my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
        Type => Socket::SOCK_DGRAM());
    $s->send($bytes);
    $s->send($dns->question('here.node.consul', 'A', id => 1));
    $s->recv(my $answer, 65535);
    is Dns::answer($answer)->{id}, 1, "$what is not answered";
};
$silent->('', 'nothing');
$silent->('x' x 11, 'less than a head');
$silent->(pack('nn', 4711, 0x8180) . substr($q, 4), 'an answer');
$silent->('x' x 9000, 'more than any question');
for my $bad (substr($q, 0, 12), substr($q, 0, -1), "$q\0", $q . 'x' x 100,
    pack('n6', 4711, 0, 2, 0, 0, 0) . substr($q, 12) x 2,
    pack('n6', 4711, 0, 1, 1, 0, 0) . substr($q, 12),
    pack('n6', 4711, 0, 1, 0, 0, 65535) . substr($q, 12),
    pack('n6', 4711, 0, 1, 0, 0, 0) . "\xc0\x0c\0\1\0\1",
    pack('n6', 4711, 0, 1, 0, 0, 0) . "\xff\xff\0\1\0\1",
    pack('n6', 4711, 0, 1, 0, 0, 0) . ("\x3f" . 'x' x 63) x 5 . "\0\0\1\0\1") {
    is Dns::answer($dns->by_udp($bad))->{rcode}, 'FORMERR',
        'what cannot be read';
}
is Dns::answer($dns->by_udp(pack('n', 4711) . "\x28" . substr $q, 3))->{rcode},
    'NOTIMP', 'an update';
srand 5;
my ($host, $port) = $dns->address =~ /^(.*):(\d+)$/;
my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
    Type => Socket::SOCK_DGRAM());
for my $n (1 .. 2000) {
    my $bytes = $q;
    substr $bytes, int(rand length $bytes), 1, chr int rand 256
        for 1 .. 1 + rand 4;
    $s->send($bytes);
    $dns->ask('consul', 'SOA') if $n % 50 == 0; # it has taken those before
}
$alive->('after questions with other bytes in them');

# -- connections ---------------------------------------------------------------

for my $length (0, 4097, 65535) {
    my $c = $reg->dial('dns');
    $c->send(pack('n', $length) . 'x' x 100);
    ok $c->ends, "a message of $length bytes ends the connection";
}
my $c = $reg->dial('dns');
$c->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
ok $c->ends, 'and so does another protocol';
$c = $reg->dial('dns');
$c->send(pack 'n/a', pack('nn', 1, 0x8180) . substr $q, 4);
ok $c->ends, 'and an answer';
my @idle = map { $reg->dial('dns') } 1 .. 20;
my $more = $reg->dial('dns');
ok $more->ends, 'one connection too many of an address';
is $more->{in}, '', 'is told nothing, for there is no way';
is scalar(grep { $_->ends } @idle), 20, 'idle ones are closed';
$_->close for @idle, $more;
$alive->('after all of them');

# -- what is counted -----------------------------------------------------------

cmp_ok $reg->metric('muster_dns_answers_total{code="other"}'), '>=', 11,
    'what could not be read is counted';
cmp_ok $reg->metric('muster_dns_ignored_total'), '>=', 4,
    'and what was not answered';
cmp_ok $reg->metric('muster_dns_questions_total{transport="udp"}'), '>', 2000,
    'and all of them';
finish();
