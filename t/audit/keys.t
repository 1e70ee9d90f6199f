# Keys and sessions in the audit log: who changed which, never to what.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $log = audit_file();
my $reg = consul('-o', "audit.to=file:$log",
    '-o', 'consul.session_ttl_min=100ms');
my $secret = 'sEcReT';
kv_put($reg, 'a', $secret);
kv_put($reg, 'a', "$secret 2", '?cas=1');
my $index = kv_get($reg, 'a')->{ModifyIndex};
my $brief = session($reg, TTL => '100ms');
my $s = session($reg, Name => 'holder');
my $other = session($reg);
kv_put($reg, 'l', $secret, "?acquire=$s");
kv_put($reg, 'l', $secret, "?acquire=$other");
kv_put($reg, 'l', $secret, "?release=$s");
call($reg, 'PUT', '/v1/txn', body => '[{"KV":{"Verb":"set","Key":"t/1",'
    . '"Value":"' . base64($secret) . '"}},{"KV":{"Verb":"get","Key":"a"}},'
    . '{"KV":{"Verb":"delete","Key":"a"}}]');
call($reg, 'PUT', '/v1/txn',
    body => '[{"KV":{"Verb":"set","Key":"t/2"}},{"KV":{"Verb":"get",'
    . '"Key":"none"}}]');
call($reg, 'DELETE', '/v1/kv/t/?recurse');
call($reg, 'PUT', "/v1/session/destroy/$other?token=$secret");
call($reg, 'GET', '/v1/kv/l?recurse');
my $end = audit_wait { $_->{action} eq 'session end' } $log;
ok $end, 'a session that nobody ends is told, too';
$reg->stop;

my @told = grep { ($_->{face} || $_->{who} || '') =~ /^(?:consul|musterd)$/ &&
    defined $_->{what} } audit_events($log);
is_deeply [map { "$_->{action} $_->{what}" }
    grep { $_->{action} ne 'session end' } @told], [
    'key set a', "session create $brief", "session create $s",
    "session create $other", 'key lock l', 'key unlock l', 'key set t/1', 'key delete a', 'keys delete t/',
    "session destroy $other"], 'each change, and nothing else';
is $told[0]{revision}, $index, 'with its index';
is $told[0]{who}, 'anonymous', 'who';
like $told[0]{from}, qr/^127\.0\.0\.1:\d+$/, 'and from where';
is $end->{what}, $brief, 'which one has ended';
is $end->{reason}, 'its time was over', 'and why';
my %at = map { ("$_->{action} $_->{what}" => $_->{revision}) } @told;
is $at{'key set t/1'}, $at{'key delete a'}, 'a transaction has one index';
unlike slurp($log), qr/sEcReT/i, 'no value and no token is in there';
is audit_whole($log), '', 'and the log is whole';
finish();
