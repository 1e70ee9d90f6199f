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

finish();
