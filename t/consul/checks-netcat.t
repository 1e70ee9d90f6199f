# Checks that a service asks for by its own attributes, with netcat: what comes
# of them is its status, on port find and for Consul's clients; they change and
# go with it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Target;
use Test::More;
use Time::HiRes qw(time);

my $t = Target->new;
my $reg = registry('-o', 'registry.consul=127.0.0.1:0', '-o',
    'registry.static=' . spew(scratch() . '/static',
        'service=fixed addr=tcp!127.0.0.1!' . $t->port
        . " check.tcp=on check.interval=1s\n"));

sub checks
{
    return decode_json(
        http($reg, 'GET', '/v1/agent/checks', face => 'consul')->{body});
}

sub found { return join ' ', map { /^(\S+)/ } $reg->find("$_[0]") }

sub becomes
{
    my ($service, $status, $why) = @_;
    ok((eventually { found("service $service status $status") }), $why)
        or diag explain [checks(), $reg->find("service $service")];
}

# -- of a static entry, that nobody else may change

ok((eventually { found('.name fixed status passing') }),
    'a static entry is looked at');
my $fixed = join ' ', sort keys %{checks()};
is $fixed, 'service:fixed', 'by a check of its own';
sub more { return [grep { $_ ne $fixed } sort keys %{checks()}] }

# -- by HTTP, at the service's own address -------------------------------------

my $web = $reg->register('web service web addr tcp!127.0.0.1!' . $t->port
    . ' check.http /health check.interval 1s');
becomes('web', 'passing', 'a service with a page is passing');
like +($t->asked)[0], qr{^GET /health }, 'which was asked for';
my $c = checks()->{'service:web'};
is "$c->{Name} $c->{ServiceID} $c->{Status}",
    "Service 'web' check web passing", 'it is a check of the agent';
is found('service web status passing'), 'web', 'and found by its status';
$t->answers(500);
becomes('web', 'critical', 'the page is not well');
$web->send("check.http /other\n");
is $web->line =~ s/\d+/N/r, 'ok N', 'another page';
$t->answers(200, 'other');
becomes('web', 'passing', 'is well');
ok scalar(grep { m{^GET /other } } $t->asked), 'and was asked for';

# -- several -------------------------------------------------------------------

$web->send('check.2.tcp on check.2.interval 1s check.3.http ftp://x/' . "\n");
is $web->line =~ s/\d+/N/r, 'ok N', 'two more checks';
ok((eventually { @{more()} == 3 }), 'are there');
is_deeply more(), [map { "service:web:$_" } 1 .. 3],
    'each by its number';
ok((eventually { checks()->{'service:web:2'}{Status} eq 'passing' }),
    'the second connects');
like checks()->{'service:web:2'}{Output}, qr/^TCP connect 127\.0\.0\.1:\d+: Su/,
    'to the service\'s own address';
like checks()->{'service:web:3'}{Output},
    qr{cannot be done: its URL begins with neither}, 'the third says why not';
becomes('web', 'critical', 'the worst of them counts');
$web->send(".unset check.2.tcp .unset check.2.interval .unset check.3.http\n");
is $web->line =~ s/\d+/N/r, 'ok N', 'no longer';
ok((eventually { "@{more()}" eq 'service:web' }),
    'one is left');
becomes('web', 'passing', 'and it is passing');

# -- what is meant, and what is not --------------------------------------------

my %wrong = (
    'check.interval 5s' => qr/none of http, tcp and ttl/,
    'check.http /x' => qr/needs an address/,
    'check.tcp h:1 check.interval soon' => qr/check\.interval: 'soon' cannot/,
    'check.tcp h:1 check.fails 0' => qr/check\.fails: '0' cannot/,
    'check.tcp h:1 check.http http://h/' => qr/check\.http: '.*' cannot/,
    'check.tcp h:1 check.nonsense x' => qr/check\.nonsense: 'x' cannot/,
);
for my $attrs (sort keys %wrong) {
    my $s = $reg->register("wrong service wrong $attrs");
    ok((eventually { checks()->{'service:wrong'} }), "$attrs: a check");
    like checks()->{'service:wrong'}{Output}, $wrong{$attrs}, 'that says why';
    is checks()->{'service:wrong'}{Status}, 'critical', 'and is critical';
    $s->close;
    ok((eventually { !checks()->{'service:wrong'} }), 'it goes');
}

# -- by lines ------------------------------------------------------------------

my $ttl = $reg->register('t service t check.ttl 1500ms');
# (who looks may be later than that)
ok((eventually { $ttl->send("\n"); found('service t status passing') }),
    'who has just said something is passing');
becomes('t', 'critical', 'who is silent is not');
is checks()->{'service:t'}{Output}, 'TTL expired', 'for this reason';
select undef, undef, undef, 0.5;
is checks()->{'service:t'}{Output}, 'TTL expired', 'and so it stays';
ok((eventually { $ttl->send("\n"); found('service t status passing') }),
    'an empty line will do');
my $until = time + 2;
my $lost = 0;
my $said = 0;
while (time < $until) {
    my $now = time;
    $ttl->send("\n");
    # (unless we were that late ourselves)
    $lost++ if found('service t status critical') && time - $said < 1.5;
    $said = $now;
    select undef, undef, undef, 0.02;
}
is $lost, 0, 'again and again';

# -- the end -------------------------------------------------------------------

$_->close for $web, $ttl;
ok((eventually { !@{more()} }), 'all go with their services');
my $asked = $t->asked;
my $pid = $reg->register('p persist 1 service p addr tcp!127.0.0.1!' . $t->port
    . ' check.http /p check.interval 1s');
$pid->close;
becomes('p', 'passing', 'a service that persists is looked at');
my $end = $reg->dial('new');
$end->send(".remove p .ack 1\n");
like $end->line, qr/^ok/, 'until it is removed';
ok((eventually { !@{more()} }), 'with its check');
finish();
