# Who may see what of the admin face: this machine, others, tokens; and which
# status each refusal has.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;
use Tokens;

need_programs('musterd');
my $tokens = tokens_file(boss => 'admin: on', reader => 'find: all',
    old => "admin: on\nexpires: 2001-01-01T00:00:00Z");
my %mode = (
    auto => registry('-o', 'registry.admin=127.0.0.1:0',
        '-o', "auth.tokens=$tokens"),
    none => registry('-o', 'registry.admin=127.0.0.1:0',
        '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none'),
    reader => registry('-o', 'registry.admin=127.0.0.1:0',
        '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=reader'),
);

# auth.anonymous, token, path, status; all from this machine
for (
    ['auto', '', '/metrics', 200],
    ['auto', '', '/debug/state', 200],
    ['auto', 'reader.secret', '/debug/state', 403],
    ['auto', 'boss.secret', '/debug/state', 200],
    ['auto', 'boss.wrong', '/debug/state', 401],
    ['auto', 'nobody.secret', '/debug/state', 401],
    ['auto', 'nobody.secret', '/health', 401],
    ['auto', 'old.secret', '/debug/state', 401],
    ['auto', 'boss', '/debug/state', 401],
    ['none', '', '/metrics', 200],
    ['none', '', '/health', 200],
    ['none', '', '/ready', 200],
    ['none', '', '/debug/state', 401],
    ['none', 'reader.secret', '/debug/state', 403],
    ['none', 'reader.secret', '/metrics', 200],
    ['none', 'boss.secret', '/debug/state', 200],
    ['reader', '', '/debug/state', 403],
    ['reader', '', '/health', 200],
    ['reader', 'boss.secret', '/debug/state', 200],
    ) {
    my ($mode, $token, $path, $status) = @$_;
    for my $header (['Authorization', "Bearer $token"],
        ['X-Consul-Token', $token]) {
        my $answer = http($mode{$mode}, 'GET', $path,
            headers => {$token ? @$header : ()});
        my $what = "$mode, " . ($token || 'no token') . ": $path is $status";
        is $answer->{status}, $status, $what;
        if ($status >= 400) {
            my $error = decode_json($answer->{body});
            is $error->{status}, $status, 'as its JSON says';
            like $error->{error}, qr/\w{3}/, 'with the reason';
        }
        is $answer->{headers}{'www-authenticate'}, 'Bearer',
            'and what is wanted' if $status == 401 && $token;
    }
}

# a token that goes takes its rights with it
spew($tokens, tokens_text(reader => 'find: all'));
chmod 0600, $tokens;
my $reg = $mode{auto};
$reg->signal('HUP');
ok((eventually {
    http($reg, 'GET', '/debug/state',
        headers => {Authorization => 'Bearer boss.secret'})->{status} == 401;
}), 'a token that is taken away is an unknown one');

# nothing of it is in the log
for my $d (values %mode) {
    unlike slurp($d->{log}), qr/\.secret|\.wrong/, 'no token is logged';
}
finish();
