# Tokens that the registry keeps: made, used, changed and revoked over HTTP.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use HTTP::Tiny;
use JSON::PP;
use Test::More;

use Muster;
use Tokens;

my $db = scratch() . '/registry.db';
my $tokens = tokens_file(root => '{admin: on}', low => '{find: all}');
my @args = ('-o', "registry.store=sqlite:$db", '-o', "auth.tokens=$tokens",
    '-o', 'registry.admin=127.0.0.1:0');
my $reg = registry(@args);

# ask(METHOD, PATH, [HASH or text], [token]): (status, what was answered)
sub ask
{
    my ($method, $path, $body, $token) = @_;
    my $http = HTTP::Tiny->new(timeout => deadline(10));
    my %headers = ('Content-Type' => 'application/json');
    $headers{Authorization} = "Bearer $token" if $token;
    $body = encode_json($body) if ref $body;
    my $r = $http->request($method,
        'http://' . $reg->address('admin') . "/v1/tokens$path",
        {headers => \%headers, defined $body ? (content => $body) : ()});
    my $json = eval { decode_json($r->{content}) };
    return ($r->{status}, $json);
}

sub whoami
{
    my ($token) = @_;
    return join "\n", $reg->find(".token $token .whoami 1");
}

# -- made -------------------------------------------------------------------

my ($status, $made) = ask(POST => '', {name => 'web', register => ['web*'],
    set => ['*'], pin => {role => 'web'}, find => 'all'});
is $status, 201, 'a token is made';
my $secret = delete $made->{token};
like $secret, qr/^web\.[\w-]{43}$/, 'its secret is told';
is_deeply $made->{pin}, {role => 'web'}, 'with its rights';

my $web = $reg->register("web1 port 80 .token $secret");
is_deeply [$reg->find('.pinned.role web .owner web')],
    ['web1 port 80 role web'], 'and it is good for registering';
my ($refused) = $reg->ask(new => "db1 port 1 .token $secret\n");
like $refused, qr/no right/, 'within its rights';

is +(ask(POST => '', {name => 'web'}))[0], 409, 'a name is given once';
my ($list, $all) = ask(GET => '');
is $list, 200, 'they are listed';
is_deeply [map { $_->{name} } @$all], ['web'], 'those of the store';
ok !grep({ exists $_->{hash} || exists $_->{token} } @$all),
    'and nothing of their secrets';

# The secret may be the client's own.
is +(ask(POST => '', {name => 'own', hash => hash_of('own.mine'),
    find => 'all'}))[0], 201, 'a token whose secret is not told';
like whoami('own.mine'), qr/\bown\b/, 'is known by it';
is +(ask(GET => '/own'))[1]{find}, 'all', 'and shown by its name';

# -- who may ----------------------------------------------------------------

is +(ask(GET => '', undef, 'low.secret'))[0], 403, 'another token may not';
is +(ask(GET => '', undef, 'root.secret'))[0], 200, 'an administrator may';
is +(ask(GET => '', undef, 'root.guess'))[0], 401, 'not by a guess';
is +(ask(DELETE => '/root'))[0], 404, 'tokens of the file are the file\'s';

# -- what is wrong ----------------------------------------------------------

for my $bad (
    ['', qr/JSON/], ['[]', qr/object/], ['{"name":"a b"}', qr/^name:/],
    ['{"find":"all"}', qr/^name:/], ['{"name":"x","fnd":"all"}', qr/fnd/],
    ['{"name":"x","name":"y"}', qr/JSON/],
    ['{"name":"x","hash":"sha256:1"}', qr/^hash:/],
    ['{"name":"x","find":"all","watch":"a~ ("}', qr/^watch:/])
{
    my ($body, $why) = @$bad;
    my ($got, $json) = ask(POST => '', $body);
    is $got, 400, "refused: $body";
    like $json->{error}, $why, '... with the reason';
}
is scalar @{(ask(GET => ''))[1]}, 2, 'and nothing was kept';

# -- changed, kept, revoked -------------------------------------------------

$status = (ask(PUT => '/web', {register => ['www*'], set => ['*']}))[0];
is $status, 200, 'other rights for the same secret';
ok $web->ends, 'whoever had the old ones is disconnected';
is +(ask(PUT => '/nobody', {find => 'all'}))[0], 404, 'of a token that is there';

$reg->stop;
$reg->start;
my $www = $reg->register("www1 port 80 .token $secret");
is_deeply [$reg->find('.owner web .names 1')], ['www1'],
    'it is there after a restart';

is +(ask(DELETE => '/web'))[0], 204, 'it is revoked';
ok $www->ends, 'and its connections are closed';
is_deeply [$reg->find('.owner web')], [], 'so that its services are gone';
like whoami($secret), qr/unknown or expired token/, 'it is unknown';
is +(ask(DELETE => '/web'))[0], 404, 'once';

# -- by the command ----------------------------------------------------------

my @admin = ('--admin', $reg->address('admin'));
my ($rc, $token, $said) = muster($reg, 'token', 'create', 'cmd', @admin,
    '--register', 'c*', '--find', 'role web', '--pin', 'role=cmd');
is $rc, 0, 'muster token create';
like $token, qr/\Acmd\.[\w-]{43}\n\z/, 'prints the token';
chomp $token;
like whoami($token), qr/\bcmd\b/, 'which the registry knows';
is_deeply [muster($reg, 'token', 'show', 'cmd', @admin)],
    [0, "cmd register c* pin.role cmd find 'role web'\n", ''],
    'muster token show';
($rc, my $out) = muster($reg, 'token', 'list', '--json', @admin);
is_deeply [map { decode_json($_)->{name} } split /\n/, $out],
    ['cmd', 'own'], 'muster token list';
($rc, $out, $said) = muster($reg, 'token', 'create', 'cmd', @admin);
is $rc, 1, 'a name is given once';
like $said, qr/there is a token of that name/, 'and this is said';
is +(muster($reg, 'token', 'revoke', 'cmd', @admin))[0], 0, 'muster token revoke';
like whoami($token), qr/unknown or expired token/, 'and it is unknown';
is +(muster($reg, 'token', 'revoke', 'cmd', @admin))[0], 3, 'once';
is +(muster($reg, 'token', 'show', 'a/../b', @admin))[0], 2, 'no such name';
is +(muster($reg, 'token', 'list', '--admin', '127.0.0.1:1'))[0], 8,
    'a registry that is not there';
is +(muster($reg, {env => {MUSTER_TOKEN_FILE => token_file('low')}}, 'token', 'list',
    @admin))[0], 8, 'one that does not let us';

$reg->stop;
my $kept = slurp($db);
is index($kept, $secret), -1, 'no secret was ever written down';

finish();
