# muster token on a file: what it makes is good where it should be, and what it
# edits keeps everything else as it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;
use Tokens;

need_programs('muster');
my $file = scratch() . '/made.yaml';
sub token { return run_program(program('muster'), 'token', @_, '--file', $file) }

my ($rc, $secret, $err) = token('create', 'web', '--register', 'web*',
    '--register', "it's", '--set', '*', '--pin', 'role=web', '--pin',
    'a b=x: #y', '--find', '.owner=web mem>=1G', '--expires', '90d');
is $rc, 0, 'made' or diag $err;
like $secret, qr/^web\.[A-Za-z0-9_-]{43}\n\z/, 'the token, and nothing else';
like $err, qr/only time/, 'a remark';
is sprintf('%04o', (stat $file)[2] & 07777), '0600', 'private';
chomp $secret;
my $text = slurp($file);
unlike $text, qr/\Q$secret\E/, 'the secret is not in the file';
ok index($text, hash_of($secret)) > 0, 'its hash is';

my ($again, $other);
($rc, $other) = token('create', 'ops', '--exec', 'role=web', '--ops', 'ping',
    '--ops', 'exec*', '--administrator', '--json');
is $rc, 0, 'another one';
$other = JSON::PP::decode_json($other);
like $other->{token}, qr/^ops\./, 'as JSON';
is_deeply $other->{ops}, ['ping', 'exec*'], 'with its rights';
is index(slurp($file), $text), 0, 'the first one stands as it stood';

# the registry takes them for what they are
my $reg = registry('-o', "auth.tokens=$file", '-o', 'auth.anonymous=none');
is_deeply [$reg->find(".token $secret .whoami 1")],
    [(join ' ', 'web expires', (split ' ', ($reg->find(
        ".token $secret .whoami 1"))[0])[2], q{register 'web* ''it''''s''' set *},
        q{pin.role web 'pin.a b' 'x: #y' find '.owner web mem>= 1G'})],
    'whoami: every right came through';
is_deeply [$reg->find(".token $other->{token} .whoami 1")],
    [q{ops exec 'role web' ops 'ping exec*' admin on}], 'and of the other';

# list, show
($rc, my $out) = token('list');
is $rc, 0, 'list';
my @lines = split /\n/, $out;
is scalar(@lines), 2, 'two';
like $lines[0], qr/^web expires \S+Z register /, 'as words';
unlike $out, qr/sha256/, 'no hash in it';
($rc, $out) = token('show', 'ops', '--json');
is_deeply JSON::PP::decode_json($out), { map { $_ => $other->{$_} }
    grep { $_ ne 'token' } keys %$other }, 'show as JSON';

# edited by hand: what others wrote stays
spew($file, "# whose\n\n# of the web\n" . slurp($file)
    . "# the last\nguest: {find: all} # short\n# the end\n");
($rc) = token('create', 'late');
is $rc, 0, 'one more, without any right';
($rc) = token('revoke', 'ops');
is $rc, 0, 'revoked';
$text = slurp($file);
is_deeply [$text =~ /^(\w+):/mg], ['web', 'guest', 'late'], 'the others stand';
like $text, qr/^# whose\n\n# of the web\nweb:/, 'comments before';
like $text, qr/\n# the last\nguest: \{find: all\} # short\n# the end\nlate:/,
    'and between';
($rc) = token('revoke', $_) for qw(web guest late);
is slurp($file), "# whose\n\n# of the web\n# the last\n# the end\n",
    'nothing but comments is left';
($rc, $out) = token('list');
is "$rc $out", '0 ', 'no token';

# what cannot be
spew($file, "{a: {find: all}, b: {find: none}}\n");
my @wrong = (
    [['create'], 2, qr/of which name/],
    [['create', 'a.b'], 2, qr/letters, digits/],
    [['create', 'all'], 2, qr/are taken/],
    [['create', 'c'], 1, qr/lines of its own/],
    [['create', 'a'], 1, qr/there is a token a/],
    [['revoke', 'a'], 1, qr/lines of its own/],
    [['revoke', 'x'], 3, qr/no token x/],
    [['show', 'x'], 3, qr/no token x/],
    [['list', 'x'], 2, qr/takes no name/],
    [['frob', 'x'], 2, qr/no such thing/],
    [['create', 'c', '--find', 'mem>= x'], 2, qr/find: /],
    [['create', 'c', '--pin', 'role'], 2, qr/ATTR=VALUE/],
    [['create', 'c', '--ops', 'ping'], 2, qr/without exec/],
    [['create', 'c', '--expires', 'soon'], 2, qr/expires/],
);
for my $case (@wrong) {
    my ($words, $status, $why) = @$case;
    ($rc, $out, $err) = token(@$words);
    is $rc, $status, "@$words: $status";
    like $err, $why, 'and why';
    is $out, '', 'no token is printed';
}
is slurp($file), "{a: {find: all}, b: {find: none}}\n", 'the file is as it was';
chmod 0644, $file;
($rc, $out, $err) = token('list');
like $err, qr/lets everybody read it: chmod o=/, 'a file that is not private';
($rc, $out, $err) = token('list', '--admin', '127.0.0.1:1');
is $rc, 2, 'in a file or in a registry, not both';
finish();
