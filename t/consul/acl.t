# Consul's tokens: made, changed and destroyed over /v1/acl, what their rules
# allow, over restarts, and nowhere to be read but by who manages them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterAudit;
use MusterConsul;
use Tokens;
use Test::More;

need_programs('musterd');
my $json = JSON::PP->new->utf8;
my $master = '01234567-89AB-CDEF-GHIJ-KLMNOPQRSTUV';
my $uuid = qr/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
my $read_all = "key \"\" {\n  policy = \"read\"\n}\n";

# -- off ----------------------------------------------------------------------

my $off = consul();
for (qw(GET/list GET/info/x GET/replication PUT/create PUT/update PUT/destroy/x
        PUT/clone/x PUT/bootstrap)) {
    my ($method, $path) = m{^(\w+)(/.*)};
    my $a = call($off, $method, "/v1/acl$path",
        headers => {'X-Consul-Token' => 'any'});
    is "$a->{status} $a->{body}", '401 ACL support disabled', "off: $path";
}
my $a = call($off, 'PUT', '/v1/kv/a?token=any', body => 'x');
is $a->{status}, 200, 'and a token means nothing';

# -- on -----------------------------------------------------------------------

my $audit = audit_file();
my @settings = ('-o', 'registry.store=sqlite:' . scratch() . '/registry.db',
    '-o', 'consul.acl_master_token=' . token_file('acl', $master),
    '-o', 'consul.acl_default_policy=deny', '-o', "audit.to=file:$audit",
    '-o', 'audit.sync=0', '-o', 'log.level=debug');
my $reg = consul(@settings);
my %secret = ($master => 1);

sub as
{
    my ($token, $method, $path, $body) = @_;
    $body = $json->encode($body) if ref $body;
    return call($reg, $method, $path, body => $body,
        headers => defined $token ? {'X-Consul-Token' => $token} : {});
}

sub gives
{
    my ($a, $status, $body, $what) = @_;
    is $a->{status}, $status, "$what: status";
    ref $body ? like $a->{body}, $body, "$what: body"
        : is $a->{body}, $body, "$what: body";
    return $a;
}

sub create
{
    my ($rules, %more) = @_;
    my $a = as($master, 'PUT', '/v1/acl/create', {Rules => $rules, %more});
    is $a->{status}, 200, 'create' or diag $a->{body};
    $secret{$a->{json}{ID}} = 1;
    return $a->{json}{ID};
}

sub info { return as(undef, 'GET', "/v1/acl/info/$_[0]") }

$a = as($master, 'GET', '/v1/acl/list');
is_deeply [map { [@$_{qw(ID Name Type Rules)}] } @{$a->{json}}],
    [[$master, 'Master Token', 'management', ''],
     ['anonymous', 'Anonymous Token', 'client', '']],
    'a fresh list has two, by id';
cmp_ok index_of($a), '>=', 1, 'with an index';
is $a->{headers}{'x-consul-knownleader'}, 'true', 'and a leader';
gives(as(undef, 'GET', '/v1/acl/list'), 403, 'Permission denied', 'no token');
gives(as('nope', 'GET', '/v1/acl/list'), 403, 'ACL not found', 'no such token');
gives(as('nope', 'GET', '/v1/status/leader'), 200, qr/:/, 'where none counts');

my $id = create($read_all, Name => "it's");
like $id, qr/\A$uuid\z/, 'an id is made';
$a = info($id);
my $at = $a->{json}[0]{CreateIndex};
is $a->{body}, qq([{"ID":"$id","Name":"it's","Type":"client","Rules":)
    . '"key \"\" {\n  policy = \"read\"\n}\n",'
    . qq("CreateIndex":$at,"ModifyIndex":$at}]), 'info, without a token';
is index_of($a), $at, 'its index';
gives(info('unknown'), 200, '[]', 'info of none');
gives(as(undef, 'GET', '/v1/acl/info/'), 400, 'Missing ACL', 'of nothing');
gives(as($master, 'PUT', '/v1/acl/destroy/'), 400, 'Missing ACL', 'as well');

gives(as($master, 'PUT', '/v1/acl/update', {Name => 'x'}), 400,
    'ACL ID must be set', 'update without id');
gives(as($master, 'PUT', '/v1/acl/update', {id => $id, rules => ''}), 200,
    qq({"ID":"$id"}), 'update');
is_deeply [@{info($id)->{json}[0]}{qw(Name Rules CreateIndex)}], ['', '', $at],
    'blanks what it leaves out';
gives(as($master, 'PUT', '/v1/acl/create', {ID => 'own', Rules => '{}'}), 200,
    '{"ID":"own"}', 'an id of the caller');
$secret{own} = 1;
gives(as($master, 'PUT', '/v1/acl/create', {ID => 'own', Name => 'again'}), 200,
    '{"ID":"own"}', 'create of what is there changes it');
is info('own')->{json}[0]{Name}, 'again', 'so';
gives(as($master, 'PUT', '/v1/acl/create'), 200, qr/\A\{"ID":"$uuid"\}\z/,
    'create without a body');
gives(as($master, 'PUT', '/v1/acl/create', {Type => 'king'}), 500,
    'Invalid ACL Type', 'a wrong type');
gives(as($master, 'PUT', '/v1/acl/create', {Rules => 'key "" {'}), 500,
    qr/\AACL rule compilation failed: Failed to parse ACL rules: line 1/,
    'wrong rules');
gives(as($master, 'PUT', '/v1/acl/create', {Rules => 7}), 400,
    qr/'Rules' expected type 'string'/, 'rules that are no text');
gives(as($master, 'PUT', '/v1/acl/create', 'no'), 400, qr/Request decode/,
    'no JSON');
gives(as($master, 'PUT', '/v1/acl/create', {ID => 'manage'}), 403,
    'Permission denied: Cannot modify root ACL', 'a reserved id');
gives(as($master, 'PUT', '/v1/acl/destroy/anonymous'), 403,
    'Permission denied: Cannot delete anonymous token', 'anonymous stays');
gives(as($master, 'PUT', '/v1/acl/destroy/unknown'), 200, 'true',
    'destroy of none');
gives(as($master, 'PUT', '/v1/acl/clone/unknown'), 403, 'ACL not found',
    'clone of none');
$a = as($master, 'PUT', '/v1/acl/clone/own');
is info($a->{json}{ID})->{json}[0]{Name}, 'again', 'a clone is the same';
ok index_of($a), 'clone tells an index';
gives(as($master, 'PUT', '/v1/acl/bootstrap'), 403,
    'Permission denied: ACL bootstrap no longer allowed', 'no bootstrap');
$a = gives(as(undef, 'GET', '/v1/acl/replication'), 200, qr/"Enabled":false/,
    'no replication');
is $a->{json}{LastSuccess}, '0001-01-01T00:00:00Z', 'Go has no time there';

# -- what rules allow ---------------------------------------------------------

as($master, 'PUT', "/v1/kv/$_", 'v') for qw(a/x a/y a/secret/z b);
my $mixed = create('{"key": {"a/": {"policy": "write"}, '
    . '"a/secret/": {"policy": "deny"}, "": {"policy": "read"}}}');
gives(as($mixed, 'GET', '/v1/kv/b'), 200, qr/"Key":"b"/, 'read');
gives(as($mixed, 'PUT', '/v1/kv/b', 'w'), 403, 'Permission denied', 'no write');
gives(as($mixed, 'PUT', '/v1/kv/a/x', 'w'), 200, 'true', 'write');
gives(as($mixed, 'GET', '/v1/kv/a/secret/z'), 403, 'Permission denied',
    'no read');
gives(as($mixed, 'GET', '/v1/kv/?keys'), 200, '["a/x","a/y","b"]',
    'keys are filtered');
gives(as($mixed, 'DELETE', '/v1/kv/a/?recurse'), 403, 'Permission denied',
    'a narrower rule keeps a tree');
gives(as($mixed, 'DELETE', '/v1/kv/a/x?recurse'), 200, 'true',
    'where there is none it goes');
gives(as($mixed, 'PUT', '/v1/txn', [
        {KV => {Verb => 'set', Key => 'a/n', Value => ''}},
        {KV => {Verb => 'set', Key => 'b', Value => ''}}]), 409,
    '{"Results":null,"Errors":[{"OpIndex":1,"What":"Permission denied"}]}',
    'a transaction is refused whole');
gives(as($mixed, 'GET', '/v1/kv/a/n'), 404, '', 'so nothing was done');
gives(as(undef, 'GET', '/v1/kv/b'), 403, 'Permission denied', 'anonymous');
as($master, 'PUT', '/v1/acl/update', {ID => 'anonymous', Rules => $read_all});
gives(as(undef, 'GET', '/v1/kv/b'), 200, qr/"Key":"b"/,
    'anonymous has rules of its own');
gives(call($reg, 'PUT', "/v1/kv/a/q?token=$mixed", body => 'x'), 200, 'true',
    '?token=');
gives(call($reg, 'PUT', '/v1/kv/a/q?token=nope', body => 'x',
        headers => {'X-Consul-Token' => $mixed}), 403, 'ACL not found',
    '?token= before a header');
gives(call($reg, 'PUT', '/v1/kv/a/q', body => 'x',
        headers => {Authorization => "Bearer $mixed"}), 200, 'true', 'Bearer');

# -- a token in the body ------------------------------------------------------

my $body = create('service "body" { policy = "write" } '
    . 'node "" { policy = "write" }');
sub catalog
{
    my ($verb, $token, $written) = @_;
    return as($token, 'PUT', "/v1/catalog/$verb", {Node => 'nb',
        $verb eq 'register' ? (Address => '10.9.9.9',
            Service => {Service => 'body'}) : (ServiceID => 'body'),
        defined $written ? (WriteRequest => {Token => $written}) : ()});
}
for my $verb (qw(register deregister)) {
    gives(catalog($verb), 403, 'Permission denied', "$verb: no token")
        if $verb eq 'register';
    gives(catalog($verb, undef, 'nope'), 403, 'ACL not found',
        "$verb: one in the body that is none");
    gives(catalog($verb, $mixed, $body), 403, 'Permission denied',
        "$verb: the header comes before it") if $verb eq 'register';
    gives(catalog($verb, undef, 7), 400, qr/'Token' expected type 'string'/,
        "$verb: no text");
    gives(catalog($verb, undef, $body), 200, 'true', "$verb: one that may");
}
gives(catalog('deregister', $master, 'nope'), 200, 'true',
    'what is not looked at is not wrong');

# -- who waits ----------------------------------------------------------------

my $waiter = create($read_all);
my $w = caller_of($reg);
my $ix = index_of(as($waiter, 'GET', '/v1/kv/b'));
$w->ask('GET', "/v1/kv/b?index=$ix&wait=60s",
    headers => {'X-Consul-Token' => $waiter});
as(undef, 'GET', '/v1/status/leader') for 1 .. 3;
as($master, 'PUT', '/v1/acl/update', {ID => $waiter, Rules => '', Name => 'x'});
gives($w->read, 403, 'Permission denied', 'who waits learns that he may not');
as($master, 'PUT', '/v1/acl/update', {ID => $waiter, Rules => $read_all});
$ix = index_of(as($waiter, 'GET', '/v1/kv/b'));
$w->ask('GET', "/v1/kv/b?index=$ix&wait=60s",
    headers => {'X-Consul-Token' => $waiter});
as(undef, 'GET', '/v1/status/leader') for 1 .. 3;
gives(as($master, 'PUT', "/v1/acl/destroy/$waiter"), 200, 'true', 'destroy');
gives($w->read, 403, 'ACL not found', 'ends who waits');
gives(as($waiter, 'GET', '/v1/kv/b'), 403, 'ACL not found', 'for good');

# who waits with other rights for the same is told what is his
my @w = map { [caller_of($reg), $_] } $master, $mixed;
$ix = index_of(as($_, 'GET', '/v1/kv/a/?keys')) for $master;
$_->[0]->ask('GET', "/v1/kv/a/?keys&index=$ix&wait=60s",
    headers => {'X-Consul-Token' => $_->[1]}) for @w;
as(undef, 'GET', '/v1/status/leader') for 1 .. 3;
as($master, 'PUT', '/v1/kv/a/w', 'new');
is $w[0][0]->read->{body}, '["a/n2","a/q","a/secret/z","a/w","a/y"]'
    =~ s/"a\/n2",//r, 'all to the one';
is $w[1][0]->read->{body}, '["a/q","a/w","a/y"]', 'what he may to the other';

my $list = caller_of($reg);
$ix = index_of(as($master, 'GET', '/v1/acl/list'));
$list->ask('GET', "/v1/acl/list?index=$ix&wait=60s",
    headers => {'X-Consul-Token' => $master});
as(undef, 'GET', '/v1/status/leader') for 1 .. 3;
my $new = create('');
like $list->read->{body}, qr/"$new"/, 'the list may be waited for';

# -- at the other ports -------------------------------------------------------

my $web = create('service "web" { policy = "write" } '
    . 'service "web-not" { policy = "deny" } node "" { policy = "read" }');
my $n = $reg->dial('new');
$n->send("web1 .token $web .ack 1 service web-a\n");
like $n->line, qr/^ok \d+$/, 'service write registers';
is_deeply [$reg->ask('new', "db .token $web .ack 1\n")],
    ["error: 'no right to register db'"], 'but no other name';
is_deeply [$reg->ask('new', "web-not1 .token $web .ack 1\n")],
    ["error: 'no right to register web-not1'"], 'nor one that is denied';
is_deeply [$reg->ask('new', "web2 .token $web service db .ack 1\n")],
    ["error: 'no right to set service'"], 'nor as another service';
is_deeply [$reg->ask('new', "web2 .token $web node other .ack 1\n")],
    ["error: 'no right to set node'"], 'nor on another node';
my $most = create('service "" { policy = "write" } '
    . 'service "db" { policy = "deny" }');
is_deeply [$reg->ask('new', "tcp!h!db .token $most .ack 1\n")],
    ["error: 'no right to register tcp!h!db'"], 'nor what its name says';
is_deeply [$reg->ask('new', "tcp!h!80 .token $most kind dispatcher .ack 1\n")],
    ["error: 'no right to set kind'"], 'nor as a dispatcher';
my $db = $reg->dial('new');
$db->send("db1 .ack 1 service db\nx y\n");
like $db->line, qr/^ok \d+$/, 'somebody else registers';
is_deeply [$reg->find(".token $web .names 1")], ['web1'],
    'service read finds';
is_deeply [sort $reg->find(".token $master .names 1")], ['db1', 'web1'],
    'management everything';
is_deeply [$reg->find('.token nope .names 1')],
    ["error: 'unknown or expired token'"], 'no such token';
my ($owner) = $reg->find(".token $master .hidden 1 .name web1");
like $owner, qr/ \.owner consul( |$)/, 'what they register is of one owner';
as($master, 'PUT', "/v1/acl/destroy/$web");
like $n->line, qr/^error: '?.*revoked/, 'what is destroyed is cut off';

# -- over a restart -----------------------------------------------------------

my $before = as($master, 'GET', '/v1/acl/list')->{json};
$reg->stop;
$reg->restart;
is_deeply as($master, 'GET', '/v1/acl/list')->{json}, $before,
    'all of them are there again';
is_deeply [(stat scratch() . '/registry.db')[2] & 0777], [0600],
    'in a file for nobody else';
gives(as($mixed, 'PUT', '/v1/kv/a/x', 'w'), 200, 'true', 'with their rights');
$reg->stop;

# -- in no log ----------------------------------------------------------------

my $said = join "\n", $reg->log, audit_lines($audit);
ok !(grep { length > 10 && index($said, $_) >= 0 } keys %secret),
    'no id of a token is in a log or an audit log';
my @events = grep { ($_->{action} || '') =~ /^acl / } audit_events($audit);
is_deeply [sort keys %{{map { $_->{action} => 1 } @events}}],
    ['acl bootstrap', 'acl change', 'acl create', 'acl destroy'],
    'changes of tokens are audited, and what was refused';
ok !(grep { $_->{who} !~ /^consul:\d+$/ } @events), 'by who made them';

# -- the first one ------------------------------------------------------------

my $boot = consul('-o', 'consul.acl=on',
    '-o', 'consul.acl_default_policy=deny');
$a = call($boot, 'PUT', '/v1/acl/bootstrap');
like $a->{body}, qr/\A\{"ID":"($uuid)","SecretID":"\1"\}\z/,
    'bootstrap makes a first token';
is call($boot, 'GET', "/v1/acl/info/$a->{json}{ID}")->{json}[0]{Type},
    'management', 'that manages';
is call($boot, 'PUT', '/v1/acl/bootstrap')->{status}, 403, 'once';
is call($boot, 'PUT', "/v1/acl/destroy/$a->{json}{ID}",
    headers => {'X-Consul-Token' => $a->{json}{ID}})->{body}, 'true',
    'it may destroy itself';
is call($boot, 'PUT', '/v1/acl/bootstrap')->{status}, 403,
    'and there is no second first';

# -- many ---------------------------------------------------------------------

$reg = consul('-o', 'consul.acl_master_token=' . token_file('many', $master));
my $long = join '', map { "key \"$_\" { policy = \"read\" }\n" } 1000 .. 1200;
create($long, ID => "t$_") for 10 .. 49;
$a = as($master, 'GET', '/v1/acl/list');
is_deeply [map { $_->{ID} } @{$a->{json}}],
    [sort $master, 'anonymous', map { "t$_" } 10 .. 49], 'a long list is whole';
is_deeply [grep { $_->{ID} =~ /^t/ && $_->{Rules} ne $long } @{$a->{json}}], [],
    'and its rules are';

# -- as 0.7 -------------------------------------------------------------------

$reg = consul('-o', 'consul.compat=0.7', '-o', 'consul.acl_default_policy=deny',
    '-o', 'consul.acl_master_token=' . token_file('acl07', $master));
as($master, 'PUT', '/v1/kv/k', 'v');
gives(as(undef, 'GET', '/v1/kv/k'), 404, '', '0.7: a denied key is absent');
gives(as(undef, 'PUT', '/v1/kv/k', 'w'), 403, 'Permission denied',
    '0.7: a write is denied');
gives(as(undef, 'PUT', '/v1/session/create'), 200, qr/"ID"/,
    '0.7: sessions ask for no right');
gives(as($master, 'PUT', '/v1/acl/clone/unknown'), 404, 'Target ACL not found',
    '0.7: clone of none');
as($master, 'PUT', '/v1/catalog/register', {Node => 'n1', Address => '10.1.1.1',
        Service => {Service => 's1'}});
gives(as(undef, 'GET', '/v1/catalog/services'), 200, '{"consul":[]}',
    '0.7: services are filtered, but for the own one');
gives(as(undef, 'GET', '/v1/catalog/nodes'), 200, qr/"Node":"n1"/,
    '0.7: nodes are not');
gives(as(undef, 'GET', '/v1/agent/self'), 200, qr/"Config"/,
    '0.7: nor is the agent');
as($master, 'PUT', '/v1/agent/service/register', {Name => 's2'});
gives(as(undef, 'GET', '/v1/agent/services'), 200, qr/"s2"/,
    '0.7: nor its services');
gives(as(undef, 'GET', '/v1/health/service/s1'), 200, '[]', '0.7: health is');
gives(as(undef, 'PUT', '/v1/catalog/register', {Node => 'n1', Address =>
        '10.1.1.1', Service => {Service => 's1'}}), 403, 'Permission denied',
    '0.7: to register a service takes a right');
gives(as('nope', 'GET', '/v1/catalog/nodes'), 403, 'ACL not found',
    '0.7: with a token that is none nothing is filtered');
finish();
