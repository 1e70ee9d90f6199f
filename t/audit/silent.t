# What an agent of Consul 0.7 answers 200 although it is denied: who looks after
# the registry is told, in the log and in the audit log.
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
my $reg = consul('-o', "audit.to=file:$log", '-o', 'consul.compat=0.7',
    '-o', 'consul.acl_default_policy=deny',
    '-o', 'registry.admin=127.0.0.1:0');
my $denied = $reg->metric('muster_consul_denied_total');

my $a = call($reg, 'PUT', '/v1/agent/service/register',
    body => '{"Name":"web"}');
is "$a->{status} $a->{body}", '200 ', 'taken, as it seems';
is call($reg, 'GET', '/v1/agent/services')->{json}{web}, undef,
    'and not there';
is $reg->metric('muster_consul_denied_total'), $denied + 1, 'it is counted';
ok scalar(grep { /Permission denied; answered 200, as an agent of 0\.7/ }
    $reg->log), 'and in the log';
$reg->stop;

my @told = grep { ($_->{face} || '') eq 'consul' } audit_events($log);
is_deeply [map { join ' ', @$_{qw(action what outcome code reason)} } @told],
    ['register web refused right '
        . 'Permission denied; answered 200, as an agent of 0.7'],
    'and in the audit log, with what was asked for';

finish();
