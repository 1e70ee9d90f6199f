# Who makes, changes and revokes tokens, and who shows a bad one; no secret is
# ever in the log.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd');
my $log = audit_file();
my $reg = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', "audit.to=file:$log");

# (status, the object) of a request to the admin face
sub ask
{
    my ($method, $path, $body, $token) = @_;
    my $c = $reg->dial('admin');
    my $text = $body ? JSON::PP::encode_json($body) : '';
    $c->send("$method $path HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        . ($token ? "Authorization: Bearer $token\r\n" : '')
        . ($body ? "Content-Type: application/json\r\n" : '')
        . 'Content-Length: ' . length($text)
        . "\r\nConnection: close\r\n\r\n$text");
    my $answer = $c->bytes;
    my ($status) = $answer =~ m{^HTTP/1\.1 (\d+)};
    my ($json) = $answer =~ /\r\n\r\n(.*)/s;
    return ($status, eval { JSON::PP::decode_json($json) } || {});
}

my ($status, $made) = ask('POST', '/v1/tokens',
    { name => 'deploy', register => ['*'], set => ['*'], admin => JSON::PP::true });
is $status, 201, 'made';
my $token = $made->{token};
($status) = ask('POST', '/v1/tokens', { name => 'deploy' });
is $status, 409, 'not twice';
($status) = ask('PUT', '/v1/tokens/deploy',
    { register => ['web-*'], set => ['*'], admin => JSON::PP::true }, $token);
is $status, 200, 'changed, in its own name';
my $c = $reg->dial('new');
$c->send("web-1 kind web .ack 1 .token $token\n");
$c->line;
$c->send(".new db-1\n");
$c->line;
my $d = $reg->dial('new');
$d->send("web-2 .token deploy.nonsense\n");
$d->rest;
($status) = ask('DELETE', '/v1/tokens/deploy');
is $status, 204, 'revoked';
$c->rest;
$reg->stop;

is audit_whole($log), '', 'the log is whole';
my @told = map { my $e = $_; join ' ', map { defined $e->{$_} ? $e->{$_} : '-' }
    qw(who face action what outcome code) }
    grep { $_->{face} } audit_events($log);
is_deeply \@told, [
    'anonymous admin token create deploy ok -',
    'anonymous admin token create deploy refused -',
    'deploy admin token change deploy ok -',
    'deploy new register web-1 ok -',
    'deploy new register db-1 refused right',
    'anonymous new request - refused token',
    'deploy new request - refused token',
    'anonymous admin token revoke deploy ok -',
], 'who did what; whoever holds what is revoked is told at once' or diag slurp($log);
my ($end) = grep { $_->{action} eq 'end' } audit_events($log);
is "$end->{who} $end->{what}", 'deploy web-1', 'whose service ended';
my ($secret) = $token =~ /\.(.*)/;
unlike slurp($log) . join("\n", $reg->log), qr/\Q$secret\E|nonsense/,
    'no secret in any log';
finish();
