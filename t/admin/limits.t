# The bounds of HTTP: of a header, of time, of connections, of what waits to be
# read; each with its status and its count.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd');
my $ok = request('GET', '/ready');
my $short = 500 * (deadline(1) > 1 ? 4 : 2);    # ms

# -- sizes ---------------------------------------------------------------------

my $reg = registry('-o', 'registry.admin=127.0.0.1:0', '-o', 'http.header=2K',
    '-o', 'limits.output=4K');
is http($reg, 'GET', '/ready', headers => {X => 'a' x 1900})->{status}, 200,
    'a header just within';
is http($reg, 'GET', '/ready', headers => {X => 'a' x 2100})->{status}, 431,
    'one that is longer';
is http($reg, 'GET', '/ready', headers => {X => 'a' x 100000})->{status}, 431,
    'one that is longer than any line';
is http($reg, 'GET', '/' . 'a' x 3000)->{status}, 414, 'a path too long';
is http($reg, 'GET', '/' . 'a' x 100000)->{status}, 414,
    'one longer than any line';
is http($reg, 'GET', '/ready', headers => {map { ("X$_", 1) } 1 .. 99})
    ->{status}, 200, 'a hundred headers';
is http($reg, 'GET', '/ready', headers => {map { ("X$_", 1) } 1 .. 100})
    ->{status}, 431, 'one more';
is http($reg, 'PUT', '/metrics', body => 'a' x 100000)->{status}, 405,
    'a body that nobody wants';
my $m = metrics($reg);
is $m->{'muster_http_refused_total{face="admin",reason="size"}'}, 5,
    'counted';

# -- time ----------------------------------------------------------------------

my $hasty = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', "http.request=${short}ms", '-o', "http.idle=${short}ms",
    '-o', "limits.first_line=${short}ms");

# A connection on which that was said at once: not as late as is refused here
sub begun
{
    my ($text) = @_;
    while (1) {
        my $began = time;
        my $c = $hasty->dial('admin');
        $c->send($text);
        return $c if time - $began < $short / 1000 / 4;
        $c->close;
    }
}

# a line now and then, for ever
my $c = begun("GET /ready HTTP/1.1\r\nHost: localhost\r\n");
my $late = eventually {
    $c->send("X: y\r\n");
    return $c->fill(0);
};
ok $late, 'a header that takes too long to come is answered';
is answer($c)->{status}, 408, 'by 408';
ok $c->ends, 'and its connection closed';
# half of one, then nothing
$c = begun("GET /ready HTTP/1.1\r\nHost: localhost\r\n");
is answer($c)->{status}, 408, 'half a header and silence: 408';
$c = begun('GET /rea');
ok $c->ends, 'less than a line and silence: closed';
# none at all between two
$c = begun($ok);
is answer($c)->{status}, 200, 'one request';
ok $c->ends, 'and no other: closed';
is $c->{in}, '', 'without a word';
my $late_ones = 'muster_http_refused_total{face="admin",reason="late"}';
# (who looks must not be late)
my $counts;
eventually { $counts = eval { metrics($hasty) } };
cmp_ok $counts->{$late_ones}, '==', 2, 'counted';

# -- one who sends and does not read -------------------------------------------

my $memory = $reg->memory;
$c = $reg->dial('admin');
my $sent = 0;
{
    local $SIG{ALRM} = sub { die "stuck\n" };
    my $socket = $c->{socket};
    $socket->blocking(0);
    my $text = request('GET', '/metrics') x 100;
    my $quiet = 0;
    while ($quiet < 20 && $sent < 50_000_000) {
        my $n = syswrite $socket, $text;
        $sent += $n if $n;
        $quiet = $n ? 0 : $quiet + 1;
        select undef, undef, undef, 0.01 unless $n;
    }
}
cmp_ok $sent, '<', 50_000_000, 'nothing more is taken from who does not read';
# (under sanitizers what was freed is kept for a while)
cmp_ok $reg->memory - $memory, '<', deadline(1) > 1 ? 40960 : 4096,
    'which costs little memory';
is http($reg, 'GET', '/ready')->{status}, 200, 'and nobody else anything';
cmp_ok metrics($reg)->{'muster_held_total{face="admin",limit="output"}'}, '>',
    0, 'counted';
$c->close;

# -- connections ---------------------------------------------------------------

my $few = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'limits.connections_per_address=3');
my @three = map { $few->dial('admin') } 1 .. 3;
for my $one (@three) {
    $one->send($ok);
    is answer($one)->{status}, 200, 'as many as may';
}
my $fourth = answer($few->dial('admin'));
is $fourth->{status}, 503, 'one more is refused in HTTP';
like decode_json($fourth->{body})->{error},
    qr/too many connections from one address: at most 3/, 'with the reason';
is $fourth->{headers}{connection}, 'close', 'and closed';
is_deeply [$few->find], ["error: 'too many connections from one address: "
    . "at most 3'"], 'the accounts are those of all faces';
$three[0]->send(request('GET', '/metrics'));
is parse_metrics(answer($three[0])->{body})->{
    'muster_refused_total{face="admin",reason="connections_per_address"}'}, 1,
    'counted';
$_->close for @three;
ok((eventually { eval { http($few, 'GET', '/ready')->{status} == 200 } }),
    'with room again, all are served');

# -- the end -------------------------------------------------------------------

# kept connections do not keep the daemon
my @idle = map { my $one = $reg->dial('admin'); $one->send($ok); answer($one);
    $one } 1 .. 3;
$reg->stop(5);
ok $_->ends, 'they end with it' for @idle;
finish();
