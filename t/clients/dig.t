# dig, a resolver of others, on the DNS face: what it makes of the answers, and
# that it comes back by TCP for one that is truncated.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd');
my ($dig) = grep { -x } map { "$_/dig" } split /:/, $ENV{PATH};
plan skip_all => 'there is no dig here (Debian: bind9-dnsutils)' unless $dig;
my $reg = registry('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'consul.node_name=here');
my ($host, $port) = $reg->address('dns') =~ /^(.*):(\d+)$/;

sub dig
{
    my ($rc, $out, $err) = run_program($dig, "\@$host", '-p', $port,
        '+tries=1', '+time=10', @_);
    return $rc ? "dig: $rc $err" : $out;
}

sub short { return join ' ', sort split /\n/, dig('+short', @_) }

my $c = $reg->dial('new');
$c->send(join '', map { ".new w$_ service web node n$_ addr tcp!10.0.0.$_!80 "
    . "tags t$_ .ack 1\n" } 1 .. 150);
$c->lines(150);
is short('t7.web.service.consul'), '10.0.0.7', 'A';
is short('t7.web.service.consul', 'SRV'), '1 1 80 n7.node.dc1.consul.',
    'SRV';
is short('_web._t9.service.consul', 'SRV'), '1 1 80 n9.node.dc1.consul.',
    'after RFC 2782';
is short('consul', 'NS'), 'here.node.dc1.consul.', 'NS';
my $out = dig('web.service.consul');
like $out, qr/status: NOERROR/, 'more than fits';
like $out, qr/Truncated, retrying in TCP mode/, 'is asked for again';
like $out, qr/ANSWER: 150,/, 'and is there as a whole';
$out = dig('+notcp', '+noedns', '+ignore', 'web.service.consul');
like $out, qr/ANSWER: 3,/, 'as resolvers of old ask';
$out = dig('+tcp', '+noall', '+comments', '+authority', 'no.service.consul');
like $out, qr/status: NXDOMAIN/, 'what is not there';
like $out, qr/^consul\.\s+0\s+IN\s+SOA\s+here\.node\.dc1\.consul\./m, 'the SOA';
unlike dig('web.service.consul', 'AAAA'), qr/malformed|WARNING: (?!recursion)/,
    'nothing that dig has to complain of';
like dig('example.org'), qr/status: REFUSED/, 'nothing is looked up for others';
finish();
