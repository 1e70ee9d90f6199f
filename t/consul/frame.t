# The frame of the Consul face: what every endpoint has in common, as Consul
# 1.0.8 answers it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Uncompress::Gunzip qw(gunzip);
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');

my $reg = consul('-o', 'consul.blocking=2');
my $address = $reg->address('consul');
my $text = 'text/plain; charset=utf-8';

sub header { return $_[0]{headers}{$_[1]} }

# -- who leads

my $a = call($reg, 'GET', '/v1/status/leader');
is $a->{status}, 200, 'there is a leader';
is $a->{body}, "\"$address\"", 'at the address of this face';
is header($a, 'content-type'), 'application/json', 'a type without a charset';
is header($a, 'vary'), 'Accept-Encoding', 'it may be compressed';
is index_of($a), undef, 'there is no index of it';
is_deeply call($reg, 'GET', '/v1/status/peers')->{json}, [$address], 'peers';
is call($reg, 'GET', '/v1/status/peers?pretty')->{body},
    "[\n    \"$address\"\n]\n", 'laid out for people';
is call($reg, 'GET', '/')->{status}, 200, 'somebody is there';

# -- paths and methods

$a = call($reg, 'GET', '/v1/nonexistent');
is "$a->{status} $a->{body}", '404 ', 'what is not there: without a body';
is header($a, 'content-type'), undef, '... and without a type';

$a = call($reg, 'POST', '/v1/kv/a', body => 'posted');
is "$a->{status} $a->{body}", '405 method POST not allowed', 'another method';
is header($a, 'allow'), 'OPTIONS,GET,PUT,DELETE', '... and which are taken';
is header($a, 'content-type'), $text, '... as text';
$a = call($reg, 'OPTIONS', '/v1/kv/a');
is "$a->{status} $a->{body}", '200 ', 'OPTIONS';
is header($a, 'allow'), 'OPTIONS,GET,PUT,DELETE', '... tells them too';
is header($a, 'vary'), 'Accept-Encoding', '... as every answer';
$a = call($reg, 'HEAD', '/v1/kv/a');
is $a->{status}, 405, 'HEAD is no GET';
is call($reg, 'FROB', '/v1/kv/a')->{status}, 501, 'a method nobody knows';

my %moved = ('/v1/kv//o/a' => '/v1/kv/o/a', '/v1//status/../status/leader' =>
    '/v1/status/leader', '//' => '/', '/v1/./kv/a/' => '/v1/kv/a/',
    '/../..' => '/', '/v1/kv' => '/v1/kv/',
    '/v1/kv//a?keys&x=1' => '/v1/kv/a?keys&x=1');
for my $path (sort keys %moved) {
    $a = call($reg, 'GET', $path);
    is $a->{status}, 301, "$path is elsewhere";
    is header($a, 'location'), $moved{$path}, "... at $moved{$path}";
    like $a->{body}, qr{^<a href="[^"]+">Moved Permanently</a>\.\n\n$},
        '... by a link';
}
$a = call($reg, 'GET', '/v1/kv//"<script>');
unlike $a->{body}, qr/<script/, 'a path is no markup';
is call($reg, 'PUT', '/v1/kv//a', body => 'x')->{body}, '', 'no page for PUT';
is kv_get($reg, 'a'), undef, '... and nothing is put there';
is call($reg, 'GET', '/v1/kv/%zz')->{status}, 400, 'a wrong %';

# -- parameters

my %wrong = (
    '/v1/kv/a?index=abc' => [400, 'Invalid index'],
    '/v1/kv/a?index=-1' => [400, 'Invalid index'],
    '/v1/kv/a?index=18446744073709551616' => [400, 'Invalid index'],
    '/v1/kv/a?index=1&wait=abc' => [400, 'Invalid wait time'],
    '/v1/kv/a?index=1&wait=10' => [400, 'Invalid wait time'],
    '/v1/kv/a?stale&consistent' => [400, 'Cannot specify ?stale with '
        . '?consistent, conflicting semantics.'],
    '/v1/kv/a?dc=nowhere' => [500, 'No path to datacenter'],
    '/v1/session/list?dc=DC1' => [500, 'No path to datacenter'],
);
for my $path (sort keys %wrong) {
    $a = call($reg, 'GET', $path);
    is "$a->{status} $a->{body}", "$wrong{$path}[0] $wrong{$path}[1]", $path;
    is header($a, 'content-type'), $text, '... as text';
}
is call($reg, 'PUT', '/v1/kv/a?dc=nowhere', body => 'x')->{status}, 500,
    'another datacenter is written to no more than read';
for my $query ('?index=', '?index=0&wait=1h', '?stale', '?consistent=1',
    '?dc=dc1', '?dc=', '?wait=', '?partition=x&ns=y') {
    is call($reg, 'GET', "/v1/kv/a$query")->{status}, 404, "$query is fine";
}
is call($reg, 'GET', "/v1/agent/self?stale&consistent&index=x&dc=y")->{status},
    200, 'the agent does not look at them';

# -- bodies

sub create
{
    my ($body) = @_;
    my $r = call($reg, 'PUT', '/v1/session/create', body => $body);
    return "$r->{status} $r->{body}";
}

my $decode = '400 Request decode failed:';
is create('{bad'), "$decode invalid character 'b' looking for beginning of "
    . 'object key string', 'no JSON';
is create('{'), "$decode unexpected EOF", 'half of it';
is create('{"a":1,}'), "$decode invalid character '}' looking for beginning "
    . 'of object key string', 'a comma too many';
is create('{"a" 1}'), "$decode invalid character '1' after object key", 'no :';
is create('[1 2]'), "$decode invalid character '2' after array element",
    'no comma';
is create("{\"a\":\"\n\"}"), "$decode invalid character '\\n' in string literal",
    'a line end';
is create('{"a":tru}'), "$decode invalid character '}' in literal true "
    . "(expecting 'e')", 'no word';
is create('{"a":01}'),
    "$decode invalid character '1' after object key:value pair", 'an octal';
is create('[' x 1000), "$decode exceeded max depth", 'a deep one';
is create('"text"'), "$decode 1 error(s) decoding:\n\n* '' expected a map, got "
    . "'string'", 'a text';
like create('{"Name":7}'), qr/^$decode 1 error\(s\) decoding:\n\n\* 'Name' expected type 'string', got unconvertible type 'float64'$/,
    'a wrong type';
for my $fine ('', '{}', 'null', '{"Unknown":[{"x":null}]}', '{"NAME":"x"}',
    '{"name":null}', '{} and more', "\xff" eq '' ? '' : "{\"Name\":\"\xff\"}",
    '{"Name":"\ud800"}', '{"x":123456789012345678901234567890}') {
    like create($fine), qr/^200 /, "$fine is fine";
}

# -- connections

my $c = $reg->dial('consul');
$c->send("PUT /v1/kv/chunked HTTP/1.1\r\nHost: localhost\r\n"
    . "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
is MusterHttp::answer($c)->{body}, 'true', 'a body in chunks';
$c->send("PUT /v1/kv/asked HTTP/1.1\r\nHost: localhost\r\n"
    . "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
is $c->line, "HTTP/1.1 100 Continue\r", 'it goes on';
$c->line;
$c->send('ab');
is MusterHttp::answer($c)->{body}, 'true', '... with the body';
$c->send("PUT /v1/kv/empty HTTP/1.1\r\nHost: localhost\r\n\r\n");
is MusterHttp::answer($c)->{body}, 'true', 'no length, no body';
$c->send(MusterHttp::request('GET', '/v1/kv/chunked', body => 'of no use'));
is MusterHttp::answer($c)->{status}, 200, 'a body that nobody looks at';
is kv_get($reg, 'chunked')->{Value}, 'abcde', 'what came in chunks';

for my $host ('127.0.0.1:8500', 'localhost', 'consul', 'consul:8500', '[::1]:1',
    'web.service.consul', 'a.b.consul.') {
    is call($reg, 'GET', '/v1/status/leader', headers => {Host => $host})
        ->{status}, 200, "Host $host";
}
for my $host ('evil.example', 'consul.example:8500', 'x.notconsul') {
    is call($reg, 'GET', '/v1/status/leader', headers => {Host => $host})
        ->{status}, 421, "Host $host is none of ours";
}
is call($reg, 'PUT', '/v1/kv/a', body => 'x', headers => {Host =>
    'evil.example', Origin => 'http://evil.example', 'X-Consul-Token' => 'x'})
    ->{status}, 421, '... whatever token it makes up';
is call($reg, 'PUT', '/v1/kv/a', body => 'x', headers =>
    {Origin => 'http://evil.example'})->{status}, 403, 'no other page';

# -- compressed

kv_put($reg, 'long', 'x' x 5000);
kv_put($reg, 'short', 'x');
$a = call($reg, 'GET', '/v1/kv/long', headers => {'Accept-Encoding' =>
    'deflate, gzip;q=0.5'});
is header($a, 'content-encoding'), 'gzip', 'compressed';
ok length $a->{body} < 1000, '... to less';
my $plain;
gunzip(\(my $packed = $a->{body}), \$plain);
is $plain, call($reg, 'GET', '/v1/kv/long')->{body}, '... the same';
for my $accept ('identity', 'gzip;q=0', 'gzip; q=0.000', 'xgzip', '') {
    is header(call($reg, 'GET', '/v1/kv/long',
        headers => {'Accept-Encoding' => $accept}), 'content-encoding'), undef,
        "$accept: not compressed";
}
is header(call($reg, 'GET', '/v1/kv/short',
    headers => {'Accept-Encoding' => 'gzip'}), 'content-encoding'), undef,
    'a short one is not';

# -- how many may wait

my @waiting = map { caller_of($reg) } 1 .. 2;
my $index = index_of(call($reg, 'GET', '/v1/kv/short'));
$_->hold('GET', "/v1/kv/short?index=$index") for @waiting;
my $third;
ok scalar(eventually {
    $third = call($reg, 'GET', "/v1/kv/short?index=$index&wait=1ms");
    return $third->{status} == 429;
}), 'the third that waits is refused';
is header($third, 'retry-after'), 1, '... for a while';
is call($reg, 'GET', '/v1/kv/short')->{status}, 200, 'others are answered';
kv_put($reg, 'short', 'y');
is $_->read->{status}, 200, 'those who wait are told' for @waiting;
isnt call($reg, 'GET', "/v1/kv/short?index=$index")->{status}, 429,
    '... and leave room';

# -- how many may be connected

my $few = consul('-o', 'limits.connections=2');
my @there = map { caller_of($few) } 1 .. 2;
is $_->call('GET', '/v1/status/leader')->{status}, 200, 'one of two' for @there;
my $refused = MusterHttp::answer($few->dial('consul'));
is $refused->{status}, 429, 'the third is told that there are too many';
is header($refused, 'content-type'), $text, '... as text';

finish();
