# What a token of Consul's may do to keys and sessions: what it may not see is
# not listed, and what it may not change does not change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Tokens;
use Test::More;

need_programs('musterd');
my $json = JSON::PP->new->utf8;
my $master = '01234567-89AB-CDEF-GHIJ-KLMNOPQRSTUV';
my @settings = ('-o', 'consul.acl_master_token=' . token_file('acl', $master),
    '-o', 'consul.acl_default_policy=deny', '-o', 'consul.node_name=here');
my $rules = <<'END';
key "own/" { policy = "write" }
key "own/fixed/" { policy = "read" }
key "own/secret/" { policy = "deny" }
key "open/" { policy = "read" }
session "here" { policy = "write" }
END

sub as
{
    my ($reg, $token, $method, $path, $body) = @_;
    $body = $json->encode($body) if ref $body;
    return call($reg, $method, "/v1/$path", body => $body,
        headers => {'X-Consul-Token' => $token});
}

sub filled
{
    my $reg = consul(@settings, @_);
    my $token = as($reg, $master, 'PUT', 'acl/create', {Rules => $rules})
        ->{json}{ID};
    as($reg, $master, 'PUT', "kv/$_", 'v')
        for qw(own/a own/fixed/b own/secret/c open/d shut/e);
    return ($reg, $token);
}

my ($reg, $token) = filled();
sub mine { return as($reg, $token, @_) }

# -- reading ------------------------------------------------------------------

is mine('GET', "kv/$_?raw")->{body}, 'v', "$_ may be read"
    for qw(own/a own/fixed/b open/d);
for (qw(own/secret/c shut/e none)) {
    my $a = mine('GET', "kv/$_");
    is "$a->{status} $a->{body}", '403 Permission denied', "$_ may not";
}
my $a = mine('GET', 'kv/?recurse');
is_deeply [map { $_->{Key} } @{$a->{json}}], [qw(open/d own/a own/fixed/b)],
    'a list has what may be read';
is index_of($a), index_of(as($reg, $master, 'GET', 'kv/?recurse')),
    'with the index of the whole';
is mine('GET', 'kv/?keys')->{body}, '["open/d","own/a","own/fixed/b"]',
    'and so have keys';
is mine('GET', 'kv/?keys&separator=/')->{body}, '["open/","own/"]',
    'and what they are cut to';
is mine('GET', 'kv/shut/?keys')->{status}, 404, 'nothing is not there';

# -- writing ------------------------------------------------------------------

is mine('PUT', 'kv/own/new', 'x')->{body}, 'true', 'what may be written is';
for (qw(own/fixed/b own/secret/c open/d shut/e)) {
    is mine('PUT', "kv/$_", 'x')->{status}, 403, "not $_";
    is mine('DELETE', "kv/$_")->{status}, 403, "nor is it deleted";
}
is mine('DELETE', "kv/$_?recurse")->{status}, 403, "nor all below '$_'"
    for '', 'own', 'own/', 'own/f', 'own/secret/', 'shut/';
is mine('DELETE', 'kv/own/n?recurse')->{body}, 'true', 'a tree of its own is';
is as($reg, $master, 'GET', 'kv/?keys')->{body},
    '["open/d","own/a","own/fixed/b","own/secret/c","shut/e"]',
    'nothing else is gone';

# -- transactions -------------------------------------------------------------

sub op { my ($verb, $key, %o) = @_;
    return {KV => {Verb => $verb, Key => $key, %o}} }

$a = mine('PUT', 'txn', [op(set => 'own/t', Value => base64('x')),
    op(set => 'shut/t'), op('check-index' => 'own/secret/c', Index => 1),
    op('delete-tree' => 'own/'), op(get => 'shut/e')]);
is $a->{status}, 409, 'a transaction: one that may not, none does';
is_deeply [map { "$_->{OpIndex} $_->{What}" } @{$a->{json}{Errors}}],
    [map { "$_ Permission denied" } 1, 2, 3], 'each is told';
is as($reg, $master, 'GET', 'kv/own/t')->{status}, 404, 'nothing has changed';
$a = mine('PUT', 'txn', [op(get => 'open/d'), op(get => 'shut/e'),
    op('get-tree' => 'o')]);
is_deeply [map { $_->{KV}{Key} } @{$a->{json}{Results}}],
    [qw(open/d open/d own/a own/fixed/b)], 'and what may not be read is left out';

# -- sessions -----------------------------------------------------------------

as($reg, $master, 'PUT', 'catalog/register',
    {Node => 'there', Address => '10.0.0.1'});
my $s = mine('PUT', 'session/create', {})->{json}{ID};
ok $s, 'a session of a node that may have some';
is mine('PUT', 'session/create', {Node => 'there', Checks => []})->{status},
    403, 'none of another';
my $other = as($reg, $master, 'PUT', 'session/create',
    {Node => 'there', Checks => []})->{json}{ID};
is_deeply [map { $_->{ID} } @{mine('GET', 'session/list')->{json}}], [$s],
    'nor is one seen';
is mine('GET', "session/info/$other")->{body}, '[]', 'by its id neither';
is mine('PUT', "session/destroy/$other")->{status}, 403, 'nor ended';
is mine('PUT', "session/renew/$other")->{status}, 403, 'nor renewed';
is mine('PUT', "kv/own/l?acquire=$s", 'x')->{body}, 'true', 'it may lock';
is mine('PUT', "kv/open/d?acquire=$s", 'x')->{status}, 403, 'what it may write';
is mine('PUT', "session/destroy/$s")->{body}, 'true', 'and it ends';

# -- as 0.7 -------------------------------------------------------------------

($reg, $token) = filled('-o', 'consul.compat=0.7');
$a = mine('GET', 'kv/shut/e');
is "$a->{status} $a->{body}", '404 ', '0.7: what may not be read is not there';
cmp_ok index_of($a), '>', 1, '0.7: with an index';
is mine('GET', 'kv/shut/e?raw')->{status}, 404, '0.7: raw neither';
is mine('GET', 'kv/own/a?raw')->{body}, 'v', '0.7: what may be read is';
is mine('PUT', 'kv/shut/e', 'x')->{status}, 403, '0.7: writing is refused';
finish();
