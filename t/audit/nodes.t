# Nodes and checks in the audit log: who registered which, and took it away.
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
my $reg = consul('-o', "audit.to=file:$log", '-o', 'consul.node_name=own');

sub put
{
    my ($path, $body) = @_;
    my $a = call($reg, 'PUT', "/v1/$path", body => $body);
    return $a->{status};
}

is put('catalog/register', '{"Node":"n","Address":"10.0.0.1",'
    . '"Check":{"Name":"disk","Status":"passing"}}'), 200, 'a node';
is put('catalog/register', '{"Node":"n","Address":"10.0.0.1",'
    . '"Service":{"Service":"s"}}'), 200, 'a service of it';
is put('catalog/register', '{"Node":"n","Address":"10.0.0.1",'
    . '"Check":{"Name":"c","ServiceID":"nothing"}}'), 500, 'of no service';
is put('agent/check/register', '{"Name":"mem","TTL":"30s"}'), 200, 'a check';
is put('agent/check/pass/mem', ''), 200, 'it passes';
is put('agent/check/deregister/mem', ''), 200, 'it goes';
is put('catalog/deregister', '{"Node":"n","CheckID":"disk"}'), 200, 'so does it';
is put('catalog/deregister', '{"Node":"n"}'), 200, 'and the node';
$reg->stop;

my @told = grep { ($_->{face} || '') eq 'consul' } audit_events($log);
is_deeply [map { "$_->{action} $_->{outcome} $_->{what}" } @told], [
    'node register ok n', 'check register ok n/disk', 'register ok s@n',
    'node register ok n', 'check register ok own/mem',
    'check deregister ok own/mem', 'check deregister ok n/disk',
    'remove ok s@n', 'node deregister ok n'], 'each, and nothing else';
is $told[0]{who}, 'anonymous', 'who';
like $told[0]{from}, qr/^127\.0\.0\.1:\d+$/, 'and from where';
is audit_whole($log), '', 'the log is whole';
finish();
