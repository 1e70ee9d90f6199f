# Workers and dispatchers in the catalog: services of the machines they are on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use POSIX ();
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $host = (POSIX::uname())[1];
my $reg = consul('-o', 'consul.node_name=registry');
my $disp = dispatcher($reg);
my $worker = worker($reg, 'web1');
ok eventually { $reg->find('kind dispatcher .names 1')
    && $reg->find('kind worker .names 1') }, 'both are registered';

sub get { return call($reg, 'GET', $_[0])->{json} }
sub on { return map { $_->{Meta}{kind} || () }
    values %{get("/v1/catalog/node/$_[0]")->{Services}} }

is_deeply [sort map { $_->{Node} } @{get('/v1/catalog/nodes')}],
    [sort $host, 'registry', 'web1'], 'the nodes are machines';
is_deeply [on($host)], ['dispatcher'], 'a dispatcher is on its own';
is_deeply [on('web1')], ['worker'], 'a worker on what it says';
is_deeply [on('registry')], [], 'the registry on neither';

finish();
