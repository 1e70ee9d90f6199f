# Checks that are done: by TTL in milliseconds, against real servers of HTTP,
# HTTPS and TCP, and by scripts; what comes of them is seen in every way.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use MusterTLS;
use Target;
use Test::More;
use Time::HiRes qw(time);

my $reg = registry('-o', 'registry.consul=127.0.0.1:0',
    '-o', 'consul.enable_script_checks=on');
my $secure = registry({tls => 1}, tls_options('server'),
    '-o', 'registry.admin=tls!127.0.0.1!0');

sub ask
{
    my ($method, $path, $body) = @_;
    return http($reg, $method, "/v1/$path", face => 'consul', body => $body);
}

sub put_ok
{
    my ($path, $body, $why) = @_;
    my $a = ask('PUT', $path, ref $body ? encode_json($body) : $body);
    is "$a->{status} [$a->{body}]", '200 []', $why;
}

sub check { return decode_json(ask('GET', 'agent/checks')->{body})->{$_[0]} }

sub becomes
{
    my ($id, $status, $output, $why) = @_;
    my $c;
    eventually {
        $c = check($id);
        $c && $c->{Status} eq $status && $c->{Output} =~ $output;
    };
    is $c->{Status}, $status, $why;
    like $c->{Output}, $output, "$why: what it says";
}

# -- TTL -----------------------------------------------------------------------

my $start = time;
put_ok('agent/service/register', {Name => 'quick', Check => {TTL => '600ms',
        Status => 'passing'}}, 'a TTL of 600 ms');
becomes('service:quick', 'critical', qr/^TTL expired$/, 'it is over');
cmp_ok time - $start, '>', 0.55, 'not before its time';
# (who looks may be later than that)
ok((eventually {
    put_ok('agent/check/pass/service:quick?note=alive', undef, 'it lives again');
    $reg->find('service quick status passing') == 1;
}), 'on the find port, too');
becomes('service:quick', 'critical',
    qr/^TTL expired \(last output before timeout follows\): alive$/,
    'and it is over again');
put_ok('agent/service/deregister/quick', undef, 'it goes');

# -- HTTP ----------------------------------------------------------------------

my $t = Target->new;
put_ok('agent/service/register', {Name => 'web', Port => $t->port, Check => {
            HTTP => $t->url . '/health?x=1', Interval => '10ms',
            Timeout => '60s', Method => 'OPTIONS',
            Header => {'X-A' => ['b', 'c']}}}, 'a check by HTTP');
becomes('service:web', 'passing',
    qr{^HTTP OPTIONS \Q@{[$t->url]}\E/health\?x=1: 200 Said Output: fine$},
    'it passes at once');
my ($request) = $t->asked;
like $request, qr{^OPTIONS /health\?x=1 HTTP/1\.1\r\n}, 'as it says';
like $request, qr{\r\nX-A: b\r\nX-A: c\r\n}, 'with its headers';
like $request, qr{\r\nHost: 127\.0\.0\.1:\d+\r\n}, 'and a host';
my $watch = $reg->dial('event');
$watch->send("service web\n");
like $watch->line, qr/^READY/, 'somebody watches';
sub health_index
{
    return ask('GET', 'health/service/web')->{headers}{'x-consul-index'};
}
my $index = health_index();
$t->answers(200, 'fine too');
becomes('service:web', 'passing', qr/Output: /, 'what it says changes');
ok((eventually { check('service:web')->{Output} =~ /fine too$/ }),
    'and is seen');
is health_index(), $index, 'by the same index: nobody is woken';
$t->answers(429, 'busy');
becomes('service:web', 'warning', qr/429 Said Output: busy$/, '429 warns');
like $watch->line, qr/^\d+$/, 'a change of status is an event, and the first';
cmp_ok health_index(), '>', $index, 'and moves the index';
$t->answers(503, 'x' x 100000);
becomes('service:web', 'critical', qr/503 Said Output: x+$/, '503 is critical');
is check('service:web')->{Output} =~ tr/x//, 4096 + ($t->url =~ tr/x//)
    + 1, 'what it says is cut';
put_ok('agent/check/register', {ID => 'service:web', Name => 'hasty',
        ServiceID => 'web', HTTP => $t->url, Interval => '10ms',
        Timeout => '50ms'}, 'the same, and not as patient');
$t->answers(undef);
becomes('service:web', 'critical', qr/no answer within 0\.05s$/, 'no answer');
put_ok('agent/check/register', {ID => 'service:web', Name => 'patient',
        ServiceID => 'web', HTTP => $t->url, Interval => '10ms',
        Timeout => '60s'}, 'patient again');
$t->answers(204);
becomes('service:web', 'passing', qr/204 Said/, 'all is well');
$t->stop;
becomes('service:web', 'critical', qr/Connection refused$/, 'nobody is there');
put_ok('agent/service/deregister/web', undef, 'the service goes');

# -- thresholds ----------------------------------------------------------------

my $nobody = Target->new;
my %hasty = (Name => 'hasty', Status => 'passing', Interval => '1s',
    TCP => 'localhost:' . $nobody->port, FailuresBeforeWarning => 1);
$nobody->stop;
like ask('PUT', 'agent/check/register', encode_json(\%hasty))->{body},
    qr/^Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical/,
    'no warning later than what it warns of';
$hasty{FailuresBeforeCritical} = 100;
put_ok('agent/check/register', \%hasty, 'a check that warns first');
becomes('hasty', 'warning', qr/Connection refused/, 'it does');
put_ok('agent/check/deregister/hasty', undef, 'it goes');
$t = Target->new;
my %slow = (Name => 'slow', HTTP => $t->url, Interval => '1h',
    FailuresBeforeCritical => 2, SuccessBeforePassing => 2);
put_ok('agent/check/register', \%slow, 'a check that takes two');
ok((eventually { $t->asked >= 1 }), 'it is asked once');
is check('slow')->{Status}, 'critical', 'which is not enough';
$slow{Interval} = '1s';
put_ok('agent/check/register', \%slow, 'the same, more often');
becomes('slow', 'passing', qr/200/, 'twice is');
cmp_ok scalar($t->asked), '>=', 2, 'indeed';
put_ok('agent/check/deregister/slow', undef, 'the check goes');
my $asked = $t->asked;

# -- TCP -----------------------------------------------------------------------

put_ok('agent/check/register', {Name => 'tcp', Interval => '1s',
        TCP => 'localhost:' . $t->port}, 'a check by TCP');
becomes('tcp', 'passing', qr/^TCP connect localhost:\d+: Success$/,
    'it connects');
$t->stop;
becomes('tcp', 'critical', qr/Connection refused/, 'it does not');
put_ok('agent/check/deregister/tcp', undef, 'the check goes');

# -- HTTPS ---------------------------------------------------------------------

my $https = 'https://' . $secure->address('admin') =~ s/^tls!//r =~ s/!/:/r
    . '/health';
put_ok('agent/check/register', {Name => 'tls', Interval => '1s',
        HTTP => $https}, 'a check by HTTPS');
becomes('tls', 'critical', qr/certificate/, 'of a CA that nobody knows');
put_ok('agent/check/register', {Name => 'tls', Interval => '1s',
        HTTP => $https, TLSSkipVerify => JSON::PP::true},
    'the same, and any certificate will do');
becomes('tls', 'passing', qr/200 OK Output: /, 'it passes');
put_ok('agent/check/deregister/tls', undef, 'the check goes');

# -- scripts -------------------------------------------------------------------

put_ok('agent/check/register', {name => 's', interval => 10,
        script => 'echo out; echo err >&2; exit 1'}, 'a script for a shell');
becomes('s', 'warning', qr/^out\nerr\n$/, '1 warns');
put_ok('agent/check/register', {Name => 's', Interval => '1s',
        Args => ['sh', '-c', 'exit 0']}, 'one with arguments');
becomes('s', 'passing', qr/^$/, '0 passes');
put_ok('agent/check/register', {Name => 's', Interval => '1s',
        ScriptArgs => ['sleep', '600'], Timeout => '50ms'}, 'one that hangs');
becomes('s', 'critical', qr/^Timed out \(0\.05s\) running check$/, 'is ended');
put_ok('agent/check/register', {Name => 's', Interval => '1s',
        Args => ['/nonexistent']}, 'one that is not there');
becomes('s', 'critical', qr/cannot be run.*No such file/, 'says so');
put_ok('agent/check/deregister/s', undef, 'the check goes');

# -- itself --------------------------------------------------------------------

my $own = 'http://' . $reg->address('consul');
put_ok('agent/check/register', {name => 'root', http => "$own/",
        interval => '10ms', timeout => '2s'}, 'a check of its own face');
becomes('root', 'passing', qr/200 OK/, 'it passes');
put_ok('agent/check/deregister/root', undef, 'the check goes');
finish();
