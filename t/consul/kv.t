# /v1/kv: reading, writing and deleting keys, one rule at a time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul();
my $c = caller_of($reg);

# what a call gives: status, type, body
sub gives
{
    my ($request, $status, $body, $what, %o) = @_;
    my ($method, $path) = split / /, $request, 2;
    my $a = $c->call($method, "/v1/kv/$path", %o);
    is $a->{status}, $status, "$what: status";
    is $a->{body}, $body, "$what: body" if defined $body;
    return $a;
}

sub bytes_of { return kv_get($reg, $_[0])->{Value} }

# -- reading ------------------------------------------------------------------

my $a = gives('GET none', 404, '', 'a key that is not there');
ok !defined $a->{headers}{'content-type'}, 'has no type';
cmp_ok index_of($a), '>=', 15, 'and an index well above 1';
is $a->{headers}{'x-consul-knownleader'}, 'true', 'a leader';
is $a->{headers}{'x-consul-lastcontact'}, '0', 'in touch';
gives('GET none?raw', 404, '', 'raw');
gives('GET ?keys', 200, '[]', 'all keys of an empty tree');
gives('GET ?recurse', 404, '', 'all of an empty tree');
gives('GET ', 400, 'Missing key name', 'no key');
gives('PUT ', 400, 'Missing key name', 'no key to put', body => 'x');
gives('DELETE ', 400, 'Missing key name', 'no key to delete');
gives('DELETE none', 200, 'true', 'a delete of nothing');
gives('DELETE ?recurse', 200, 'true', 'and of everything that is not there');

$a = gives('PUT a', 200, 'true', 'put', body => 'hello');
is $a->{headers}{'content-type'}, 'application/json', 'its type';
ok !defined index_of($a), 'a write has no index';
$a = gives('GET a', 200, undef, 'get');
my $at = $a->{json}[0]{ModifyIndex};
cmp_ok $at, '>=', 16, 'the first change has an index well above 1';
is $a->{body}, qq([{"LockIndex":0,"Key":"a","Flags":0,"Value":"aGVsbG8=",)
    . qq("CreateIndex":$at,"ModifyIndex":$at}]), 'as Consul shows it';
is index_of($a), $at, 'its index is that of the key';
is $a->{headers}{'content-type'}, 'application/json', 'and nothing else';
is((grep { /^x-consul-/ && !/^x-consul-(?:index|knownleader|lastcontact)$/ }
    keys %{$a->{headers}}), 0, 'no other header of Consul');

$a = gives('GET a?raw', 200, 'hello', 'raw');
is $a->{headers}{'content-type'}, 'text/plain; charset=utf-8', 'is text';
is index_of($a), $at, 'with its index';
gives('PUT b', 200, 'true', 'put bytes', body => "\0\1\xfe\xff");
$a = gives('GET b?raw', 200, "\0\1\xfe\xff", 'bytes');
is $a->{headers}{'content-type'}, 'application/octet-stream', 'are no text';
is $c->call('GET', '/v1/kv/b')->{json}[0]{Value}, 'AAH+/w==', 'nor in JSON';
gives('PUT page', 200, 'true', 'put a page',
    body => '<html><script>alert(1)</script>');
is $c->call('GET', '/v1/kv/page?raw')->{headers}{'content-type'},
    'text/plain; charset=utf-8', 'what looks like a page is no page';
gives('PUT b', 200, 'true', 'put nothing');
like $c->call('GET', '/v1/kv/b')->{body}, qr/"Value":null,/, 'is null';
gives('GET b?raw', 200, '', 'and raw it is empty');
like $c->call('GET', '/v1/kv/a?pretty')->{body},
    qr/\A\[\n    \{\n        "LockIndex": 0,\n.*\n    \}\n\]\n\z/s, 'pretty';
gives('GET a?stale&consistent', 400,
    'Cannot specify ?stale with ?consistent, conflicting semantics.',
    'stale and consistent');
gives('GET a?dc=nowhere', 500, 'No path to datacenter', 'another datacenter');
gives('PUT a?dc=nowhere', 500, 'No path to datacenter', 'put there',
    body => 'x');

# -- keys ---------------------------------------------------------------------

gives('PUT h%C3%A9%20llo%2Fs', 200, 'true', 'a key of letters', body => 'x');
is kv_get($reg, 'h%C3%A9%20llo%2Fs')->{Key}, "h\x{e9} llo/s",
    'is decoded, %2F too';
is kv_get($reg, 'h%C3%A9%20llo/s')->{Key}, "h\x{e9} llo/s", 'however written';
gives('PUT p+q%23r', 200, 'true', 'a plus', body => 'x');
is kv_get($reg, 'p%2Bq%23r')->{Key}, 'p+q#r', 'is a plus in a path';
gives('DELETE p+q%23r', 200, 'true', 'gone');
gives('PUT d/x/1', 200, 'true', "put $_", body => $_) for 1;
$c->call('PUT', "/v1/kv/d/$_", body => 'v') for qw(x/2 y/ y/1 z zz);
gives('GET d/?keys', 200,
    '["d/x/1","d/x/2","d/y/","d/y/1","d/z","d/zz"]', 'keys');
gives('GET d/?keys&separator=/', 200,
    '["d/x/","d/y/","d/z","d/zz"]', 'keys up to the separator');
gives('GET d/?keys&seperator=/', 200,
    '["d/x/","d/y/","d/z","d/zz"]', 'as some spell it');
gives('GET d?keys&separator=/', 200, '["d/"]', 'of a part of a word');
gives('GET ?keys&separator=/', 200, undef, 'of all');
gives('GET d/z?keys', 200, '["d/z","d/zz"]', 'a prefix is text');
gives('GET e?keys', 404, '', 'none');
is_deeply [map { $_->{Key} }
    @{$c->call('GET', '/v1/kv/d/z?recurse')->{json}}], [qw(d/z d/zz)],
    'recurse';
gives('GET d/z?recurse&raw', 200, undef, 'raw does not count there');
gives('GET d/z?recurse&keys', 200, '["d/z","d/zz"]', 'keys before recurse');

# -- writing ------------------------------------------------------------------

gives('PUT f?flags=18446744073709551615', 200, 'true', 'flags', body => 'x');
like $c->call('GET', '/v1/kv/f')->{body}, qr/"Flags":18446744073709551615,/,
    'as great as they may be';
gives('PUT f', 200, 'true', 'put', body => 'x');
is kv_get($reg, 'f')->{Flags}, 0, 'without flags they are 0 again';
for my $name (qw(flags cas)) {
    gives("PUT f?$name=abc", 500,
        'strconv.ParseUint: parsing "abc": invalid syntax', "$name: a word");
    gives("PUT f?$name=", 500,
        'strconv.ParseUint: parsing "": invalid syntax', "$name: nothing");
    gives("PUT f?$name=-1", 500,
        'strconv.ParseUint: parsing "-1": invalid syntax', "$name: less");
    gives("PUT f?$name=18446744073709551616", 500,
        'strconv.ParseUint: parsing "18446744073709551616": '
        . 'value out of range', "$name: more");
}
gives('PUT cas?cas=42', 200, 'false', 'cas of a key that is not there',
    body => 'x');
gives('PUT cas?cas=0', 200, 'true', 'cas 0 makes it', body => 'v1');
gives('PUT cas?cas=0', 200, 'false', 'once', body => 'v2');
gives('PUT cas?cas=1', 200, 'false', 'cas of another index', body => 'v2');
$at = kv_get($reg, 'cas')->{ModifyIndex};
my $made = kv_get($reg, 'cas')->{CreateIndex};
gives("PUT cas?cas=$at", 200, 'true', 'cas of its own', body => 'v2');
is bytes_of('cas'), 'v2', 'writes';
is kv_get($reg, 'cas')->{CreateIndex}, $made, 'and it is the same key';
cmp_ok kv_get($reg, 'cas')->{ModifyIndex}, '>', $at, 'changed later';
gives('PUT cas?cas=1&acquire=x', 400, 'Conflicting flags: acquire=x&cas=1',
    'two ways at once', body => 'x');
gives('PUT cas?release=a%20b%26&acquire=x&token=secret', 400,
    'Conflicting flags: acquire=x&release=a+b%26', 'and no token is told');
is call($reg, 'POST', '/v1/kv/cas', body => 'x')->{body},
    'method POST not allowed', 'post';
is $c->call('OPTIONS', '/v1/kv/cas')->{headers}{allow},
    'OPTIONS,GET,PUT,DELETE', 'what it takes';

# -- deleting -----------------------------------------------------------------

$at = kv_get($reg, 'cas')->{ModifyIndex};
gives('DELETE cas?cas=1', 200, 'false', 'delete of another index');
gives('DELETE cas?cas=0', 200, 'false', 'of none');
gives('DELETE none?cas=7', 200, 'true', 'of a key that is not there');
gives('DELETE cas?cas=abc', 500,
    'strconv.ParseUint: parsing "abc": invalid syntax', 'of a word');
gives("DELETE d/?recurse&cas=$at", 400, "Conflicting flags: cas=$at&recurse=",
    'of a tree');
gives("DELETE cas?cas=$at&separator=/", 200, 'true', 'of its own');
gives('GET cas', 404, '', 'gone');
gives('DELETE d/x?recurse', 200, 'true', 'a tree');
gives('GET d?keys', 200, '["d/y/","d/y/1","d/z","d/zz"]', 'is gone, no more');
gives('DELETE ?recurse=1', 200, 'true', 'everything');
gives('GET ?keys', 200, '[]', 'is gone');

# -- sizes --------------------------------------------------------------------

my $most = 'x' x 524288;
is kv_put($reg, 'big', $most), 'true', 'as much as there may be';
ok bytes_of('big') eq $most, 'comes back';
ok call($reg, 'GET', '/v1/kv/big?raw')->{body} eq $most, 'raw, too';
$a = call($reg, 'PUT', '/v1/kv/big2', body => "${most}x");
is $a->{status}, 413, 'more is too much';
is $a->{body}, 'Value exceeds 524288 byte limit', 'and says so';
is kv_get($reg, 'big2'), undef, 'it is not there';
my $key = 'k' x 4096;
gives("PUT $key", 200, 'true', 'as long a key', body => 'v');
is bytes_of($key), 'v', 'is there';
for ("PUT ${key}k", "DELETE ${key}k", "DELETE ${key}k?recurse") {
    gives($_, 400, 'Key is too long (4097 > 4096 bytes)', 'a longer one is not');
}
gives("DELETE $key", 200, 'true', 'it goes');

# -- a client that does not wait ----------------------------------------------

for my $n (1 .. 20) {
    my $gone = caller_of($reg);
    $gone->ask('PUT', "/v1/kv/gone/$n", body => 'x');
    $gone->close;
}
ok eventually { my $a = call($reg, 'GET', '/v1/kv/gone/?keys');
    $a->{status} == 200 && @{$a->{json}} >= 1 }, 'what it asked for is done';

finish();
