# What was registered over /v1/agent stays over a SIGKILL of the registry, with
# what was known of its checks; and they are done again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Target;
use Test::More;

my $dir = scratch();
my $t = Target->new;
my $reg = registry('-o', "registry.store=sqlite:$dir/db",
    '-o', 'registry.consul=127.0.0.1:0');

sub put_ok
{
    my ($path, $body, $why) = @_;
    my $a = http($reg, 'PUT', "/v1/$path", face => 'consul',
        body => ref $body ? encode_json($body) : $body);
    is "$a->{status} [$a->{body}]", '200 []', $why;
}

sub get
{
    return decode_json(
        http($reg, 'GET', "/v1/$_[0]", face => 'consul')->{body});
}

sub status_of { return join ' ', map { get('agent/checks')->{$_}{Status} } @_ }

put_ok('agent/service/register', {Name => 'web', ID => 'w', Port => 80,
        Tags => ['a'], Meta => {k => 'v'}, Checks => [
            {TTL => '10m', Notes => 'n'},
            {HTTP => $t->url . '/x', Interval => '1s',
                Header => {A => ['b']}}]}, 'a service with two checks');
put_ok('agent/check/register', {Name => 'short', TTL => '300ms'}, 'a short TTL');
put_ok('agent/check/register', {Name => 'gone', TTL => '1m'}, 'one that goes');
put_ok('agent/check/deregister/gone', undef, 'and goes');
put_ok('agent/check/pass/service:w:1?note=well', undef, 'one passes');
put_ok('agent/service/maintenance/w?enable=1&reason=why', undef, 'maintenance');
my $nc = $reg->register('p persist 1 service p check.tcp 127.0.0.1:'
    . $t->port . ' check.interval 1s');
my $light = $reg->register('l service l check.ttl 1m');
ok((eventually { status_of('service:w:2', 'service:p') eq 'passing passing' }),
    'the others pass');
put_ok('agent/check/pass/short', undef, 'the short one passes');
my $services = get('agent/services');
delete $services->{l};

$reg->kill;
my $asked = $t->asked;
$reg->restart;
ok((eventually { $t->asked > $asked }),
    'what is looked at is so again, before anybody asks');
is_deeply get('agent/services'), $services, 'the services are there';
my $checks = get('agent/checks');
is_deeply [sort keys %$checks], ['_service_maintenance:w', 'service:p',
    'service:w:1', 'service:w:2', 'short'], 'and their checks';
is "$checks->{'service:w:1'}{Status} $checks->{'service:w:1'}{Notes}",
    'passing n', 'as they were';
is $checks->{'_service_maintenance:w'}{Notes}, 'why', 'maintenance too';
like +($t->asked)[-1], qr/\r\nA: b\r\n/, 'as it was';
ok((eventually { status_of('short') eq 'critical' }),
    'a TTL that nobody tells is over');
put_ok('agent/check/pass/service:w:1?note=better', undef, 'one that is told');
is get('agent/checks')->{'service:w:1'}{Output}, 'better', 'says so';
$t->stop;
ok((eventually { status_of('service:w:2', 'service:p')
        eq 'critical critical' }), 'who has gone is noticed');
put_ok('agent/service/deregister/w', undef, 'the service goes');
is_deeply [sort keys %{get('agent/checks')}], ['service:p', 'short'],
    'with its checks';

$reg->kill;
$reg->restart;
is_deeply [sort keys %{get('agent/services')}], ['p'], 'for good';
is_deeply [sort keys %{get('agent/checks')}], ['service:p', 'short'],
    'all of them';
finish();
