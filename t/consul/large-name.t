# A name that very many services have is listed, ordered and asked for over
# several turns of the loop: with everything that it has, once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul();
my $many = 5000;
my $feed = $reg->dial('new');
my @ways = qw(big BIG Big);

sub line
{
    my ($n) = @_;
    return sprintf "s%04d service %s node n%d tags all,of-%d%s\n", $n,
        $ways[$n % 3], $n % 10, $n % 3, $n == 4321 ? ',last' : '';
}

my $lines = line(0);
chomp $lines;
$feed->send("$lines .ack 1\n" . join '', map { '.new ' . line($_) }
    1 .. $many - 1);
is scalar($feed->lines($many)), $many, 'one name, very often';

my $c = caller_of($reg);
sub get { return $c->call('GET', "/v1/$_[0]")->{json} }
sub put { return $c->call('PUT', "/v1/$_[0]",
        body => JSON::PP->new->encode($_[1])) }

my $names = get('catalog/services');
delete $names->{consul};
is_deeply $names, {big => [qw(all of-0)], BIG => [qw(all last of-1)],
    Big => [qw(all of-2)]}, 'in each way that it is written, with its tags';
is $c->call('GET', '/v1/catalog/services')->{body} =~
    /"BIG":.*"Big":.*"big":.*"consul":/, 1, 'in their order';

is put('coordinate/update', {Node => "n$_", Coord => {Adjustment => 0,
    Error => 1.5, Height => 0, Vec => [$_, (0) x 7]}})->{status}, 200,
    "n$_ is somewhere" for 0 .. 9;
my @near = map { $_->{Node} } @{get('catalog/service/big?near=n0')};
is_deeply \@near, [sort @near], 'by their distance';
is scalar(@near), $many, 'all of them';

is $c->call('POST', '/v1/query', body =>
    '{"Name": "q", "Service": {"Service": "big"}}')->{status}, 200, 'a query';
sub ids { return map { $_->{Service}{ID} } @{$_[0]{Nodes}} }
my $answer = get('query/q/execute');
is_deeply [sort(ids($answer))], [map { sprintf 's%04d', $_ } 0 .. $many - 1],
    'gives them all';
isnt join(' ', ids($answer)), join(' ', sort(ids($answer))), 'in no order';
is $answer->{DNS}{TTL}, '', 'and its end';
is scalar(ids(get('query/q/execute?limit=1500'))), 1500, 'as many as asked';
my @nodes = map { $_->{Node}{Node} } @{get('query/q/execute?near=n9')->{Nodes}};
is_deeply \@nodes, [reverse sort @nodes], 'or by their distance';

# who asks goes while it is being written, and the services do
my $gone = caller_of($reg);
$gone->ask('GET', '/v1/query/q/execute');
$gone->close;
my $slow = caller_of($reg);
$slow->ask('GET', '/v1/query/q/execute');
$feed->close;
is $slow->read->{json}{KnownLeader}, 1, 'what is there is told, to its end';
ok((eventually { !@{get('catalog/service/big')} }), 'they are gone');
is_deeply get('query/q/execute')->{Nodes}, [], 'and nobody is told of them';

finish();
