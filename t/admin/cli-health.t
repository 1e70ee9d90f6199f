# muster health: all well, not well, nobody there, not one of ours.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::IP;
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;
use Tokens;

need_programs('musterd', 'muster', 'muster-dispatch');
my $reg = registry('-o', 'registry.admin=127.0.0.1:0');
my $d = dispatcher($reg, '-o', 'dispatcher.admin=127.0.0.1:0');
my $address = $reg->address('admin');

sub health { return muster(undef, 'health', @_) }

my ($rc, $out, $err) = health('--admin', $address);
is $rc, 0, 'all is well';
like $out, qr/^musterd \d\S*, up [\d:.]+ ?m?s?: ok\n\z/, 'in a line';
is $err, '', 'and no more';
($rc, $out) = health('--admin', $address, '-v');
like $out, qr/^  connections: ok\n/m, '-v tells the checks';
like $out, qr/^  store: ok\n/m, 'all of them';
($rc, $out) = health('--admin', $address, '--json');
my $json = decode_json($out);
is $json->{status}, 'ok', 'as JSON';
is $json->{program}, 'musterd', 'of whom';
is $json->{pid}, $reg->{pid}, 'which';
is $json->{checks}{store}, 'ok', 'and its checks';
is scalar(split /\n/, $out), 1, 'on one line';

# without --admin it is the registry's host; port 6700 may be another's here,
# so only the host is told apart
($rc, $out, $err) = run_program({env => {MUSTER_REGISTRY => '127.0.0.9'}},
    program('muster'), 'health');
is $rc, 8, 'nobody there: 8';
like $err, qr/cannot reach 127\.0\.0\.9:6700/, 'at the registry\'s host';

# degraded
$reg->stop;
ok((eventually {
    ($rc, $out, $err) = health('--admin', $d->address('admin'));
    $rc == 1;
}), 'degraded: 1');
like $out, qr/^muster-dispatch \S+, up .*: degraded\n  registry: no registry/,
    'and what ails';
($rc, $out) = health('--admin', $d->address('admin'), '--json');
is decode_json($out)->{status}, 'degraded', 'as JSON';
like decode_json($out)->{checks}{registry}, qr/no registry/, 'with why';
($rc, $out, $err) = health('--admin', $address);
is $rc, 8, 'gone: 8';
like $err, qr/\Q$address\E/, 'and who';
($rc, $out, $err) = health('--admin', $address, '--json');
like decode_json($out)->{error}, qr/\Q$address\E/, 'as JSON';

# somebody else, and what he says stays off the terminal
for my $said ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n", "READY\n", '') {
    my $listen = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
        Listen => 1);
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        my $c = $listen->accept;
        sysread $c, my $request, 4096;
        syswrite $c, $said;
        close $c;
        POSIX::_exit(0);
    }
    ($rc, $out, $err) = health('--admin', '127.0.0.1:' . $listen->sockport);
    waitpid $pid, 0;
    is "$rc $out", '8 ', 'no daemon of ours: 8';
    like $err, qr/^muster: \S/, 'with a reason';
}
is((health('--admin', 'x:y'))[0], 2, 'no address: 2');
is((health('word'))[0], 2, 'a word: 2');

# where it takes a token
my $tokens = tokens_file(boss => 'admin: on');
my $shy = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none');
($rc, $out) = health('--admin', $shy->address('admin'));
is $rc, 0, 'on this machine everybody may ask';
my $file = token_file('boss');
($rc, $out) = run_program({env => {MUSTER_TOKEN_FILE => $file}},
    program('muster'), 'health', '--admin', $shy->address('admin'));
is $rc, 0, 'with a token, too';
my $wrong = token_file('boss', 'boss.wrong');
($rc, $out, $err) = run_program({env => {MUSTER_TOKEN_FILE => $wrong}},
    program('muster'), 'health', '--admin', $shy->address('admin'));
is $rc, 8, 'but not with a wrong one';
like $err, qr/401/, 'as it says';
finish();
