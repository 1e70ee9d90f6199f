# Who may have something executed by an event: tokens of ours, where theirs
# allows it; tokens of Consul's whose rules say so; nobody else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-dispatch muster-worker));
my $keys = "kv_read: ['*']\nkv_write: ['*']\nregister: ['*']\nfind: all";
my $tokens = tokens_file(
    any => "$keys\nexec: all\nops: [execute]",
    some => "$keys\nexec: role=web\nops: [execute]",
    date => "$keys\nexec: all\nops: [execute cmd=date*]",
    other => "$keys\nexec: all\nops: [ping]",
    poor => $keys,
    dispatch => "register: ['*']\nset: ['*']\nfind: all\nwatch: all\n"
        . "exec: all\nops: ['*']",
    worker => "register: ['*']\nset: ['*']\nfind: all\nwatch: all",
    exec => "find: all\nexec: all\nops: [execute]");
my @who = ('-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none');
my $reg = consul(@who, '-o', 'consul.remote_exec=on',
    '-o', 'token_file=' . token_file('exec'));

# How many of a kind
sub told
{
    my ($reg, $kind) = @_;
    my @all = $reg->find(".token any.secret kind $kind .names 1");
    return scalar @all;
}

dispatcher($reg, '-o', 'token_file=' . token_file('dispatch'),
    '-o', "auth.tokens=$tokens");
for (['web1', 'web'], ['db1', 'db']) {
    my ($host, $role) = @$_;
    worker($reg, $host, {unregistered => 1}, '-o', "worker.attrs.role=$role",
        '-o', 'token_file=' . token_file('worker'),
        '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=all');
}
ok eventually { told($reg, 'worker') == 2 && told($reg, 'dispatcher') == 1 }, 'all are there';

# -- tokens of ours -----------------------------------------------------------

sub runs
{
    my ($token, $nodes, $what, %o) = @_;
    my $e = submit($reg, command => 'date', token => $token, %o);
    is $e->{fired}{status}, 200, "$what: fired";
    my @nodes = split / /, $nodes;
    ok $e->until_done(scalar @nodes), "$what: done" if @nodes;
    $e->look('300ms') unless @nodes;
    is join(' ', map { "$_=$e->{exits}{$_}" } sort keys %{$e->{exits}}),
        join(' ', map { "$_=0" } @nodes), "$what: where it may";
    $e->cleanup;
    return;
}

runs('any.secret', 'db1 web1', 'everywhere');
runs('some.secret', 'web1', 'only there');
runs('some.secret', '', 'not there', node => 'db1');
runs('date.secret', 'db1 web1', 'that command');
runs('date.secret', '', 'not another one', command => 'uptime');
for (['poor', 'no right to execute'], ['other', 'not that operation']) {
    my ($token, $what) = @$_;
    my $e = submit($reg, command => 'date', token => "$token.secret");
    is $e->{fired}{status}, 403, "$what: 403";
    is $e->{fired}{body}, 'Permission denied', 'in the words of Consul';
    $e->look('200ms');
    is_deeply $e->{events}, ['job'], 'and nothing comes of it';
    $e->cleanup;
}
is call($reg, 'PUT', '/v1/event/fire/_rexec', body => '{}')->{status}, 403,
    'nobody at all: 403';

# -- what the registry itself may not -----------------------------------------

my $poor = consul(@who, '-o', 'consul.remote_exec=on',
    '-o', 'token_file=' . token_file('poor'));
dispatcher($poor, '-o', 'token_file=' . token_file('dispatch'),
    '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none');
worker($poor, 'w1', {unregistered => 1}, '-o', 'auth.anonymous=all',
    '-o', 'token_file=' . token_file('worker'), '-o', "auth.tokens=$tokens");
ok eventually { told($poor, 'worker') && told($poor, 'dispatcher') }, 'another registry';
my $e = submit($poor, command => 'date', token => 'any.secret');
ok $e->until_done(1), 'its own token is too weak';
is $e->{exits}{w1}, 255, 'nothing runs';
like $e->{output}{w1}, qr/^muster: w1: .*no right to execute/, 'why';
unlike join("\n", $poor->log), qr/\.secret/, 'no token is in the log';

# -- tokens of Consul's -------------------------------------------------------

spew(scratch() . '/master', "the-master\n");
chmod 0600, scratch() . '/master';
my $acl = consul('-o', 'consul.remote_exec=on',
    '-o', 'consul.acl_master_token=' . scratch() . '/master');
my $disp = dispatcher($acl);
worker($acl, 'w1');
ok eventually { $acl->find('kind dispatcher .names 1') && $disp->knows(1) },
    'with ACLs';
sub acl_token
{
    my ($rules) = @_;
    return call($acl, 'PUT', '/v1/acl/create',
        headers => {'X-Consul-Token' => 'the-master'},
        body => JSON::PP::encode_json({Rules => $rules}))->{json}{ID};
}

$e = submit($acl, command => 'true', token => 'the-master');
ok $e->until_done(1), 'a management token may';
$e->cleanup;
$e = submit($acl, command => 'true', token => acl_token(
    'event "_rexec" { policy = "write" }'));
is $e->{fired}{status}, 200, 'a rule allows it';
ok $e->until_done(1), 'done';
$e->cleanup;
$e = submit($acl, command => 'true', token => acl_token(
    'key "" { policy = "write" }'));
is $e->{fired}{status}, 403, 'none does: 403, by whatever default';
$e->cleanup;

finish();
