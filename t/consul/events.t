# Events over HTTP: fired, listed by name, waited for, filtered, refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

my $reg = consul('-o', 'consul.node_name=orac', '-o', 'limits.events=4');

sub fire { return call($reg, 'PUT', "/v1/event/fire/$_[0]", body => $_[1]) }
sub list { return call($reg, 'GET', "/v1/event/list$_[0]") }
sub names { return join ' ', map {$_->{Name}} @{list($_[0] // '')->{json}} }

# ---- nothing yet

my $a = list('');
is($a->{status}, 200, 'a list of nothing');
is($a->{body}, '[]', 'is []');
is(index_of($a), 1, 'and has the index 1');
ok(!exists $a->{headers}{'x-consul-knownleader'}, 'no leader is told of');
ok(!exists $a->{headers}{'x-consul-lastcontact'}, 'nor of a contact');

# ---- fired, and there

my $e = fire('deploy', "one\0");
is($e->{status}, 200, 'an event is fired');
my %fired = %{$e->{json}};
is_deeply([sort keys %fired],
    [sort qw(ID Name Payload NodeFilter ServiceFilter TagFilter Version LTime)],
    'it has all its fields');
like($fired{ID}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'an id');
is($fired{Payload}, base64("one\0"), 'its payload');
is($fired{LTime}, 0, 'and no time yet');
my $index = index_of(list(''));
my ($high, $low) = map {unpack 'Q>', pack 'H16', $_} $fired{ID} =~ tr/-//dr =~ /(.{16})(.{16})/;
is($index, $high ^ $low, 'the index is made of its id');
my ($listed) = @{list('')->{json}};
cmp_ok($listed->{LTime}, '>', 0, 'in the list it has its time');
is($listed->{ID}, $fired{ID}, 'and the same id');
is(fire('ping', undef)->{json}{Payload}, undef, 'no payload is null');
is(names(), 'deploy ping', 'the oldest stands first');
is(names('?name=ping'), 'ping', 'a name gives those of that name');
is(index_of(list('?name=deploy')), $index, 'and their index');
is(names('?name=pin'), '', 'the name is the whole of it');
cmp_ok(list('')->{json}[1]{LTime}, '>', $listed->{LTime}, 'time grows');
is(call($reg, 'PUT', '/v1/event/fire/a%2Fb')->{json}{Name}, 'a/b',
    'a name may hold a slash');

# ---- filters: this registry is the agent of its own node

is(fire('deploy?node=^orac$', 'x')->{status}, 200, 'meant for this node');
is(names('?name=deploy'), 'deploy deploy', 'is listed');
is(fire('deploy?node=other', 'x')->{json}{NodeFilter}, 'other',
    'one that is meant for another node is fired');
is(fire('deploy?service=web', 'x')->{status}, 200, 'or a service');
is(names('?name=deploy'), 'deploy deploy', 'and not listed');
is(names(), 'deploy ping a/b deploy', 'of the last four');

my $new = $reg->register("web-1 id web-1 tags x,blue");
fire('one?service=^web', 'x');
fire('two?service=eb-&tag=^bl', 'x');
fire('three?service=web&tag=red', 'x');
fire('four?service=web&tag=x&node=nobody', 'x');
is(names(), 'a/b deploy one two', 'its id and its tags are looked at');

# ---- refused

for (['PUT', '/v1/event/fire/', 400, 'Missing name'],
    ['PUT', '/v1/event/fire/x?tag=a', 500,
        'Cannot provide tag filter without service filter'],
    ['PUT', '/v1/event/fire/x?node=(', 500,
        'Invalid node filter: a parenthesis is not closed'],
    ['PUT', '/v1/event/fire/x?service=(', 500,
        'Invalid service filter: a parenthesis is not closed'],
    ['PUT', '/v1/event/fire/x?service=a&tag=(', 500,
        'Invalid tag filter: a parenthesis is not closed'],
    ['GET', '/v1/event/fire/x', 405, 'method GET not allowed'],
    ['PUT', '/v1/event/fire/x?dc=dc9', 500, 'No path to datacenter'])
{
    my ($method, $path, $status, $text) = @$_;
    $a = call($reg, $method, $path);
    is("$a->{status} $a->{body}", "$status $text", "$method $path");
}
$a = fire('big', 'x' x 440);
is($a->{status}, 500, 'one that is too large');
is($a->{body}, "1 error(s) occurred:\n\n* error broadcasting event to segment "
    . '"": user event exceeds limit of 512 bytes', 'in the words of Consul');
is(fire('big', 'x' x 439)->{status}, 200, 'one byte less will do');
is(fire('_rexec', '{}')->{status}, 200, '_rexec is fired');
is(names('?name=_rexec'), '', 'and never listed');

# ---- waiting: for another index, not a greater one

my $c = caller_of($reg);
$index = index_of(list(''));
is($c->call('GET', '/v1/event/list?index=7')->{status}, 200,
    'any other index is answered at once');
$c->ask('GET', "/v1/event/list?index=$index&wait=60s");
fire('elsewhere?node=other', 'x');
fire('wake', 'x');
$a = $c->read;
is($a->{json}[-1]{Name}, 'wake', 'a new event ends the wait');
isnt(index_of($a), $index, 'with another index');
$index = index_of(list('?name=wake'));
$c->ask('GET', "/v1/event/list?name=wake&index=$index&wait=30ms");
fire('unrelated', 'x');
$a = $c->read;
is(index_of($a), $index, 'of a name, others end no wait: its time does');
is(scalar @{$a->{json}}, 1, 'and the answer is what it was');

$reg->stop;
done_testing;
