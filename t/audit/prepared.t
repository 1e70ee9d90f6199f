# Events, prepared queries and snapshots in the audit log: who, and which, but
# neither a payload nor a token.
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
my $reg = consul('-o', "audit.to=file:$log");
my $secret = 'sEcReT';
call($reg, 'PUT', '/v1/event/fire/deploy', body => $secret);
call($reg, 'PUT', '/v1/event/fire/deploy?tag=x', body => $secret); # refused
my $query = qq({"Name":"q","Token":"$secret","Service":{"Service":"web"}});
my $id = call($reg, 'POST', '/v1/query', body => $query)->{json}{ID};
call($reg, 'POST', '/v1/query', body => $query); # its name is taken
call($reg, 'PUT', "/v1/query/$id", body => $query);
call($reg, 'DELETE', "/v1/query/$id");
my $file = call($reg, 'GET', '/v1/snapshot')->{body};
call($reg, 'PUT', '/v1/snapshot', body => $file);
call($reg, 'PUT', '/v1/snapshot', body => 'none');
$reg->stop;

my @told = grep { ($_->{face} || '') eq 'consul' } audit_events($log);
is_deeply [map { join ' ', $_->{action}, $_->{outcome}, $_->{what} || () }
    @told], [
    'event fire ok deploy', "query create ok $id", "query set ok $id",
    "query delete ok $id", 'snapshot save ok', 'snapshot restore ok',
    'snapshot restore failed'], 'each, and nothing else';
is $told[0]{who}, 'anonymous', 'who';
like $told[0]{from}, qr/^127\.0\.0\.1:\d+$/, 'and from where';
like $told[-1]{reason}, qr/gzip/, 'why it failed';
unlike slurp($log), qr/sEcReT/i, 'no payload and no token is in there';
is audit_whole($log), '', 'and the log is whole';
finish();
