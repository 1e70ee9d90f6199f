# The view of nodes and services is made when it is first asked for: who asks
# waits for it where much is registered, and nobody else does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'limits.services_per_connection=100000');
my $many = 6000;
my $feed = $reg->dial('new');
$feed->send("s0 service web .ack 1\n"
    . join '', map { ".new s$_ service web\n" } 1 .. $many - 1);
is scalar($feed->lines($many)), $many, 'much is registered';
is $reg->metric('muster_directory_instances'), 0, 'and no view of it is kept';

my @callers = map { caller_of($reg) } 1 .. 4;
$_->ask('GET', '/v1/health/service/none') for @callers;
my $c = caller_of($reg);
is $c->call('GET', '/v1/kv/a')->{status}, 404, 'who reads keys is answered';
(shift @callers)->close;
$feed->send("late 1\n");
$feed->line;
is_deeply [map { $_->read->{body} } @callers], [('[]') x 3],
    'those who stay are answered when the view is there';
is scalar @{$c->call('GET', '/v1/health/service/web')->{json}}, $many, 'whole';
is $reg->metric('muster_directory_instances'), $many + 1, 'it is kept now';
is $c->call('PUT', '/v1/catalog/register',
    body => '{"Node": "n", "Address": "a"}')->{body}, 'true', 'and goes on';
is scalar @{$c->call('GET', '/v1/catalog/nodes')->{json}}, 2, 'with others';

# when nobody has asked for a while it is forgotten, but for who waits
$feed->close;
$_->close for @callers;
my $short = consul('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'registry.view_idle=1s');
my $s = caller_of($short);
sub count { return $short->metric('muster_directory_instances') }
sub index_and_rows
{
    my $a = $s->call('GET', '/v1/health/service/web');
    return (index_of($a), map { $_->{Service}{ID} } @{$a->{json}});
}

$s->call('PUT', '/v1/agent/service/register', body => '{"Name": "web"}');
my $line = $short->register('nc service web node far');
my ($index, @rows) = index_and_rows();
is "@rows", 'nc web', 'a view is made';
ok((eventually { count() == 0 }), 'it is forgotten');
my ($later, @again) = index_and_rows();
is "@again", "@rows", 'and made again, as it was';
cmp_ok $later, '>=', $index, 'with no smaller index';
ok((eventually { count() == 0 }), 'and is forgotten again');
$line->send("role new\n");
$s->ask('GET', "/v1/health/service/web?index=$later&wait=60s");
is scalar @{$s->read->{json}}, 2, 'who has an older index is answered';
$s->hold('GET', '/v1/health/service/web?index='
    . index_of($s->call('GET', '/v1/health/service/web')) . '&wait=60s');
$line->close;
is scalar @{$s->read->{json}}, 1, 'who waits is told of what goes';

finish();
