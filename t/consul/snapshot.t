# Snapshots: saved from one registry, taken back into it and into another, and
# what is no snapshot changes nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Compress::Zlib qw(memGzip);
use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

my $json = JSON::PP->new->canonical;
my $store = scratch() . '/registry.db';
my $reg = consul('-o', "registry.store=sqlite:$store",
    '-o', 'consul.node_name=here', '-o', 'consul.advertise=127.0.0.1:8300');

sub put
{
    my ($reg, $path, $body) = @_;
    my $a = call($reg, 'PUT', $path,
        body => ref $body ? $json->encode($body) : $body);
    die "$path: $a->{status} $a->{body}" unless $a->{status} == 200;
    return $a->{json};
}

sub get { return call($_[0], 'GET', $_[1])->{json} }

sub save
{
    my ($reg) = @_;
    my $a = call($reg, 'GET', '/v1/snapshot');
    die "save: $a->{status} $a->{body}" unless $a->{status} == 200;
    return $a->{body};
}

sub restore
{
    my ($reg, $file) = @_;
    my $a = call($reg, 'PUT', '/v1/snapshot', body => $file);
    return "$a->{status} $a->{body}";
}

# All that a snapshot holds, as the API shows it, without indexes
sub all_of
{
    my ($reg) = @_;
    my $nodes = get($reg, '/v1/catalog/nodes');
    my %all = (kv => get($reg, '/v1/kv/?recurse'),
        sessions => get($reg, '/v1/session/list'),
        queries => get($reg, '/v1/query'),
        nodes => [grep {$_->{Node} ne 'here'} @$nodes],
        checks => get($reg, '/v1/health/state/any'),
        services => [map {(get($reg, "/v1/catalog/node/$_") || {})->{Services}}
            'here', 'web1']);
    my $text = $json->encode(\%all);
    $text =~ s/"(?:Create|Modify)Index":\d+/"Index":0/g;
    return $text;
}

# ---- all there is

put($reg, '/v1/kv/plain?flags=42', 'value');
put($reg, '/v1/kv/empty', '');
put($reg, '/v1/kv/' . ('k' x 300), "\0\n\xff" x 1000);
put($reg, "/v1/kv/many/$_", "v$_") for 1 .. 300;
my $session = session($reg, Name => 'holder', TTL => '3600s',
    LockDelay => '0s', Behavior => 'delete');
put($reg, "/v1/kv/lock?acquire=$session", 'mine');
put($reg, "/v1/kv/lock?release=$session", 'mine');
put($reg, "/v1/kv/lock?acquire=$session", 'mine');
put($reg, '/v1/catalog/register', {Node => 'web1', Address => '10.0.0.1',
    TaggedAddresses => {lan => '10.0.0.1'}, NodeMeta => {zone => 'eu west'},
    Service => {Service => 'web', ID => "w'1", Tags => ['a,b', 'c'],
        Port => 80, Meta => {v => '1'}},
    Checks => [{Name => 'up', CheckID => 'up', Status => 'warning',
            Notes => "it's", Output => "two\nlines", ServiceID => "w'1"},
        {Name => 'disk', Status => 'passing'}]});
call($reg, 'POST', '/v1/query', body =>
    '{"Name":"q","Service":{"Service":"web","Tags":["!x"]}}');
my $live = $reg->register('live tags x');

my $before = all_of($reg);
my $file = save($reg);
spew(scratch() . '/all.tgz', $file);
sub member
{
    my ($name) = @_;
    return (run_program('tar', 'xzOf', scratch() . '/all.tgz', $name))[1];
}
is((run_program('tar', 'tzf', scratch() . '/all.tgz'))[1],
    "meta.json\nstate.bin\nSHA256SUMS\n", 'a snapshot is an archive');
my $text = member('state.bin');
like($text, qr/^muster-snapshot 1 \d+ dc1\n/, 'of lines');
is(member('SHA256SUMS'), sha256_hex(member('meta.json')) . "  meta.json\n"
    . sha256_hex($text) . "  state.bin\n", 'with their sums');
my $meta = $json->decode(member('meta.json'));
is($meta->{Size}, length $text, 'and their size');
my ($revision) = $text =~ /^\S+ 1 (\d+)/;
is("$meta->{Index} $meta->{ID}", "$revision muster-$revision", 'as of when');
my $a = call($reg, 'GET', '/v1/snapshot');
is($a->{headers}{'content-type'}, 'application/x-gzip', 'and says so');

# who goes away before it is there leaves nothing behind
for (1 .. 5) {
    my $gone = caller_of($reg);
    $gone->ask('GET', '/v1/snapshot');
    $gone->close;
}
eventually {call($reg, 'GET', '/v1/snapshot')->{status} == 200};
pass('a client may go away');

# ---- taken back, where nothing has changed

my $index = index_of(call($reg, 'GET', '/v1/kv/plain'));
put($reg, '/v1/agent/reload'); # other settings do not matter to it
is(restore($reg, $file), '200 ', 'restored');
is(index_of(call($reg, 'GET', '/v1/kv/plain')), $index,
    'what is as it was is not touched');
is(all_of($reg), $before, 'and all is as it was');

# ---- taken back, where all has changed

call($reg, 'DELETE', '/v1/kv/many?recurse');
put($reg, '/v1/kv/plain', 'other');
put($reg, '/v1/kv/new', 'x');
put($reg, "/v1/session/destroy/$session");
my $late = session($reg, Name => 'late');
put($reg, '/v1/catalog/deregister', {Node => 'web1'});
put($reg, '/v1/catalog/register', {Node => 'late', Address => '10.9.9.9',
    Service => {Service => 'late'}});
call($reg, 'DELETE', '/v1/query/' . get($reg, '/v1/query')->[0]{ID});
call($reg, 'POST', '/v1/query', body =>
    '{"Name":"late","Service":{"Service":"web"}}');
isnt(all_of($reg), $before, 'much is other than it was');

my $c = caller_of($reg);
my $top = index_of(call($reg, 'GET', '/v1/kv/?recurse'));
$c->ask('GET', "/v1/kv/plain?index="
    . index_of(call($reg, 'GET', '/v1/kv/plain')) . '&wait=60s');
is(restore($reg, $file), '200 ', 'restored');
$a = $c->read;
is($a->{json}[0]{Value}, base64('value'), 'who waits is told');
cmp_ok(index_of($a), '>', $top, 'at an index that is beyond all before');
is($a->{json}[0]{Flags}, 42, 'with its flags');
is(all_of($reg), $before, 'all is as it was');
is(get($reg, '/v1/kv/lock')->[0]{LockIndex}, 2, 'a lock with its count');
is(get($reg, '/v1/kv/lock')->[0]{Session}, $session, 'and its holder');
is_deeply(get($reg, "/v1/session/info/$late"), [], 'what came since is gone');
is(scalar @{get($reg, '/v1/catalog/service/live')}, 1,
    'but what is connected');
is(call($reg, 'GET', '/v1/kv/new')->{status}, 404, 'a key, too');

# ---- into another registry, and over a restart

$reg->stop;
$reg->restart;
$live = $reg->register('live tags x');
is(all_of($reg), $before, 'it is kept');
my $other = consul('-o', 'consul.node_name=here', '-o',
    'consul.advertise=127.0.0.1:8300');
my $same = $other->register('live tags x');
is(restore($other, $file), '200 ', 'another one takes it');
is(all_of($other), $before, 'and has the same');

# ---- no snapshot

sub tar_file
{
    my ($name, $text) = @_;
    my $head = pack 'a100 a8 a8 a8 a12 a12 A8 a1 x355', $name, '0000600',
        ('0000000') x 2, sprintf('%011o', length $text), '0' x 11, '', '0';
    substr $head, 148, 8, sprintf "%06o\0 ", unpack '%32C*', $head;
    return $head . $text . "\0" x (-length($text) % 512);
}
sub archive
{
    my ($text, $sum) = @_;
    return memGzip(tar_file('state.bin', $text) . tar_file('SHA256SUMS',
        ($sum || sha256_hex($text)) . "  state.bin\n"));
}
sub forge
{
    my ($text) = @_;
    my $lines = () = $text =~ /\n/g;
    return archive($text . sprintf "end %d\n", $lines - 1);
}
my $body = $text =~ s/end [^\n]*\n\z//r;
for (['' => 'the body is empty'],
    ['rubbish' => 'it is no gzip file, or damaged'],
    [substr($file, 0, -20) => 'it is cut short'],
    [$file . 'x' => 'something stands behind its end'],
    [memGzip('hello') => 'it is no archive of state.bin and SHA256SUMS'],
    [memGzip("\0" x 1024) => 'it is no archive'],
    [memGzip(tar_file('state.bin', $text)) => 'it is no archive'],
    [memGzip(substr tar_file('state.bin', $text), 0, -512) => 'no archive'],
    [archive('hello') => 'it is no snapshot of a muster registry'],
    [archive($body) => 'its end is missing'],
    [archive($text, 'a' x 64) => 'checksum'],
    [archive($text =~ s/end \d+/end 1/r) => 'records, and says 1'],
    [forge($body =~ s/\nkey [^ ]+/\nkey !/r) => 'is no record'],
    [forge($body . "acl YQ== Yg== client YQ==\n") => 'is no record'],
    [forge($body . "session x n n '' release 0 0 ''\n") => 'is no record'],
    [forge($body . "node n a ''\n") => 'is not in its place'],
    [forge($body . "nonsense\n") => 'is no record'],
    [forge("muster-snapshot 2 1 dc1\n") => 'or of a newer one'])
{
    my ($bad, $why) = @$_;
    my $answer = restore($reg, $bad);
    like($answer, qr/^400 failed to restore the snapshot: .*\Q$why\E/s, $why);
}
is(all_of($reg), $before, 'and nothing has changed');
is(restore($reg, forge("muster-snapshot 1 1 dc1\n")), '200 ',
    'an empty one is one');
is(call($reg, 'GET', '/v1/kv/?recurse')->{status}, 404, 'nothing is left');
is(call($reg, 'HEAD', '/v1/snapshot')->{status}, 405, 'there is no HEAD of it');

$reg->stop;
$other->stop;
done_testing;
