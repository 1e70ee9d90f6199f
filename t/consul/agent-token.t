# The agent's own tokens, set while it runs, and the keyring of a gossip that
# there is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterAudit;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $json = JSON::PP->new->canonical->allow_nonref;
spew(scratch() . '/master', "the-master-token\n");
chmod 0600, scratch() . '/master';
my $audit = audit_file();
my $reg = consul('-o', 'consul.acl_default_policy=deny', '-o',
    'consul.acl_master_token=' . scratch() . '/master', '-o',
    'consul.node_name=here', '-o', "audit.to=file:$audit", '-o',
    'registry.store=sqlite:' . scratch() . '/registry.db');

# "STATUS BODY"
sub told
{
    my ($token, $method, $path, $body) = @_;
    my $a = call($reg, $method, $path,
        body => ref $body ? $json->encode($body) : $body,
        headers => {$token ? ('X-Consul-Token' => $token) : ()});
    return "$a->{status} $a->{body}";
}

sub set
{
    my ($kind, $token, $by) = @_;
    return told($by || 'the-master-token', 'PUT', "/v1/agent/token/$kind",
        {Token => $token});
}

my ($id) = told('the-master-token', 'PUT', '/v1/acl/create',
    {Rules => 'key "a/" { policy = "write" }'}) =~ /"ID":"([^"]+)"/;

# -- who shows none -------------------------------------------------------------

is told('', 'PUT', '/v1/kv/a/k', 'x'), '403 Permission denied',
    'who shows no token may not';
is set('acl_token', $id), '200 ', 'the agent has one';
is told('', 'PUT', '/v1/kv/a/k', 'x'), '200 true', 'and he may what that may';
is told('', 'PUT', '/v1/kv/b', 'x'), '403 Permission denied', 'and no more';
is set('acl_token', ''), '200 ', 'taken away';
is told('', 'PUT', '/v1/kv/a/k', 'x'), '403 Permission denied', 'again he may not';
is set('default', $id), '200 ', 'as it is called since 1.4';
is told('', 'GET', '/v1/kv/a/k?raw'), '200 x', 'that is the same';
is set('acl_token', 'no-such'), '200 ', 'one that is none';
is told('', 'GET', '/v1/kv/a/k?raw'), '403 ACL not found', 'and nobody may';
$reg->stop;
$reg->restart;
is told('', 'PUT', '/v1/kv/a/k', 'x'), '403 Permission denied',
    'a restart forgets it';

# -- who looks after the agent --------------------------------------------------

is told('of-the-agent', 'GET', '/v1/agent/self'), '403 ACL not found',
    'a token that nobody knows';
is set('acl_agent_master_token', 'of-the-agent'), '200 ', 'now the agent does';
like told('of-the-agent', 'GET', '/v1/agent/self'), qr/^200 /, 'it may look';
is told('of-the-agent', 'PUT', '/v1/agent/reload'), '200 ', 'and change';
like told('of-the-agent', 'GET', '/v1/catalog/nodes'), qr/"Node":"here"/,
    'and see nodes';
is told('of-the-agent', 'GET', '/v1/kv/a/k'), '403 Permission denied',
    'and nothing else';
is told('of-the-agent', 'GET', '/v1/acl/list'), '403 Permission denied',
    'nor tokens';
unlike told('the-master-token', 'GET', '/v1/acl/list'), qr/of-the-agent/,
    'it is in no list';
is set('agent_master', 'another', 'of-the-agent'), '200 ',
    'it may give itself away';
is told('of-the-agent', 'GET', '/v1/agent/self'), '403 ACL not found',
    'and is none any more';
like told('another', 'GET', '/v1/agent/self'), qr/^200 /, 'another is';

# -- what means nothing, what is wrong ------------------------------------------

is set($_, 'x'), '200 ', "$_ is taken"
    for qw(acl_agent_token agent acl_replication_token replication);
is set('nonsense', 'x'), '404 Token "nonsense" is unknown', 'no such kind';
is set('acl_token', 'x', $id), '403 Permission denied', 'it takes a right';
is told('the-master-token', 'PUT', '/v1/agent/token/acl_token'),
    '400 Request decode failed: EOF', 'it takes a body';
like told('the-master-token', 'PUT', '/v1/agent/token/acl_token', '{"Token":7}'),
    qr/^400 Request decode failed: .*'Token'/s, 'with a text';
is set('acl_token', 'x' x 257), '400 a token has at most 256 bytes',
    'that is not too long';
like told('the-master-token', 'GET', '/v1/agent/token/acl_token'), qr/^405 /,
    'none is shown';
my $log = slurp($audit);
ok scalar(grep { ($_->{action} || '') eq 'agent token set'
        && $_->{what} eq 'acl_token' } audit_events($audit)), 'it is audited';
unlike join("\n", $log, $reg->log), qr/of-the-agent|another\b|\Q$id\E/,
    'tokens are in no log';

# -- the keyring ----------------------------------------------------------------

sub keyring { return told('the-master-token', @_) }
my $key = 'pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=';
sub refused
{
    return join "\n", '500 4 errors occurred:', '',
        '* WAN error: 1/1 nodes reported failure',
        "* here.dc1: $_[0] (encryption not enabled)",
        '* dc1 (LAN) error: 1/1 nodes reported failure',
        "* here: $_[0] (encryption not enabled)";
}
is keyring('GET', '/v1/operator/keyring'), refused('Keyring is empty'),
    'no key to list';
is keyring($_, '/v1/operator/keyring?relay-factor=5', {Key => $key}),
    refused('No keyring to modify'), "$_: none to change" for qw(POST PUT DELETE);
for (['abc' => 0], ['abcdefg' => 4], ['ab!d' => 2], ['=' => 0]) {
    my ($bad, $at) = @$_;
    is keyring('PUT', '/v1/operator/keyring', {Key => $bad}),
        "500 2 errors occurred:\n\n* WAN error: illegal base64 data at input "
        . "byte $at\n* dc1 (LAN) error: illegal base64 data at input byte $at",
        "'$bad' is no key";
}
is keyring('DELETE', '/v1/operator/keyring'), '400 Request decode failed: EOF',
    'it takes a body';
is keyring('GET', '/v1/operator/keyring?relay-factor=x'),
    '400 Error parsing relay factor: strconv.Atoi: parsing "x": invalid syntax',
    'a factor that is none';
is keyring('GET', '/v1/operator/keyring?relay-factor=6'), '400 Invalid relay '
    . 'factor: Relay factor must be in range: [0, 5]', 'one that is too large';
like keyring('PATCH', '/v1/operator/keyring'), qr/^405 /, 'another method';

# -- without ACLs ---------------------------------------------------------------

my $open = consul();
is call($open, 'PUT', '/v1/agent/token/acl_token', body => '{"Token":"x"}')
    ->{body}, 'ACL support disabled', 'without ACLs the agent has no tokens';

finish();
