# Prepared queries, asked for by DNS.
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
my $reg = consul('-o', 'registry.dns=127.0.0.1:0');
my $dns = Dns->new($reg);
my @kept = map { $reg->register($_) }
    'w1 service web node n1 addr tcp!10.0.0.1!80 tags blue',
    'w2 service web node n2 addr tcp!10.0.0.2!80 tags green',
    'w3 service web node n3 addr tcp!10.0.0.3!80 tags blue status critical',
    'g1 service geo-db node n1 addr tcp!10.0.0.1!90';
sub create
{
    my $a = call($reg, 'POST', '/v1/query', body => encode_json($_[0]));
    is $a->{status}, 200, "query '$_[0]{Name}'" or diag $a->{body};
    return $a->{json}{ID};
}

is $dns->records('blue.query.consul', 'A'), 'NXDOMAIN', 'there is none';
my $id = create({Name => 'blue', Service => {Service => 'web',
    Tags => ['blue']}, DNS => {TTL => '10s'}});
is $dns->records('blue.query.consul', 'A'), 'blue.query.consul 10 A 10.0.0.1',
    'its healthy instances, for as long as it says';
is $dns->records('Blue.Query.dc1.consul', 'SRV'), 'Blue.Query.dc1.consul 10 SRV'
    . ' 1 1 80 n1.node.dc1.consul', 'with their ports';
is $dns->records("$id.query.consul", 'A'), "$id.query.consul 10 A 10.0.0.1",
    'by its id';
create({Name => 'geo-', Template => {Type => 'name_prefix_match'},
    Service => {Service => '${name.full}'}});
is $dns->records('geo-db.query.consul', 'A'),
    'geo-db.query.consul 0 A 10.0.0.1', 'a template';
is $dns->records('geo-no.query.consul', 'A'), 'NXDOMAIN',
    'that finds nothing';
my $a = create({Name => 'all', Service => {Service => 'web'}});
is $dns->records('all.query.consul', 'A'), "all.query.consul 0 A 10.0.0.1\n"
    . 'all.query.consul 0 A 10.0.0.2', 'any';
is call($reg, 'DELETE', "/v1/query/$a")->{status}, 200, 'one is removed';
is $dns->records('all.query.consul', 'A'), 'NXDOMAIN', 'and is not there';
finish();
