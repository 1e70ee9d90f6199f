# HTTP as attackers send it: each piece is refused with its own status or not
# answered at all, is never taken for two requests, and costs others nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'http.hosts=registry.example.org');

# Sends it, hangs up its sending side; every status that is answered, in order.
sub statuses
{
    my ($text) = @_;
    my $c = $reg->dial('admin');
    $c->send($text);
    $c->end;
    my @statuses;
    while (my $answer = answer($c)) {
        push @statuses, $answer->{status};
    }
    return "@statuses";
}

my $ok = "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
is statuses($ok), '200', 'a good one';
is statuses($ok x 5), '200 200 200 200 200', 'five of them, in order';

# smuggled: what is behind is no request of its own
my $hidden = "GET /debug/state HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $post = "POST /ready HTTP/1.1\r\nHost: localhost\r\n";
for my $case (
    ['Content-Length and Transfer-Encoding',
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"],
    ['the other way round',
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"],
    ['two Content-Lengths', "Content-Length: 0\r\nContent-Length: 60\r\n"],
    ['the same twice', "Content-Length: 60\r\nContent-Length: 60\r\n"],
    ['a list of lengths', "Content-Length: 60, 60\r\n"],
    ['a blank before the colon', "Content-Length : 60\r\n"],
    ['a tab before the colon', "Transfer-Encoding\t: chunked\r\n"],
    ['a folded line', "X: y\r\n Content-Length: 60\r\n"],
    ['a length with a sign', "Content-Length: +60\r\n"],
    ['a length that is negative', "Content-Length: -1\r\n"],
    ['a length in hex', "Content-Length: 0x3c\r\n"],
    ['a length over all bounds', "Content-Length: 18446744073709551616\r\n"],
    ['two encodings', "Transfer-Encoding: chunked\r\n" x 2],
    ['a CR alone', "X: a\rContent-Length: 60\r\n"],
    ['a NUL', "X: a\0b\r\n"],
    ['two Hosts', "Host: localhost\r\n"],
    ) {
    my ($what, $headers) = @$case;
    is statuses("$post$headers\r\n$hidden"), '400', "$what: refused, once";
}
for my $encoding ('xchunked', 'chunked, identity', 'gzip, chunked', 'identity',
    '', "\x0bchunked") {
    my $status = statuses("${post}Transfer-Encoding: $encoding\r\n\r\n$hidden");
    like $status, qr/^(?:501|400)$/, "Transfer-Encoding: '$encoding'";
}
is statuses("${post}Content-Length: " . length($hidden) . "\r\n\r\n$hidden"),
    '405', 'the body of a refused request is no request';
is statuses("GET /ready HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    . length($hidden) . "\r\n\r\n$hidden"), '413', 'nor that of a GET';
is statuses("${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n$hidden"),
    '405', 'nor what is behind chunks';

# no HTTP
for my $text ("\0\0\0\0", "\x16\x03\x01\x02\x00\x01", 'x' x 300 . "\n",
    "GET\n", "GET /\n", "/ready\n", "GET /ready\r\n", "get /ready HTTP/1.1\n",
    "a kind web .ack 1\n", "GET /ready HTTP/1.1 x\n", "GET  / HTTP/1.1\r\n") {
    (my $shown = substr $text, 0, 20) =~ s/[^ -~]/./g;
    like statuses($text . "Host: localhost\r\n\r\n"), qr/^(?:400|501)$/,
        "'$shown'";
}
is statuses("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), '505', 'HTTP/2';
is statuses("GET /ready HTTP/0.9\r\n\r\n"), '505', 'HTTP/0.9';
is statuses("\r\n$ok"), '200', 'an empty line before a request is forgiven';
is statuses("\r\n\r\n$ok"), '400', 'two are not';

# methods and paths
for my $method (qw(POST PUT DELETE PATCH)) {
    my $answer = http($reg, $method, '/metrics');
    is $answer->{status}, 405, "$method: 405";
    is $answer->{headers}{allow}, 'GET, HEAD, OPTIONS', 'and what is allowed';
}
is http($reg, 'OPTIONS', '/metrics')->{status}, 204, 'OPTIONS';
is http($reg, $_, '/metrics')->{status}, 501, "$_: 501"
    for qw(TRACE CONNECT BREW);
for my $path ('/metrics/', '//metrics', '/metrics/..', '/../metrics',
    '/%6detrics', '/metrics%00', '/debug', '/debug/state/x', '/Metrics') {
    is http($reg, 'GET', $path)->{status}, 404, "$path: 404";
}
is http($reg, 'GET', '/metrics?x=%00')->{status}, 400, 'a NUL behind the ?';
is http($reg, 'GET', '/metrics?' . 'a&' x 100)->{status}, 400,
    'too much behind the ?';
is http($reg, 'GET', '/metrics?a=%41')->{status}, 200, 'what is ignored';

# other people's pages
for my $host ('evil.example', 'evil.example:80', 'localhost.evil.example',
    '127.0.0.1.evil.example', 'a@localhost', 'localhost:x', 'localhost/x',
    '[::1', '') {
    is http($reg, 'GET', '/debug/state', headers => {Host => $host})->{status},
        421, "Host: $host";
}
for my $host ('localhost', 'localhost:6700', '127.0.0.1', '[::1]:6700',
    '10.1.2.3', 'Registry.Example.ORG', 'registry.example.org.:80') {
    is http($reg, 'GET', '/ready', headers => {Host => $host})->{status}, 200,
        "Host: $host";
}
is statuses("GET http://evil.example/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    '421', 'an absolute target is the Host';
is statuses("GET /ready HTTP/1.1\r\n\r\n"), '400', 'no Host';
my $answer = http($reg, 'GET', '/ready',
    headers => {Origin => 'http://evil.example'});
is $answer->{headers}{'access-control-allow-origin'}, undef,
    'no other site may read';
$answer = http($reg, 'OPTIONS', '/ready', headers => {
    Origin => 'http://evil.example', 'Access-Control-Request-Method' => 'POST'});
ok !grep({ /^access-control/ } keys %{$answer->{headers}}),
    'nor is it told that it could';

# what comes back holds nothing that was sent
$answer = http($reg, 'GET', '/<script>alert(1)</script>');
unlike $answer->{body} . $answer->{head}, qr/script/, 'no reflection';
is $answer->{headers}{'content-type'}, 'application/json', 'and no HTML';
is_deeply [sort keys %{decode_json($answer->{body})}], ['error', 'status'],
    'errors are JSON';

# half of a request, then nothing; and a client that goes at once
my @half = map { my $c = $reg->dial('admin'); $c->send($_); $c }
    "GET /ready HTTP/1.1\r\nHost: loc", 'G', "GET /ready HTTP/1.1\r\n",
    "${post}Content-Length: 100\r\n\r\n";
is statuses($ok), '200', 'others are served meanwhile';
$_->reset for @half;
for (1 .. 20) {
    my $c = $reg->dial('admin');
    $c->send($hidden);
    $c->reset;
}
is statuses($ok), '200', 'and afterwards';

# everything that is sent a byte at a time is the same
my $c = $reg->dial('admin');
$c->send($_) for split //, $ok;
is answer($c)->{status}, 200, 'a byte at a time';
finish();
