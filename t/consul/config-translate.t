# muster consul-config: an agent's configuration becomes ours; secrets go into
# files that only their owner reads; what is lost is named, and is a no.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('muster');

sub translate
{
    my ($config, @args) = @_;
    my $file = scratch() . '/agent.json';
    # in a fixed order, which is that of what comes out
    spew($file, ref $config ? JSON::PP->new->utf8->canonical
        ->encode($config) : $config);
    return run_program(program('muster'), 'consul-config', $file, @args);
}

# One thing in, one line out
sub gives
{
    my ($config, $yaml, $what) = @_;
    my ($rc, $out, $err) = translate($config);
    is $rc, 0, "$what: 0";
    like $out, $yaml, $what;
    return;
}

# -- settings -----------------------------------------------------------------

gives({node_name => 'web1', datacenter => 'dc7'},
    qr/^consul:\n  node_name: "web1"\n  datacenter: "dc7"$/m, 'names');
gives({ports => {http => 8511, dns => -1}},
    qr/^registry:\n  consul: "127\.0\.0\.1:8511"\n  dns: "off"$/m, 'ports');
gives({client_addr => '0.0.0.0', addresses => {dns => '10.0.0.1'}},
    qr/^  consul: "0\.0\.0\.0:8500"\n  dns: "10\.0\.0\.1:8600"$/m, 'addresses');
gives({ports => {https => 8501, http => -1}, cert_file => '/c', key_file => '/k',
    ca_file => '/a', verify_incoming => JSON::PP::true},
    qr{^  consul: "tls!127\.0\.0\.1!8501"\n(?s:.*)^tls:\n  ca: "/a"\n}m, 'TLS');
like((translate({cert_file => '/c', key_file => '/k', verify_incoming_https =>
    JSON::PP::true}))[1], qr{^tls:\n  cert: "/c"\n  key: "/k"\n  client: "required"$}m,
    'its files');
gives({advertise_addr => '10.1.1.1', ports => {server => 8305}},
    qr/^  advertise: "10\.1\.1\.1:8305"$/m, 'the address of the server');
gives({bind_addr => '10.1.1.2'}, qr/^  advertise: "10\.1\.1\.2:8300"$/m,
    'or the one it binds to');
like((translate({bind_addr => '0.0.0.0', ports => {server => 8305}}))[2],
    qr/ports\.server: .* consul\.advertise: HOST:8305$/m,
    'a port without an address is named');
gives({disable_remote_exec => JSON::PP::false}, qr/^  remote_exec: on$/m,
    'remote exec, where it is asked for');
unlike((translate({}))[1], qr/remote_exec/, 'and only there');
gives({enable_script_checks => JSON::PP::true},
    qr/^  enable_script_checks: on$/m, 'scripts');
gives({domain => 'corp.'}, qr/^  domain: "corp"$/m, 'domain');
gives({session_ttl_min => '30s'}, qr/^  session_ttl_min: "30s"$/m, 'sessions');
my ($code, $text, $said) = translate({dns_config => {node_ttl => '5s',
    service_ttl => {'*' => '7s', web => '1s'}, udp_answer_limit => 2,
    only_passing => JSON::PP::true, allow_stale => JSON::PP::true}});
is $code, 0, 'DNS: 0';
like $text, qr/^  $_$/m, $_ for 'dns_node_ttl: "5s"', 'dns_service_ttl: "7s"',
    'dns_only_passing: on', 'dns_udp_answers: 2';
is $said, qq(muster: dns_config.service_ttl: only that of "*" is translated\n),
    'what is not is said';
gives({log_level => 'WARN'}, qr/^log:\n  level: "warn"$/m, 'log');
gives({Node_Name => 'x', NODENAME => 'y'}, qr/^  node_name: "[xy]"$/m,
    'names in any case');

# -- secrets ------------------------------------------------------------------

my $dir = scratch() . '/out';
mkdir $dir;
my %secret = (acl_datacenter => 'dc1', acl_default_policy => 'deny',
    acl_master_token => 'master-secret', acl_token => 'own-secret',
    encrypt => 'gossip-secret',
    services => [{name => 'web', token => 'service-secret'}]);
my ($rc, $out, $err) = translate(\%secret, '--dir', $dir);
is $rc, 0, 'ACLs: 0';
unlike "$out$err", qr/secret/, 'no secret is printed';
is slurp("$dir/consul-master-token"), 'master-secret', 'one in its file';
is slurp("$dir/consul-token"), 'own-secret', 'another';
is sprintf('%o', (stat "$dir/consul-token")[2] & 07777), '600', 'of its owner';
my $yaml = slurp("$dir/muster.yaml");
like $yaml, qr/^  acl: on\n  acl_default_policy: "deny"$/m, 'ACLs are on';
like $yaml, qr/^  acl_master_token: "\Q$dir\E\/consul-master-token"$/m, 'named';
unlike $yaml . slurp("$dir/services.db"), qr/secret/, 'and nowhere else';
($rc, undef, $err) = translate(\%secret, '--dir', $dir);
is $rc, 1, 'what is there stays: 1';
like $err, qr/--force overwrites/, 'said';
is((translate(\%secret, '--dir', $dir, '--force'))[0], 0, 'but for --force');
($rc, $out, $err) = translate(\%secret);
unlike "$out$err", qr/(?:master|own|gossip|service)-secret/,
    'nor without a folder';
like $err, qr/^muster: consul-token: a secret/m, 'that is said';

# -- services -----------------------------------------------------------------

($rc, $out, $err) = translate({advertise_addr => '10.0.0.5', services => [
    {name => 'web', port => 80, tags => ['a,b', 'v1'],
        meta => {k => "it's", id => 'z'},
        check => {http => 'http://localhost/', interval => '10s',
            failures_before_critical => 3}},
    {id => 'db 1', Name => 'db', address => '10.1.1.1', port => 5432,
        enableTagOverride => JSON::PP::true,
        checks => [{tcp => '10.1.1.1:5432', interval => '5s', timeout => '1s'},
            {ttl => '15s'}]}],
    check => {name => 'more', service_id => 'web', http => 'https://localhost:81',
        interval => '3s', failures_before_critical => 3,
        failures_before_warning => 2, success_before_passing => 2,
        deregister_critical_service_after => '90m', method => 'HEAD',
        tls_skip_verify => JSON::PP::true}});
is "$rc|$err", '0|', 'services: 0, and nothing to say';
is $out =~ s/.*^# services\.db:\n//msr, <<'END', 'as entries';
service='web'
        'service'='web'
        addr='tcp!10.0.0.5!80'
        tags='a\,b,v1'
        meta.id='z'
        k='it''s'
        check.http='http://localhost/'
        check.interval='10s'
        check.fails='3'
        check.2.http='https://localhost:81'
        check.2.method='HEAD'
        check.2.insecure='on'
        check.2.interval='3s'
        check.2.fails='3'
        check.2.warns='2'
        check.2.passes='2'
        check.2.deregister_after='90m'
service='db-1'
        'service'='db'
        id='db 1'
        addr='tcp!10.1.1.1!5432'
        tag_override='1'
        check.tcp='10.1.1.1:5432'
        check.interval='5s'
        check.timeout='1s'
        check.2.ttl='15s'
END

# -- several files ------------------------------------------------------------

my $conf = scratch() . '/consul.d';
mkdir $conf;
spew("$conf/1.json", '{"node_name": "a", "ports": {"http": 1}, '
    . '"service": {"name": "s1"}}');
spew("$conf/2.json", '{"node_name": "b", "ports": {"dns": 2}, '
    . '"service": {"name": "s2"}}');
spew("$conf/other", 'no JSON');
($rc, $out) = run_program(program('muster'), 'consul-config', $conf);
is $rc, 0, 'a folder: 0';
like $out, qr/consul: "127\.0\.0\.1:1"\n  dns: "127\.0\.0\.1:2"/, 'merged';
like $out, qr/node_name: "b"/, 'the later one counts';
like $out, qr/^service='s1'(?s:.*)^service='s2'/m, 'services of both';

# -- what is lost -------------------------------------------------------------

for ([{retry_join => ['10.0.0.6']}, 'retry_join'],
    [{bootstrap_expect => 3}, 'bootstrap_expect'],
    [{server => JSON::PP::false}, 'server'],
    [{client_addr => '{{ GetPrivateIP }}'}, 'client_addr'],
    [{watches => [{type => 'key'}]}, 'watches'],
    [{checks => [{name => 'mem', args => ['x'], interval => '1s'}]}, 'check mem'],
    [{services => [{name => 'w', check => {args => ['x'], interval => '1s'}}]},
        'service w'],
    [{services => [{name => 'w', connect => {}}]}, 'service w']) {
    ($rc, undef, $err) = translate($_->[0]);
    is $rc, 1, "$_->[1]: 1";
    like $err, qr/^muster: LOST: \Q$_->[1]\E: /m, 'said';
}
($rc, undef, $err) = translate({strange => 1, leave_on_terminate => JSON::PP::true,
    ports => {grpc => 8502}});
is $rc, 0, 'what matters less: 0';
is $err, "muster: ports.grpc: there is no gRPC here\n"
    . "muster: strange: there is nothing like it here\n", 'said all the same';
($rc, $out) = translate({retry_join => ['x']}, '--json');
is_deeply JSON::PP::decode_json($out), {lost => JSON::PP::true, remark =>
    'retry_join: one musterd is the whole cluster, and joins no other'}, 'as JSON';

# -- what is no configuration -------------------------------------------------

for ('', '[]', '{"a": }', '"x"') {
    ($rc, $out, $err) = translate($_);
    is "$rc|$out", '2|', "'$_': 2";
    like $err, qr/^muster: \S*agent\.json/, 'said, and where';
}
for ([{node_name => 7}, 'node_name is not a text'],
    [{Ports => 5}, 'Ports is not an object'],
    [{ports => {http => '8500'}}, 'ports.http is not a number'],
    [{services => {name => 'web'}}, 'services is not a list']) {
    ($rc, $out, $err) = translate($_->[0]);
    is "$rc|$out", '2|', "$_->[1]: 2";
    like $err, qr/agent\.json: \Q$_->[1]\E$/, 'said';
}
is((translate({node_name => undef}))[0], 0, 'null is nothing');
is((run_program(program('muster'), 'consul-config', scratch() . '/none'))[0], 2,
    'no such file: 2');
mkdir scratch() . '/empty';
($rc, $out, $err) = run_program(program('muster'), 'consul-config',
    scratch() . '/empty');
is "$rc|$out", '2|', 'a folder without any: 2';
like $err, qr{/empty: there is no \*\.json in it}, 'said';

finish();
