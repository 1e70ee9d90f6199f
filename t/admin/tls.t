# The admin face over TLS: by certificate, by token, and what health says of
# certificates that are about to end, or that are no good.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use MusterTLS;
use Test::More;
use Tokens;

need_programs('musterd', 'muster');
need_programs('t/driver/tls-pipe');

# Whoever shows the certificate of boss may administer; of elsewhere, nothing.
my $tokens = tokens_file(
    boss => "cert: boss\nadmin: on",
    reader => 'find: all');
my $reg = registry({tls => 'server'}, '-o', 'registry.admin=tls!127.0.0.1!0',
    '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none',
    '-o', 'tls.client=optional');
my $address = $reg->address('admin');
like $address, qr/^tls!/, 'it speaks TLS';

sub over
{
    my ($path, $cert, %headers) = @_;
    my $c = connect_to($address, $cert ? (cert => $cert) : ());
    $c->send(request('GET', $path, headers => \%headers));
    return answer($c);
}

is over('/ready')->{status}, 200, 'everybody on this machine is answered';
is_deeply [check_metrics(over('/metrics')->{body})], [], 'metrics, too';
is over('/debug/state')->{status}, 401, 'but no more without a name';
certs_issue('boss', '--client');
certs_issue('guest', '--client');
is over('/debug/state', 'boss')->{status}, 200, 'with a certificate that may';
is over('/debug/state', 'guest')->{status}, 401, 'not with another one';
is over('/debug/state', undef, Authorization => 'Bearer boss.secret')
    ->{status}, 200, 'or with a token';
is over('/debug/state', 'boss', Authorization => 'Bearer reader.secret')
    ->{status}, 403, 'the token that is shown counts before the certificate';
is over('/debug/state', 'boss', Host => 'evil.example')->{status}, 421,
    'a browser shows its certificate to every page: Host counts';

my $plain = Muster::Conn->new($address =~ s/^tls!(.*)!(\d+)$/$1:$2/r);
$plain->send(request('GET', '/ready'));
unlike $plain->bytes, qr/200 OK/, 'plain text gets nothing';

my ($rc, $out, $err) = muster(undef, 'health', '--admin', $address, '-v',
    tls_options(undef));
is $rc, 0, 'muster health over TLS' or diag($err);
like $out, qr/^  tls: ok$/m, 'certificates are well';

# -- certificates that end, or are no good -------------------------------------

my $dir = scratch();
my @day = gmtime(time - 86400);
certs_issue('short', '--ip', '127.0.0.1', '--days', '2', '--from',
    sprintf '%04d-%02d-%02d', $day[5] + 1900, $day[4] + 1, $day[3]);
system('cp', certs() . "/short.$_", "$dir/live.$_") == 0 or die for 'pem', 'key';
my $live = registry(tls_options(undef, cert => "$dir/live.pem",
        key => "$dir/live.key"), '-o', 'tls.check=50ms',
    '-o', 'registry.admin=127.0.0.1:0');

sub tls_check
{
    my $answer = http($live, 'GET', '/health');
    my $health = decode_json($answer->{body});
    return "$answer->{status} $health->{checks}{tls}";
}
like tls_check(), qr/^503 the certificate has expired, or ends within a day/,
    'a certificate that ends within a day';
certs_issue('long', '--ip', '127.0.0.1');
system('cp', certs() . "/long.$_", "$dir/live.$_") == 0 or die for 'key', 'pem';
ok((eventually { tls_check() eq '200 ok' }), 'a new one cures it');
spew("$dir/live.pem", "no certificate\n");
ok((eventually { tls_check() =~ /^503 \S/ }), 'one that is no good');
unlike tls_check(), qr/ends within/, 'is told for what it is';
is metrics($live)->{muster_tls_reload_failed}, 1, 'and counted';
system('cp', certs() . "/long.pem", "$dir/live.pem") == 0 or die;
ok((eventually { tls_check() eq '200 ok' }), 'and well again');
finish();
