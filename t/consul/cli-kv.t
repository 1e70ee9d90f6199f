# muster kv get, put, delete, list, watch.
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
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/r.db',
    '-o', 'registry.admin=127.0.0.1:0');

sub kv { return cli($reg, 'kv', @_) }
sub json_of { return [map { JSON::PP::decode_json($_) } split /\n/, $_[0]] }

# -- put and get --------------------------------------------------------------

is join('|', kv('put', 'a/b', 'hello')), '0||', 'put says nothing';
is join('|', kv('get', 'a/b')), "0|hello\n|", 'get, with a line end';
is join('|', kv('get', 'a/b', '--raw')), '0|hello|', 'raw: without';
my ($rc, $out, $err) = kv('get', 'none');
is "$rc|$out", '3|', 'no such key: 3';
is $err, "muster: there is no key none\n", 'said';
my $bytes = join '', map { chr($_) } 0 .. 255;
my $file = spew(scratch() . '/bytes', '');
open my $f, '>:raw', $file or die;
print $f $bytes;
close $f;
is((kv('put', 'bin', '@' . $file, '--flags', '18446744073709551615'))[0], 0,
    'a file of any bytes');
($rc, $out) = kv('get', 'bin', '--raw');
is $out, $bytes, 'comes back as it was';
($rc, $out) = kv('get', 'bin', '--json');
is_deeply json_of($out)->[0]{value}, {base64 => base64($bytes)}, 'in JSON';
is json_of($out)->[0]{flags}, '18446744073709551615', 'flags of 64 bits';
is((cli($reg, {in => "from\nhere"}, 'kv', 'put', 'in', '-'))[0], 0,
    'standard input');
is((kv('get', 'in'))[1], "from\nhere\n", 'has come');
is((kv('put', 'empty'))[0], 0, 'no value');
is((kv('get', 'empty', '--raw'))[1], '', 'is an empty one');
is((kv('put', 'a b/ü?#%', 'odd'))[0], 0, 'a key that a path cannot hold');
for my $key ('/lead', 'a//b', 'a/../b', '.', '..', 'x/./y/', 'p/.q', 'end/') {
    is((kv('put', $key, "of $key"))[0], 0, "the key $key");
    is +(kv('get', $key))[1], "of $key\n", '... is itself';
    is((kv('delete', $key))[0], 0, '... and goes');
}
is((kv('put', 'minus', '--', '-5'))[0], 0, 'a value that begins with a dash');
is +(kv('get', 'minus'))[1], "-5\n", '... is there';
is((kv('get', 'a b/ü?#%'))[1], "odd\n", 'is found by itself');
spew(scratch() . '/long', 'x' x (512 * 1024 + 1));
($rc, undef, $err) = kv('put', 'long', '@' . scratch() . '/long');
is $rc, 2, 'too long a value: 2';
like $err, qr/more than 524288 bytes/, 'said';

# -- conditions ---------------------------------------------------------------

($rc, undef, $err) = kv('put', 'a/b', 'x', '--cas', '0');
is $rc, 1, 'only if it is not there: 1';
like $err, qr{^muster: kv put a/b: nothing was done: its index is not}, 'said';
my $index = json_of((kv('get', 'a/b', '--json'))[1])->[0]{changed};
is((kv('put', 'a/b', 'new', '--cas', $index))[0], 0, 'of that index');
is((kv('delete', 'a/b', '--cas', $index))[0], 1, 'no longer');
my $s = session($reg);
is((kv('put', 'a/b', 'x', '--acquire', $s))[0], 0, 'acquired');
is json_of((kv('get', 'a/b', '--json'))[1])->[0]{session}, $s, 'is held';
($rc, undef, $err) = kv('put', 'a/b', 'x', '--acquire', session($reg));
is $rc, 1, 'held by another: 1';
is((kv('put', 'a/b', 'x', '--release', $s))[0], 0, 'released');
($rc, undef, $err) = kv('put', 'a/b', 'x', '--acquire', 'foo');
is $rc, 1, 'a bad session: 1';
like $err, qr/^muster: \S+: /, "with the registry's text";

# -- trees --------------------------------------------------------------------

kv('put', "t/$_", "v$_") for qw(1 2 x/1 x/2);
is((kv('list', 't/'))[1], "t/1\nt/2\nt/x/1\nt/x/2\n", 'list');
is((kv('list', 't/', '--separator', '/'))[1], "t/1\nt/2\nt/x/\n", 'cut');
is((kv('get', '-r', 't/x'))[1], "t/x/1 vx/1\nt/x/2 vx/2\n", 'get -r');
is((kv('list', 'none/'))[0], 3, 'nothing there: 3');
is((kv('delete', '-r', 't/x'))[0], 0, 'delete -r');
is((kv('list', 't/'))[1], "t/1\nt/2\n", 'the others stay');

# -- wrong lines --------------------------------------------------------------

for (['nothing'], ['get'], ['get', 'a', 'b'], ['get', 'a', '--cas', 1],
    ['put', 'a', 'b', '--cas', 'x'], ['get', 'a', '--', 'true'],
    ['put', 'a', 'b', '--cas', 1, '--acquire', 'x'], ['lock', 'a']) {
    my ($status, $said, $complaint) = kv(@$_);
    is "$status|$said", '2|', "kv @$_: 2";
    like $complaint, qr/^muster: .*\n/, 'said';
}
is((cli($reg, {env => {MUSTER_CONSUL => '127.0.0.1:1'}}, 'kv', 'get', 'a'))[0],
    8, 'nobody there: 8');
is((cli($reg, {env => {MUSTER_CONSUL => '', CONSUL_HTTP_ADDR => 'http://'
    . $reg->address('consul')}}, 'kv', 'get', 'empty'))[0], 0,
    'CONSUL_HTTP_ADDR as Consul takes it');

# -- watch --------------------------------------------------------------------

my $w = begin($reg, 'kv', 'watch', '-r', 'w/');
my $j = begin($reg, 'kv', 'watch', 'w/1', '--json');
ok eventually { $reg->metric('muster_consul_blocking') == 2 }, 'two watch';
kv('put', 'w/1', 'one');
ok eventually { $w->out eq "+ w/1 one\n" }, 'a key that comes';
kv('put', 'w/2', "two\nlines");
ok eventually { $w->out =~ /^\+ w\/2 two\\x0alines$/m }, 'stays a line';
kv('put', 'w/1', 'other');
ok eventually { $w->out =~ /^= w\/1 other$/m }, 'one that changes';
ok eventually { $j->out =~ /"change"/ }, 'the same as JSON';
kv('delete', 'w/2');
ok eventually { $w->out =~ /^- w\/2$/m }, 'one that goes';
$reg->kill;
ok eventually { $w->err =~ /trying again/ }, 'the registry goes';
$reg->restart;
ok eventually { $w->err =~ /is back/ }, 'and comes back';
is scalar(() = $w->out =~ /w\/1/g), 2, 'nothing is told twice';
kv('put', 'w/3', 'x');
ok eventually { $w->out =~ /^\+ w\/3 x$/m }, 'it goes on';
is_deeply [map { "$_->{event} " . $_->{value} } @{json_of($j->out)}],
    ['add one', 'change other'], 'one key: its own changes only';
is $_->signal('TERM')->status, 0, 'ended: 0' for $w, $j;

finish();
