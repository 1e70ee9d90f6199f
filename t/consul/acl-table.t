# What right each endpoint of the Consul face asks for: for each route a row
# that says which, and requests that prove it: it is refused to who may
# everything but that, done for who may that alone. A route without a row fails.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
spew(scratch() . '/master', "the-master-token\n");
chmod 0600, scratch() . '/master';
my $reg = consul('-o', 'consul.acl_default_policy=deny',
    '-o', 'consul.acl_master_token=' . scratch() . '/master',
    '-o', 'consul.node_name=web-host');
my $c = caller_of($reg);

# -- tokens -------------------------------------------------------------------

my @named = qw(key service node session agent event query);
my @scalars = qw(operator keyring);

sub ask
{
    my ($token, $method, $path, $body) = @_;
    $body = $json->encode($body) if ref $body;
    my $a = $c->call($method, $path, body => $body,
        headers => {'X-Consul-Token' => $token});
    $c = caller_of($reg) if ($a->{headers}{connection} || '') eq 'close';
    return $a;
}

sub master { return ask('the-master-token', @_) }

# A token with those rules, KIND => POLICY of what begins with "web"
my %tokens;
sub token
{
    my (%policies) = @_;
    my $rules = join '', map {
        (grep { $_ eq 'operator' || $_ eq 'keyring' } $_)
            ? "$_ = \"$policies{$_}\"\n"
            : "$_ \"web\" { policy = \"$policies{$_}\" }\n"
    } sort keys %policies;
    return $tokens{$rules} ||= do {
        my $a = master('PUT', '/v1/acl/create', {Rules => $rules});
        die "$rules$a->{body}" unless $a->{status} == 200;
        $a->{json}{ID};
    };
}

# -- what there is ------------------------------------------------------------

my ($query, $session);

# All that rows are about is there, whatever the row before has done.
sub set_the_table
{
    for (
        ['PUT', '/v1/kv/web/k', 'v'],
        ['PUT', '/v1/agent/service/register',
            {Name => 'web-s', Check => {TTL => '1h'}}],
        ['PUT', '/v1/agent/check/register', {Name => 'web-c', TTL => '1h'}],
        ['PUT', '/v1/catalog/register',
            {Node => 'web-n', Address => '10.1.1.1',
                Service => {Service => 'web-r'},
                Checks => [{Name => 'web-k', Status => 'passing'},
                    {Name => 'web-rk', Status => 'passing',
                        ServiceID => 'web-r'}]}],
        ['PUT', '/v1/event/fire/web-e'],
        ['PUT', '/v1/coordinate/update',
            {Node => 'web-host', Coord => {Vec => [(0) x 8]}}],
    ) {
        my ($method, $path, $body) = @$_;
        master($method, $path, $body);
    }
    my $a = master('PUT', '/v1/session/create');
    $session = $a->{json}{ID} if $a->{status} == 200;
    $a = master('GET', '/v1/query');
    if ($a->{status} == 200) {
        master('DELETE', "/v1/query/$_->{ID}") for @{$a->{json}};
        $a = master('POST', '/v1/query',
            {Name => 'web-q', Service => {Service => 'web-r'}});
        $query = $a->{json}{ID};
    }
    return;
}

# How an answer hides something from who may not see it
sub denied { return $_[0]{status} == 403 && $_[0]{body} =~ /Permission denied/ }
sub hidden { return $_[0]{body} !~ /web-/ && $_[0]{status} =~ /^(?:200|404)$/ }
sub failed { return $_[0]{status} == 409 && $_[0]{body} =~ /Permission denied/ }

# -- the table ----------------------------------------------------------------

# "METHOD route" => [needs, path, body, how it is refused]; needs are words
# KIND:LEVEL of what is named web..., all of them needed; "-": no right at all;
# "management". Several rows of one route: {...} in a list. @SESSION@ and
# @QUERY@ stand for ids.
my $kv_txn = sub {
    my ($verb) = @_;
    return [{KV => {Verb => $verb, Key => 'web/k', Value => 'eA=='}}];
};
my %table = (
    'GET /' => ['-', '/'],
    'GET /v1/status/leader' => ['-', '/v1/status/leader'],
    'GET /v1/status/peers' => ['-', '/v1/status/peers'],

    'PUT /v1/acl/bootstrap' => ['never', '/v1/acl/bootstrap'],
    'PUT /v1/acl/create' => ['management', '/v1/acl/create', {Name => 'web-'}],
    'PUT /v1/acl/update' => ['management', '/v1/acl/update', {ID => 'web-id'}],
    'PUT /v1/acl/destroy/*' => ['management', '/v1/acl/destroy/web-id'],
    'PUT /v1/acl/clone/*' => ['management', '/v1/acl/clone/anonymous'],
    'GET /v1/acl/info/*' => ['-', '/v1/acl/info/anonymous'],
    'GET /v1/acl/list' => ['management', '/v1/acl/list'],
    'GET /v1/acl/replication' => ['-', '/v1/acl/replication'],

    'GET /v1/kv/*' => [
        ['key:read', '/v1/kv/web/k'],
        ['key:read', '/v1/kv/web/k?raw'],
        ['key:read', '/v1/kv/web/?recurse', undef, sub { !$_[0]{body} }],
        ['key:read', '/v1/kv/web/?keys', undef,
            sub { $_[0]{body} !~ m{web/k} }],
    ],
    'PUT /v1/kv/*' => [
        ['key:write', '/v1/kv/web/k', 'x'],
        ['key:write', '/v1/kv/web/k?acquire=@SESSION@', 'x'],
        ['key:write', '/v1/kv/web/k?release=@SESSION@', 'x'],
        ['key:write', '/v1/kv/web/k?cas=1', 'x'],
    ],
    'DELETE /v1/kv/*' => [
        ['key:write', '/v1/kv/web/k'],
        ['key:write', '/v1/kv/web/?recurse'],
    ],
    'PUT /v1/txn' => [
        (map { ['key:read', '/v1/txn', $kv_txn->($_),
                sub { $_[0]{body} !~ m{web/k} }] } qw(get get-tree)),
        ['key:read', '/v1/txn',
            [{KV => {Verb => 'check-index', Key => 'web/k', Index => 1}}],
            \&failed],
        (map { ['key:write', '/v1/txn', $kv_txn->($_), \&failed] }
            qw(set delete delete-tree)),
    ],

    'PUT /v1/session/create' => ['session:write', '/v1/session/create'],
    'PUT /v1/session/destroy/*' =>
        ['session:write', '/v1/session/destroy/@SESSION@'],
    'PUT /v1/session/renew/*' =>
        ['session:write', '/v1/session/renew/@SESSION@'],
    'GET /v1/session/info/*' =>
        ['session:read', '/v1/session/info/@SESSION@', undef, \&hidden],
    'GET /v1/session/node/*' =>
        ['session:read', '/v1/session/node/web-host', undef, \&hidden],
    'GET /v1/session/list' =>
        ['session:read', '/v1/session/list', undef, \&hidden],

    'PUT /v1/catalog/register' => [
        ['node:write', '/v1/catalog/register',
            {Node => 'web-x', Address => '10.1.1.2'}],
        ['service:write', '/v1/catalog/register',
            {Node => 'web-n', Address => '10.1.1.1',
                Service => {Service => 'web-r'}}],
        ['service:write node:write', '/v1/catalog/register',
            {Node => 'web-new', Address => '10.1.1.3',
                Service => {Service => 'web-r'}}],
        ['node:write', '/v1/catalog/register',
            {Node => 'web-n', Address => '10.1.1.1',
                Check => {Name => 'web-k', Status => 'passing'}}],
    ],
    'PUT /v1/catalog/deregister' => [
        ['service:write', '/v1/catalog/deregister',
            {Node => 'web-n', ServiceID => 'web-r'}],
        ['node:write', '/v1/catalog/deregister',
            {Node => 'web-n', CheckID => 'web-k'}],
        ['node:write', '/v1/catalog/deregister', {Node => 'web-n'}],
    ],
    'GET /v1/catalog/datacenters' => ['-', '/v1/catalog/datacenters'],
    'GET /v1/catalog/nodes' =>
        ['node:read', '/v1/catalog/nodes', undef, \&hidden],
    'GET /v1/catalog/services' =>
        ['service:read', '/v1/catalog/services', undef, \&hidden],
    'GET /v1/catalog/service/*' => ['service:read node:read',
        '/v1/catalog/service/web-r', undef, \&hidden],
    'GET /v1/catalog/connect/*' =>
        ['-', '/v1/catalog/connect/web-r'],
    'GET /v1/catalog/node/*' => [
        ['node:read', '/v1/catalog/node/web-n', undef, \&hidden],
        ['node:read service:read', '/v1/catalog/node/web-n', undef,
            sub { $_[0]{body} !~ /web-r/ }],
    ],

    'GET /v1/health/node/*' => ['node:read', '/v1/health/node/web-n', undef,
        \&hidden],
    'GET /v1/health/checks/*' => ['service:read node:read',
        '/v1/health/checks/web-r', undef, \&hidden],
    'GET /v1/health/service/*' => ['service:read node:read',
        '/v1/health/service/web-r', undef, \&hidden],
    'GET /v1/health/connect/*' => ['-', '/v1/health/connect/web-s'],
    'GET /v1/health/state/*' => ['node:read', '/v1/health/state/any', undef,
        \&hidden],

    'GET /v1/agent/self' => ['agent:read', '/v1/agent/self'],
    'GET /v1/agent/metrics' => ['agent:read', '/v1/agent/metrics'],
    # a level that is none: the log itself has no end
    'GET /v1/agent/monitor' => ['agent:read', '/v1/agent/monitor?loglevel=x'],
    'GET /v1/agent/members' =>
        ['node:read', '/v1/agent/members', undef, \&hidden],
    '* /v1/agent/join/*' => ['agent:write', '/v1/agent/join/127.0.0.1:1'],
    '* /v1/agent/force-leave/*' =>
        ['agent:write', '/v1/agent/force-leave/web-gone'],
    'PUT /v1/agent/token/*' => ['agent:write',
        '/v1/agent/token/acl_replication_token', {Token => 'web-t'}],
    'PUT /v1/agent/leave' => ['agent:write', '/v1/agent/leave'],
    'PUT /v1/agent/reload' => ['agent:write', '/v1/agent/reload'],
    'PUT /v1/agent/maintenance' =>
        ['node:write', '/v1/agent/maintenance?enable=false'],
    'GET /v1/agent/services' =>
        ['service:read', '/v1/agent/services', undef, \&hidden],
    'GET /v1/agent/service/*' =>
        ['service:read', '/v1/agent/service/web-s'],
    'GET /v1/agent/checks' => ['node:read', '/v1/agent/checks', undef,
        sub { $_[0]{body} !~ /web-c/ }],
    'PUT /v1/agent/service/register' => [
        ['service:write', '/v1/agent/service/register', {Name => 'web-s'}],
        ['service:write', '/v1/agent/service/register',
            {Name => 'web-t', Check => {TTL => '1h'}}],
    ],
    '* /v1/agent/service/deregister/*' =>
        ['service:write', '/v1/agent/service/deregister/web-s'],
    'PUT /v1/agent/service/maintenance/*' => ['service:write',
        '/v1/agent/service/maintenance/web-s?enable=false'],
    'PUT /v1/agent/check/register' => [
        ['node:write', '/v1/agent/check/register',
            {Name => 'web-c', TTL => '1h'}],
        ['service:write', '/v1/agent/check/register',
            {Name => 'web-d', TTL => '1h', ServiceID => 'web-s'}],
    ],
    '* /v1/agent/check/deregister/*' => [
        ['node:write', '/v1/agent/check/deregister/web-c'],
        ['service:write', '/v1/agent/check/deregister/service:web-s'],
    ],
    (map {
        ("* /v1/agent/check/$_/*" => [
            ['node:write', "/v1/agent/check/$_/web-c"],
            ['service:write', "/v1/agent/check/$_/service:web-s"],
        ])
    } qw(pass warn fail)),
    'PUT /v1/agent/check/update/*' => [
        ['node:write', '/v1/agent/check/update/web-c', {Status => 'passing'}],
        ['service:write', '/v1/agent/check/update/service:web-s',
            {Status => 'passing'}],
    ],

    'PUT /v1/event/fire/*' => ['event:write', '/v1/event/fire/web-e'],
    'GET /v1/event/list' => ['event:read', '/v1/event/list', undef, \&hidden],

    'POST /v1/query' => ['query:write', '/v1/query',
        {Name => 'web-p', Service => {Service => 'web-s'}}],
    'GET /v1/query' => ['query:read', '/v1/query', undef, \&hidden],
    'GET /v1/query/*' => ['query:read', '/v1/query/@QUERY@'],
    'GET /v1/query/*/execute' => ['service:read node:read',
        '/v1/query/web-q/execute', undef,
        sub { $_[0]{body} =~ /"Nodes":\[\]/ }],
    'GET /v1/query/*/explain' => ['query:read', '/v1/query/web-q/explain'],
    'PUT /v1/query/*' => ['query:write', '/v1/query/@QUERY@',
        {Name => 'web-q', Service => {Service => 'web-s'}}],
    'DELETE /v1/query/*' => ['query:write', '/v1/query/@QUERY@'],

    'GET /v1/coordinate/datacenters' => ['-', '/v1/coordinate/datacenters'],
    'GET /v1/coordinate/nodes' => ['node:read', '/v1/coordinate/nodes', undef,
        \&hidden],
    'GET /v1/coordinate/node/*' => ['node:read',
        '/v1/coordinate/node/web-host', undef, \&hidden],
    'PUT /v1/coordinate/update' => ['node:write', '/v1/coordinate/update',
        {Node => 'web-host', Coord => {Vec => [0, 0, 0, 0, 0, 0, 0, 0],
            Error => 1.5, Adjustment => 0, Height => 0.00001}}],

    'GET /v1/operator/keyring' => ['keyring:read', '/v1/operator/keyring'],
    (map {
        ("$_ /v1/operator/keyring" =>
            ['keyring:write', '/v1/operator/keyring', {Key => ''}])
    } qw(POST PUT DELETE)),
    'GET /v1/operator/raft/configuration' =>
        ['operator:read', '/v1/operator/raft/configuration'],
    'DELETE /v1/operator/raft/peer' =>
        ['operator:write', '/v1/operator/raft/peer?address=10.9.9.9:1'],
    'GET /v1/operator/autopilot/configuration' =>
        ['operator:read', '/v1/operator/autopilot/configuration'],
    'GET /v1/operator/autopilot/health' =>
        ['operator:read', '/v1/operator/autopilot/health'],

    'GET /v1/snapshot' => ['management', '/v1/snapshot'],
    'PUT /v1/snapshot' => ['management', '/v1/snapshot', 'x'],
);

# -- the routes there are -----------------------------------------------------

my $method = qr/HTTP_(?:GET|PUT|POST|DELETE|PATCH)/;
my (%routes, @strange);
for my $file (glob source_dir() . '/plugins/registry/consul/*.c') {
    my $text = slurp($file);
    while ($text =~ /http_route\s+\w+\[\]\s*=\s*\{(.*?)^\};/msg) {
        my ($rows, $n) = ($1, 0);
        while ($rows =~ m{(?:\.methods\s*=\s*)?
                ($method(?:\s*\|\s*$method)*),\s*
                (?:\.path\s*=\s*)?"(/[^"]*)"}xg) {
            my ($methods, $path) = ($1, $2);
            $path =~ s/[:*]\w+/*/g;
            $routes{"$_ $path"} = $file for $methods =~ /HTTP_(\w+)/g;
            $n++;
        }
        my $strings = () = $rows =~ m{"/}g;
        push @strange, "$file: $n rows of $strings" if $n != $strings;
    }
}
is_deeply \@strange, [], 'every row of every table is understood';
cmp_ok scalar(keys %routes), '>', 10, 'there are routes';

# The row's key for a route; "*": whatever its methods are
sub key_of
{
    my ($route) = @_;
    return $route if $table{$route};
    (my $any = $route) =~ s/^\w+/*/;
    return $table{$any} ? $any : undef;
}

for my $route (sort keys %routes) {
    ok key_of($route), "$route has a row" or diag("it is in $routes{$route}");
}

my %used = map { (key_of($_) || '') => 1 } keys %routes;
is_deeply [grep { !$used{$_} } sort keys %table], [],
    'every row has a route';

# -- each row -----------------------------------------------------------------

sub refused
{
    my ($how, $a, $what) = @_;
    ok $how->($a), $what
        or diag("$a->{status} $a->{body}");
}

sub allowed
{
    my ($how, $a, $what) = @_;
    ok !$how->($a) && !denied($a) && $a->{body} !~ /ACL not found/, $what
        or diag("$a->{status} $a->{body}");
}

sub check_row
{
    my ($route, $row) = @_;
    my ($method) = $route =~ /^(\w+)/;
    my ($needs, $path, $body, $how) = @$row;
    $how ||= \&denied;
    my $what = "$route ($needs)";
    my $ask = sub {
        set_the_table();
        (my $p = $path) =~ s/\@SESSION\@/$session || ''/e;
        $p =~ s/\@QUERY\@/$query || ''/e;
        return ask($_[0], $method, $p, $body);
    };
    my $stranger = ask('no-such-token', $method, $path, $body);
    if ($needs eq '-') {
        allowed($how, $stranger, "$what: to everybody");
        return;
    }
    is "$stranger->{status} $stranger->{body}", '403 ACL not found',
        "$what: not with a token that is none" if $needs ne 'never';
    refused($how, $ask->('anonymous'), "$what: not without a token");
    my @kinds = (@named, @scalars);
    if ($needs eq 'management' || $needs eq 'never') {
        refused($how, $ask->(token(map { $_ => 'write' } @kinds)),
            "$what: not with every rule there is");
        $needs eq 'never'
            ? refused($how, $ask->('the-master-token'), "$what: not twice")
            : allowed($how, $ask->('the-master-token'), "$what: to it");
        return;
    }
    my %needs = map { split /:/ } split / /, $needs;
    for my $kind (sort keys %needs) {
        my %but = map { $_ => 'write' } @kinds;
        delete $but{$kind};
        refused($how, $ask->(token(%but)), "$what: not with all but $kind");
        refused($how, $ask->(token(%but, $kind => 'read')),
            "$what: nor when it may only be read")
            if $needs{$kind} eq 'write';
    }
    allowed($how, $ask->(token(%needs)), "$what: with just that");
    allowed($how, $ask->('the-master-token'), "$what: to management");
}

for my $route (sort keys %routes) {
    my $key = key_of($route) or next;
    my $rows = $table{$key};
    check_row($route, $_) for ref $rows->[0] ? @$rows : $rows;
}
finish();
