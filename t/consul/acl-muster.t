# Our own tokens, certificates and the rule for those without, at the Consul
# face: what a token may elsewhere it may here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Tokens;
use Test::More;

need_programs('musterd', 'muster');
my @tokens = ('-o', 'auth.tokens=' . tokens_file(
        app => 'kv_read: [conf/*]
kv_write: [app/*, app-lock]',
        boss => 'admin: on', finder => 'find: all',
        ops => "exec: all\nops: ['event name=deploy*', ping]",
        runner => "exec: all\nops: [execute]",
        watcher => 'watch: all', web => "register: [web*]\nset: ['*']"));

sub as
{
    my ($reg, $token, $method, $path, %o) = @_;
    $token .= '.secret' if $token && $token !~ /\./;
    return call($reg, $method, $path, %o,
        headers => $token ? {'X-Consul-Token' => $token} : {});
}

sub status { return as(@_)->{status} }

# -- ACLs off -----------------------------------------------------------------

my $reg = consul(@tokens, '-o', 'consul.node_name=here');
is status($reg, '', 'PUT', '/v1/kv/conf/a', body => 'x'), 200,
    'from this machine everything without a token';
is status($reg, 'unknown', 'PUT', '/v1/kv/app/a', body => 'x'), 200,
    'and with one that nobody knows';

# [token, request, may it?]
for (
    [app => 'GET /v1/kv/conf/a', 1], [app => 'PUT /v1/kv/conf/a', 0],
    [app => 'GET /v1/kv/app/a', 1], [app => 'PUT /v1/kv/app/a', 1],
    [app => 'PUT /v1/kv/app-lock', 1], [app => 'PUT /v1/kv/app-other', 0],
    [app => 'GET /v1/kv/other', 0], [app => 'PUT /v1/session/create', 1],
    [app => 'DELETE /v1/kv/app/x/?recurse', 1],
    [app => 'DELETE /v1/kv/app/?recurse', 1],
    [app => 'DELETE /v1/kv/app?recurse', 0],
    [app => 'DELETE /v1/kv/?recurse', 0],
    [app => 'GET /v1/agent/self', 0], [app => 'PUT /v1/event/fire/deploy', 0],
    [app => 'GET /v1/operator/raft/configuration', 0],
    [boss => 'PUT /v1/kv/any', 1],
    [boss => 'GET /v1/operator/raft/configuration', 1],
    [finder => 'GET /v1/agent/self', 1], [finder => 'GET /v1/kv/conf/a', 0],
    [finder => 'PUT /v1/session/create', 0],
    [ops => 'PUT /v1/event/fire/deploy-1', 1],
    [ops => 'PUT /v1/event/fire/other', 0],
    [ops => 'PUT /v1/event/fire/_rexec', 0],
    [runner => 'PUT /v1/event/fire/deploy-1', 0],
    [web => 'PUT /v1/session/create', 1], [web => 'GET /v1/kv/conf/a', 0],
) {
    my ($token, $request, $may) = @$_;
    my $a = as($reg, $token, split(/ /, $request), body =>
        $request =~ /^PUT.*kv/ ? 'x' : undef);
    my $got = $a->{status} != 403;
    is $got ? 1 : 0, $may, "$token: $request" or diag $a->{body};
}
is as($reg, 'app', 'GET', '/v1/kv/?keys')->{body},
    '["app-lock","conf/a"]', 'a list has what may be read';
my $a = call($reg, 'GET', '/v1/kv/conf/a?token=app.secret');
is $a->{status}, 200, '?token=';
$a = call($reg, 'GET', '/v1/kv/conf/a',
    headers => {Authorization => 'Bearer app.secret'});
is $a->{status}, 200, 'Bearer';
like as($reg, '', 'GET', '/v1/acl/list')->{body}, qr/disabled/, 'no ACLs';

# one that is revoked ends its connections
my $w = caller_of($reg);
my $ix = index_of(as($reg, 'app', 'GET', '/v1/kv/conf/a'));
$w->hold('GET', "/v1/kv/conf/a?index=$ix&wait=60s",
    headers => {'X-Consul-Token' => 'app.secret'});
my ($file) = $tokens[1] =~ /=(.*)/;
spew($file, slurp($file) =~ s/^app:.*?(?=^\w)//msr);
$reg->signal('HUP');
is $w->read, undef, 'who waits with a token that is revoked is cut off';

# -- services: as at port new, and on ports find -------------------------------

$reg = consul('-o', 'consul.node_name=here', '-o', 'auth.tokens=' . tokens_file(
        web => "register: [web*]\nset: ['*']",
        other => "register: [web*, db*]\nset: ['*']\nfind: role=db",
        pinned => "register: [web*]\nset: ['*']\npin: {role: web}",
        few => "register: [web*]\nset: [service, node, id, addr, persist]",
        boss => 'admin: on'));
sub service
{
    my ($token, $name, $id, %meta) = @_;
    my $meta = join ',', map { qq("$_":"$meta{$_}") } sort keys %meta;
    return status($reg, $token, 'PUT', '/v1/catalog/register', body =>
        qq({"Node":"here","SkipNodeUpdate":true,"Service":{"Service":"$name",)
        . qq("ID":"$id","Address":"10.1.1.1","Port":80,"Meta":{$meta}}}));
}
is service(web => 'web', 'web-1'), 200, 'a name and an id that it has';
is service(web => 'web', 'web-1', role => 'x'), 200, 'again, with more';
is service(web => 'web', 'db-1'), 403, 'an id that it has not';
is service(web => 'db', 'web-2'), 403, 'a name that it has not';
is service(few => 'web', 'web-3'), 200, 'attributes that it may set';
is service(few => 'web', 'web-4', role => 'x'), 403, 'one that it may not';
is service(pinned => 'web', 'web-5'), 403, 'nothing by one that pins';
is service(other => 'db', 'db-1', role => 'db'), 200, 'another one';
isnt service(other => 'web', 'web-1'), 200, 'of another token';
is service(boss => 'web', 'web-1', role => 'y'), 200, 'an admin may';
isnt service(boss => 'web', 'web-6', '.owner' => 'web'), 200,
    'no meta is an attribute of the registry';
like +($reg->find('.hidden 1 .name web-1'))[0], qr/ \.owner web( |$)/,
    'it is of the token that registered it';
is as($reg, 'other', 'GET', '/v1/catalog/services')->{body}, '{"db":[]}',
    'find that selects: names';
is_deeply [map { $_->{ServiceID} } @{as($reg, 'other', 'GET',
            '/v1/catalog/service/web')->{json}}], [], 'others are not there';
is_deeply [map { $_->{Service}{ID} } @{as($reg, 'other', 'GET',
            '/v1/health/service/db')->{json}}], ['db-1'], 'what it selects is';
is_deeply [$reg->find('.token other.secret .names 1')], ['db-1'],
    'as at port find';

# the same by the agent
sub agent_service
{
    my ($token, $name, $id, $more) = @_;
    return status($reg, $token, 'PUT', '/v1/agent/service/register',
        body => qq({"Name":"$name","ID":"$id") . ($more || '') . '}');
}
is agent_service(web => 'web', 'web-7'), 200, 'agent: a name and an id';
is agent_service(web => 'web', 'db-7'), 403, 'agent: an id that it has not';
is agent_service(other => 'web', 'db-1'), 200, 'agent: an id of its own';
is agent_service(web => 'web', 'db-1'), 403, 'agent: of another one';
is status($reg, 'web', 'PUT', '/v1/agent/service/deregister/web-7'), 200,
    'agent: its own may go';
isnt status($reg, 'web', 'PUT', '/v1/agent/service/deregister/db-1'), 200,
    'agent: no other';

# a script as a check takes the right to execute, where there may be any
$reg = consul('-o', 'consul.enable_script_checks=on', '-o', 'auth.tokens='
        . tokens_file(web => "register: [web*]\nset: ['*']",
        runner => "register: [web*]\nset: ['*']\nexec: all\nops: [execute]"));
my $script = ',"Check":{"Args":["true"],"Interval":"1h"}';
is agent_service(web => 'web', 'web-1', $script), 403, 'no script of anybody';
is agent_service(runner => 'web', 'web-2', $script), 200,
    'but of who may execute';

# -- nothing without a token --------------------------------------------------

@tokens = ('-o', 'auth.tokens=' . tokens_file(app => 'kv_write: [app/*]'),
    '-o', 'auth.anonymous=none');
$reg = consul(@tokens);
is status($reg, '', 'PUT', '/v1/kv/app/a', body => 'x'), 403,
    'auth.anonymous none: nothing';
is status($reg, 'unknown', 'PUT', '/v1/kv/app/a', body => 'x'), 403,
    'nor with a token that nobody knows';
is status($reg, '', 'POST', '/v1/query',
    body => '{"Session":"' . '1' x 36 . '","Service":{"Service":"x"}}'), 403,
    'nor what has no name';
is status($reg, '', 'GET', '/v1/status/leader'), 200,
    'but what asks for no right';
is status($reg, 'app', 'PUT', '/v1/kv/app/a', body => 'x'), 200, 'a token may';

# -- ACLs on: both kinds ------------------------------------------------------

my $master = 'consul-master';
my @acl = ('-o', 'consul.acl_master_token=' . token_file('acl', $master));
$reg = consul(@tokens, @acl); # default policy: allow
is call($reg, 'PUT', '/v1/kv/x', body => 'x')->{status}, 403,
    'anonymous is no more than auth.anonymous lets it be';
is call($reg, 'PUT', '/v1/kv/x?token=anonymous', body => 'x')->{status}, 403,
    '... and who shows that token no more than who shows none';
is call($reg, 'PUT', '/v1/acl/bootstrap')->{status}, 403, 'nor the first';
is call($reg, 'PUT', '/v1/kv/x?token=consul-master', body => 'x')->{status},
    200, "one of Consul's is";
is status($reg, 'app', 'PUT', '/v1/kv/app/a', body => 'x'), 200, 'one of ours';
is status($reg, 'app', 'PUT', '/v1/kv/x', body => 'x'), 403, 'as far as it may';
is status($reg, 'unknown.x', 'GET', '/v1/kv/x'), 403, 'no other';
for (['a token of Consul\'s', $master, 200], ['anonymous', 'anonymous', 421],
    ['one that is unknown', 'unknown.x', 421]) {
    my ($what, $token, $status) = @$_;
    is call($reg, 'GET', '/v1/status/leader', headers =>
        {Host => 'evil.example', 'X-Consul-Token' => $token})->{status},
        $status, "$what, at any Host";
}
$a = call($reg, 'PUT', "/v1/acl/create?token=$master", body => '{}');
my $id = $a->{json}{ID};
is call($reg, 'PUT', "/v1/kv/x?token=$id", body => 'x')->{status}, 200,
    'a token without rules may what the default policy allows';
is call($reg, 'PUT', "/v1/event/fire/any?token=$id")->{status}, 200, 'events';
is call($reg, 'PUT', "/v1/event/fire/_rexec?token=$id")->{status}, 403,
    'but to execute takes a rule';

# the token for those who show none
$reg = consul(@acl, '-o', 'consul.acl_default_policy=deny',
    '-o', 'consul.acl_token=' . token_file('agent', $master));
is call($reg, 'GET', '/v1/acl/list')->{status}, 200,
    'consul.acl_token is taken for those who show none';
$reg = consul(@tokens, @acl, '-o', 'consul.acl_default_policy=deny',
    '-o', 'consul.acl_token=' . token_file('agent', $master));
is call($reg, 'GET', '/v1/acl/list')->{status}, 403,
    'as far as they may by auth.anonymous';
$reg = consul(@acl, '-o', 'consul.acl_token=' . token_file('agent', 'none'));
is call($reg, 'GET', '/v1/kv/x')->{body}, 'ACL not found',
    'and if it is one';
finish();
