# muster services and muster nodes, of what registered in one line.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulCli;
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(muster musterd));
my $reg = consul('-o', 'consul.node_name=own');
my @held = map { $reg->register($_) }
    'tcp!10.0.0.1!80 service web node n1 id w1 tags v1,primary status passing',
    'tcp!10.0.0.2!80 service web node n2 id w2 tags v2 status critical',
    'db service db node n1';

sub json_of { return [map { JSON::PP::decode_json($_) } split /\n/, $_[0]] }

# -- services -----------------------------------------------------------------

my ($rc, $out, $err) = cli($reg, 'services');
is "$rc|$err", '0|', 'services';
like $out, qr/^db ''$/m, 'each with its tags: none';
like $out, qr/^web (?:v1,primary|primary,v1),v2$|^web \S*v2\S*$/m, 'or some';
like $out, qr/^consul /m, "the registry's own, too";
($rc, $out) = cli($reg, 'services', '--json');
my ($web) = grep { $_->{service} eq 'web' } @{json_of($out)};
is join(' ', sort @{$web->{tags}}), 'primary v1 v2', 'as JSON';

is((cli($reg, 'services', 'web'))[1], "n1 w1 10.0.0.1:80 passing v1,primary\n"
    . "n2 w2 10.0.0.2:80 critical v2\n", 'instances');
is((cli($reg, 'services', 'web', '--passing'))[1],
    "n1 w1 10.0.0.1:80 passing v1,primary\n", 'those that pass');
is((cli($reg, 'services', 'web', '--tag', 'v2'))[1],
    "n2 w2 10.0.0.2:80 critical v2\n", 'those with a tag');
is_deeply [cli($reg, 'services', 'web', '--tag', 'v1', '--tag', 'v2')],
    [3, '', "muster: no instance of a service web matches --tag or --passing\n"],
    'with both: nobody, 3';
($rc, $out) = cli($reg, 'services', 'web', '--passing', '--json');
is_deeply json_of($out), [{node => 'n1', id => 'w1', address => '10.0.0.1:80',
    status => 'passing', tags => ['v1', 'primary']}], 'as JSON';
is_deeply [cli($reg, 'services', 'none')],
    [3, '', "muster: there is no service none\n"], 'no such service: 3, said';
($rc, $out) = cli($reg, 'services', 'none', '--json');
is_deeply [$rc, @{json_of($out)}],
    [3, {error => 'there is no service none', exit => 3}], 'as JSON';
is((cli($reg, 'services', '--passing'))[0], 2, 'of which? 2');

# -- nodes --------------------------------------------------------------------

($rc, $out, $err) = cli($reg, 'nodes');
is "$rc|$err", '0|', 'nodes';
like $out, qr/^n1 \S+ \S+\nn2 \S+ \S+\nown \S+ \S+\n\z/, 'all of them';
is((cli($reg, 'nodes', 'n2'))[1], "web w2 10.0.0.2:80 v2\n", 'its services');
($rc, $out) = cli($reg, 'nodes', 'n1', '--json');
is_deeply [map { $_->{id} } @{json_of($out)}], ['db', 'w1'], 'as JSON';
($rc, undef, $err) = cli($reg, 'nodes', 'none');
is $rc, 3, 'no such node: 3';
is $err, "muster: there is no node none\n", 'said';

pop @held;
ok eventually { (cli($reg, 'services'))[1] !~ /^db /m },
    'what closes its connection is gone';

finish();
