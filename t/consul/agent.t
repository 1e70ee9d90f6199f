# /v1/agent: services and checks as this agent's: registered, shown, changed,
# in maintenance, removed; found on the find port; and what Consul says of
# mistakes, in its words.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;

my $reg = registry('-o', 'registry.consul=127.0.0.1:0',
    '-o', 'consul.node_name=here');

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

sub refused
{
    my ($status, $text, $method, $path, $body) = @_;
    my $a = ask($method, $path, ref $body ? encode_json($body) : $body);
    is "$a->{status} $a->{body}", "$status $text",
        "$method $path: $status $text";
    like $a->{headers}{'content-type'} || '', qr{^text/plain}, 'in plain text'
        if length $text;
}

sub get { return decode_json(ask('GET', $_[0])->{body}) }

# -- nothing yet ---------------------------------------------------------------

is ask('GET', 'agent/services')->{body} =~ s/\n//r, '{}', 'no services';
is ask('GET', 'agent/checks')->{body} =~ s/\n//r, '{}', 'no checks';

# -- a service with a check ----------------------------------------------------

put_ok('agent/service/register', {ID => 'web1', Name => 'web',
        Tags => ['primary', 'v1'], Address => '127.0.0.1', Port => 8080,
        Meta => {k => 'v'}, Check => {TTL => '15m'}},
    'a service is registered');
put_ok('agent/service/register', '{"name":"db","port":5432,"unknown":1,'
    . '"Address":null}', 'another, in lower case');
is_deeply get('agent/services'), {
    web1 => {ID => 'web1', Service => 'web', Tags => ['primary', 'v1'],
        Address => '127.0.0.1', Meta => {k => 'v'}, Port => 8080,
        EnableTagOverride => JSON::PP::false, CreateIndex => 0,
        ModifyIndex => 0},
    db => {ID => 'db', Service => 'db', Tags => [], Address => '',
        Meta => undef, Port => 5432, EnableTagOverride => JSON::PP::false,
        CreateIndex => 0, ModifyIndex => 0}}, 'both are shown';
is get('agent/service/web1')->{Service}, 'web', 'one by its id';
refused(404, 'unknown service ID: nosuch', 'GET', 'agent/service/nosuch');
is_deeply get('agent/checks'), {'service:web1' => {Node => 'here',
        CheckID => 'service:web1', Name => "Service 'web' check",
        Status => 'critical', Notes => '', Output => '', ServiceID => 'web1',
        ServiceName => 'web', ServiceTags => ['primary', 'v1'],
        Definition => {}, CreateIndex => 0, ModifyIndex => 0}},
    'its check is critical at first';
like join("\n", $reg->find('service web')),
    qr/^web1 .*\baddr tcp!127\.0\.0\.1!8080\b.*\bk v\b/m, 'on the find port';
is_deeply [map { /^(\S+)/ } $reg->find('service web status critical')],
    ['web1'], 'with its status';

put_ok('agent/check/pass/service:web1?note=ok', undef, 'it passes');
is get('agent/checks')->{'service:web1'}{Status}, 'passing', 'and is so';
is get('agent/checks')->{'service:web1'}{Output}, 'ok', 'with its note';
is_deeply [map { /^(\S+)/ } $reg->find('service web status passing')],
    ['web1'], 'there as well';
put_ok('agent/service/register', {ID => 'web1', Name => 'web', Port => 8081,
        Check => {TTL => '15m', Status => 'warning'}}, 'registered again');
is get('agent/checks')->{'service:web1'}{Status}, 'passing',
    'its check stays as it was';
is get('agent/services')->{web1}{Port}, 8081, 'and the service is another';

# -- several checks, their ids and names ---------------------------------------

put_ok('agent/service/register', {Name => 'many', Check => {TTL => '10m'},
        Checks => [{TTL => '10m', Status => 'passing', Notes => 'n'},
            {TTL => '10m', CheckID => 'mine', Name => 'Mine'}]},
    'a service with three checks');
put_ok('agent/service/register', {Name => 'many', Check => {}},
    'an empty check is none, and those that are there stay');
is_deeply [sort grep { get('agent/checks')->{$_}{ServiceID} eq 'many' }
    keys %{get('agent/checks')}], ['mine', 'service:many:1', 'service:many:2'],
    'their ids';
is get('agent/checks')->{mine}{Name}, 'Mine', 'a name of its own';
is get('agent/checks')->{'service:many:2'}{Status}, 'passing', 'a status';
is get('agent/checks')->{'service:many:2'}{Notes}, 'n', 'and notes';

# -- checks of the node --------------------------------------------------------

put_ok('agent/check/register', {Name => 'mem', TTL => '30m', Notes => 'n'},
    'a check of the node');
put_ok('agent/check/warn/mem', undef, 'it warns');
is get('agent/checks')->{mem}{Status}, 'warning', 'and so it is';
put_ok('agent/check/fail/mem?note=a%20b', undef, 'it fails');
is get('agent/checks')->{mem}{Output}, 'a b', 'with why';
put_ok('agent/check/update/mem', {Status => 'passing', Output => 'upd'},
    'it is updated');
is get('agent/checks')->{mem}{Output}, 'upd', 'with what it says';
put_ok('agent/check/update/mem', {Status => 'passing', Output => 'x' x 5000},
    'with much');
is get('agent/checks')->{mem}{Output}, ('x' x 4096)
    . ' ... (captured 4096 of 5000 bytes)', 'which is cut';
put_ok('agent/check/register', {ID => 'c2', Name => 'c2', serviceid => 'db',
        ttl => 600000000000}, 'a check of a service, its time in nanoseconds');
is get('agent/checks')->{c2}{ServiceName}, 'db', 'is the service\'s';

# -- mistakes ------------------------------------------------------------------

refused(400, 'Missing service name', 'PUT', 'agent/service/register',
    {Port => 1});
refused(400, "Request decode failed: invalid character 'b' looking for "
    . 'beginning of object key string', 'PUT', 'agent/service/register',
    '{bad');
refused(400, 'Invalid service address', 'PUT', 'agent/service/register',
    {Name => 'x', Address => '0.0.0.0'});
refused(400, 'Invalid check: Interval must be > 0 for Script, HTTP, or TCP '
    . 'checks', 'PUT', 'agent/service/register',
    {Name => 'x', Check => {HTTP => 'http://h/'}});
refused(400, 'Invalid check: Interval and TTL cannot both be specified', 'PUT',
    'agent/service/register',
    {Name => 'x', Check => {Interval => '1s', TTL => '1s'}});
refused(400, q{Status for checks must 'passing', 'warning', 'critical'}, 'PUT',
    'agent/service/register',
    {Name => 'x', Check => {TTL => '1s', Status => 'well'}});
ok !get('agent/services')->{x}, 'nothing of it was registered';
refused(400, q{Invalid service ID: consul is this server's own}, 'PUT',
    'agent/service/register', {Name => 'Consul'});
refused(400, q{Invalid check: serfHealth is the registry's own}, 'PUT',
    'agent/check/register', {Name => 'serfhealth', TTL => '1s'});
refused(400, 'Invalid check: its URL begins with neither http:// nor https://',
    'PUT', 'agent/check/register',
    {Name => 'x', HTTP => 'ftp://h/', Interval => '1s'});
refused(400, 'Missing check name', 'PUT', 'agent/check/register',
    {TTL => '1s'});
refused(400, 'Bad check status', 'PUT', 'agent/check/register',
    {Name => 'x', TTL => '1s', Status => 'well'});
refused(400, 'Invalid check: TTL must be > 0 for TTL checks', 'PUT',
    'agent/check/register', {Name => 'x'});
refused(400, 'Invalid check: checks by GRPC are not done here: by HTTP, TCP, '
    . 'Script, Args or TTL', 'PUT', 'agent/service/register',
    {Name => 'x', Check => {GRPC => '127.0.0.1:1', Interval => '1s'}});
refused(500, 'ServiceID "nosuch" does not exist', 'PUT',
    'agent/check/register',
    {Name => 'x', TTL => '1s', ServiceID => 'nosuch'});
refused(500, q{Scripts are disabled on this agent; to enable, configure }
    . q{'enable_script_checks' to true}, 'PUT', 'agent/check/register',
    {Name => 'x', Args => ['true'], Interval => '10s'});
refused(500, 'CheckID "nosuch" does not have associated TTL', 'PUT',
    'agent/check/pass/nosuch');
refused(400, q{Invalid check status: 'well'}, 'PUT', 'agent/check/update/mem',
    {Status => 'well'});
like ask('PUT', 'agent/service/register', '{"Name":1}')->{status}, qr/^400$/,
    'a name that is a number';
like ask('PUT', 'agent/service/register', '{"Name":"x","Tags":"y"}')->{status},
    qr/^400$/, 'tags that are a text';
is ask('PUT', 'agent/check/register',
    '{"Name":"x","TTL":"1 parsec"}')->{status}, 400, 'no duration';

# -- maintenance ---------------------------------------------------------------

put_ok('agent/maintenance?enable=true&reason=why', undef, 'the node');
put_ok('agent/maintenance?enable=true&reason=other', undef, 'and again');
my $m = get('agent/checks')->{_node_maintenance};
is "$m->{Status} $m->{Name} $m->{Notes} [$m->{ServiceID}]",
    'critical Node Maintenance Mode why []', 'is in maintenance, for one reason';
put_ok('agent/maintenance?enable=0', undef, 'no longer');
put_ok('agent/maintenance?enable=F', undef, 'twice');
ok !get('agent/checks')->{_node_maintenance}, 'its check is gone';
put_ok('agent/service/maintenance/web1?enable=1', undef, 'a service');
$m = get('agent/checks')->{'_service_maintenance:web1'};
is "$m->{Status} $m->{Name} $m->{ServiceName} $m->{Notes}",
    'critical Service Maintenance Mode web Maintenance mode is enabled for '
    . 'this service, but no reason was provided. This is a default message.',
    'is in maintenance, for no reason';
is_deeply [map { /^(\S+)/ } $reg->find('service web status critical')],
    ['web1'], 'on the find port, too';
put_ok('agent/service/maintenance/web1?enable=false', undef, 'no longer');
is_deeply [map { /^(\S+)/ } $reg->find('service web status passing')],
    ['web1'], 'and it passes again';
refused(400, 'Missing value for enable', 'PUT', 'agent/maintenance');
refused(400, 'Invalid value for enable: "x"', 'PUT',
    'agent/maintenance?enable=x');
refused(400, 'Missing service ID', 'PUT',
    'agent/service/maintenance/?enable=1');
refused(404, 'No service registered with ID "nosuch"', 'PUT',
    'agent/service/maintenance/nosuch?enable=1');

# -- methods: GET where Consul once took it ------------------------------------

is ask('GET', $_)->{status}, 405, "GET $_" for
    'agent/service/register', 'agent/check/register', 'agent/check/update/mem',
    'agent/maintenance?enable=1', 'agent/service/maintenance/db?enable=1';
is ask('GET', 'agent/check/pass/mem')->{status}, 200, 'GET of pass';
is ask('POST', 'agent/check/pass/mem')->{status}, 405, 'but no POST';
is http($reg, 'GET', '/v1/agent/check/fail/mem', face => 'consul',
    headers => {'Sec-Fetch-Site' => 'cross-site'})->{status}, 403,
    'not for a page of another site';
is get('agent/checks')->{mem}{Status}, 'passing', 'which changed nothing';

# -- removing ------------------------------------------------------------------

is ask('GET', 'agent/check/deregister/mem')->{status}, 200, 'a check goes';
put_ok('agent/check/deregister/mem', undef, 'and again');
ok !get('agent/checks')->{mem}, 'it is gone';
put_ok('agent/service/deregister/many', undef, 'a service goes');
is_deeply [sort keys %{get('agent/checks')}], ['c2', 'service:web1'],
    'with its checks';
put_ok('agent/service/deregister/nosuch', undef, 'one that is not there');
put_ok("agent/service/deregister/$_", undef, $_) for 'web1', 'db';
is_deeply get('agent/services'), {}, 'nothing is left';
is_deeply get('agent/checks'), {}, 'nor of the checks';
is_deeply [$reg->find('service web')], [], 'nor on the find port';
put_ok('agent/service/register', {Name => 'app#1', ID => 'app#127.0.0.1#30'},
    'an id with hashes');
put_ok('agent/service/deregister/app%23127.0.0.1%2330', undef, 'goes by it');
is_deeply get('agent/services'), {}, 'all gone';
finish();
