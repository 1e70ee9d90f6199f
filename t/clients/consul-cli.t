# Consul's own command line, what of it speaks HTTP and is not in the scripts
# beside this one: every command, what it shows and how it ends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulPeer;
use JSON::PP;
use Muster;
use MusterConsul;
use MusterTLS;
use Test::More;

need_consul();
need_programs(qw(musterd muster));
my $reg = consul('-o', 'consul.node_name=here');
my %env;

# consul_is(EXIT STATUS, what is said, in one of both, ARGUMENT...)
sub consul_is
{
    my ($status, $what, @args) = @_;
    my ($rc, $out, $err) = consul_says($reg, {env => \%env}, @args);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $rc == $status && "$out$err" =~ $what, "consul @args" =~ s/\n.*//sr
        or diag("$rc\n$out$err");
    return $out;
}

sub refused { return consul_is(1, @_) }
sub done { return consul_is(0, @_) }

# ---- kv

done(qr/written to: a/, qw(kv put a one));
done(qr/^one$/, qw(kv get a));
done(qr/written/, qw(kv put -flags=42 dir/b), '@' . spew(scratch() . '/value',
    "two\nlines"));
like done(qr/^Value +two\nlines$/m, qw(kv get -detailed dir/b)),
    qr/^Flags +42$/m, 'its flags';
done(qr/^dHdvCmxpbmVz$/, qw(kv get -base64 dir/b));
done(qr/^a:one\ndir\/b:two\nlines$/, qw(kv get -recurse));
done(qr/^a\ndir\/$/, qw(kv get -keys));
done(qr/^a\ndir\/b$/, qw(kv get -keys -separator=));
refused(qr/No key exists at: none/, qw(kv get none));
my ($index) = done(qr/ModifyIndex/, qw(kv get -detailed a)) =~
    /^ModifyIndex +(\d+)$/m;
refused(qr/CAS failed/, qw(kv put -cas -modify-index=1 a no));
done(qr/written/, qw(kv put -cas), "-modify-index=$index", qw(a two));
refused(qr/CAS failed/, qw(kv delete -cas), "-modify-index=$index", 'a');
my $session = session($reg, LockDelay => '0s');
done(qr/Lock acquired on: l/, qw(kv put -acquire), "-session=$session",
    qw(l x));
done(qr/Session +$session/, qw(kv get -detailed l));
done(qr/Lock released on: l/, qw(kv put -release), "-session=$session",
    qw(l x));
refused(qr/413 \(Value exceeds 524288 byte limit\)/, qw(kv put big),
    '@' . spew(scratch() . '/big', 'x' x 524289));
refused(qr/must not begin with/, qw(kv put /lead x));
my $export = done(qr/"flags": 42/, qw(kv export dir));
done(qr/Deleted keys with prefix: dir/, qw(kv delete -recurse dir));
done(qr/Imported: dir\/b/, qw(kv import), $export);
done(qr/^two\nlines$/, qw(kv get dir/b));
done(qr/Deleted key: a/, qw(kv delete a));
refused(qr/No path to datacenter|500/, qw(kv get -datacenter=other a));

# ---- services and the catalog

my $held = $reg->register('web1 service web node rack1 addr tcp!10.0.0.1!80 '
    . 'tags a,b team blue');
done(qr/Registered service: own/, qw(services register -name=own -port=99
    -tag=v1 -meta=a=b -address=10.9.9.9));
my $file = spew(scratch() . '/service.hcl', <<'END');
services = [
  {
    name = "hcl", id = "hcl-1", port = 8, tags = ["p"]
    check { id = "c1", ttl = "1h", status = "passing" }
    weights { passing = 3, warning = 2 }
  },
  { name = "other", checks = [
    { name = "x", http = "http://127.0.0.1:1/", interval = "1h",
      timeout = "1s", method = "GET", header { X = ["y"] } } ] }
]
END
done(qr/service: hcl\nRegistered service: other/, qw(services register), $file);
done(qr/^consul\nhcl\nother\nown\nweb$/, qw(catalog services));
done(qr/^web +a,b$/m, qw(catalog services -tags));
done(qr/^web$/, qw(catalog services -node=rack1));
done(qr/^dc1$/, qw(catalog datacenters));
done(qr/^here +\S{8} +127.0.0.1 +dc1\nrack1 +10.0.0.1 +dc1$/m,
    qw(catalog nodes));
like done(qr/lan=127.0.0.1/, qw(catalog nodes -detailed)), qr/^rack1 /m,
    'all nodes';
done(qr/^rack1 /m, qw(catalog nodes -service=web));
done(qr/^rack1 /m, qw(catalog nodes -filter), 'Node == rack1');
done(qr/No nodes match/, qw(catalog nodes -node-meta=no=thing));
done(qr/Deregistered service: hcl-1\nDeregistered service: other/,
    qw(services deregister), $file);
done(qr/Deregistered/, qw(services deregister -id=nobody)); # as Consul
is join(' ', $reg->find('service own addr tcp!10.9.9.9!99 tags v1 a b '
    . '.names 1')),
    'own', 'a port of ours shows what it registered';

# ---- this agent

done(qr/^here +127.0.0.1:\d+ +alive +server .*\nrack1 +10.0.0.1:\d+ +alive/m,
    'members');
done(qr/^here.dc1 +127.0.0.1:\d+ +alive +server/m, qw(members -wan));
done(qr/role=consul/, qw(members -detailed));
consul_is(2, qr/^$/, qw(members -status=failed));
like done(qr/leader = true/, 'info'), qr/^\tversion = 1.0.8$/m, 'its version';
done(qr/Configuration reload triggered/, 'reload');
done(qr/Node maintenance is now enabled/, qw(maint -enable -reason=disk));
done(qr/Service maintenance is now enabled/, qw(maint -enable -service=own));
like done(qr/^Node:\n  Name: +here\n  Reason: disk$/m, 'maint'),
    qr/^Service:\n  ID: +own$/m, 'of both';
done(qr/now disabled/, qw(maint -disable));
done(qr/now disabled/, qw(maint -disable -service=own));
done(qr/^$/, 'maint');
refused(qr/404/, qw(maint -enable -service=nobody));
done(qr/^$/, qw(force-leave rack1));
refused(qr/cluster of one server/, qw(join 127.0.0.2));
refused(qr/only server/, 'leave');
refused(qr/encryption not enabled/, qw(keyring -list));
my $p = consul_begin($reg, 'monitor', '-log-level=debug');
ok((eventually {
    $reg->register('noise service x')->close;
    $p->out =~ / debug musterd/
} 60), 'consul monitor');
$p->signal('INT')->status;

# ---- the server

done(qr/^here +\S+ +127.0.0.1:\d+ +leader +true +3$/m,
    qw(operator raft list-peers));
refused(qr/not found in the Raft/, qw(operator raft remove-peer -id=x));
done(qr/^CleanupDeadServers = true$/m, qw(operator autopilot get-config));
call($reg, 'PUT', '/v1/coordinate/update', body => encode_json({Node => $_->[0],
    Coord => {Vec => [$_->[1], (0) x 7], Error => 1, Adjustment => 0,
    Height => 0}})) for ['here', 0], ['rack1', 0.01];
eventually { @{call($reg, 'GET', '/v1/coordinate/nodes')->{json}} == 2 };
done(qr/^Estimated here <-> rack1 rtt: 10.000 ms/, qw(rtt here rack1));
done(qr/^Estimated here.dc1 <-> here.dc1 rtt/, qw(rtt -wan here.dc1 here.dc1));

# ---- snapshots

$file = scratch() . '/all.snap';
done(qr/^Saved and verified snapshot to index \d+$/, qw(snapshot save), $file);
done(qr/^ID +muster-\d+$/m, qw(snapshot inspect), $file);
done(qr/Deleted/, qw(kv delete -recurse), '');
done(qr/^Restored snapshot$/, qw(snapshot restore), $file);
done(qr/^two\nlines$/, qw(kv get dir/b));
refused(qr/400/, qw(snapshot restore), spew(scratch() . '/no.snap', 'no'));

# ---- what is of later versions is not there, and is said to be

refused(qr/404/, @$_) for [qw(intention match web)], [qw(acl token list)],
    [qw(connect ca get-config)], [qw(config list -kind=service-defaults)],
    [qw(acl policy list)];
refused(qr/401 \(ACL support disabled\)/, qw(acl bootstrap));
$reg->stop;

# ---- tokens

$reg = consul('-o', 'consul.acl_default_policy=deny', '-o',
    'consul.node_name=here');
refused(qr/403 \(Permission denied\)/, qw(kv put a b));
my ($token) = done(qr/SecretID/, qw(acl bootstrap)) =~ /^SecretID: +(\S+)$/m;
refused(qr/403/, qw(acl bootstrap));
done(qr/written/, 'kv', 'put', "-token=$token", qw(a b));
%env = (CONSUL_HTTP_TOKEN => $token);
done(qr/^b$/, qw(kv get a));
done(qr/"agent" set/, qw(acl set-agent-token agent x));
%env = (CONSUL_HTTP_TOKEN_FILE => spew(scratch() . '/token', "$token\n"));
done(qr/^here /m, 'members');
%env = (CONSUL_HTTP_TOKEN => 'unknown');
refused(qr/403/, qw(kv get a));
$reg->stop;

# ---- over TLS

$reg = registry('-o', 'registry.consul=tls!127.0.0.1!0',
    tls_options('here'));
my ($host, $port) = $reg->address('consul') =~ /(127.0.0.1)[!:](\d+)$/;
%env = (CONSUL_HTTP_ADDR => "https://$host:$port",
    CONSUL_CACERT => MusterTLS::certs() . '/ca.pem');
done(qr/written/, qw(kv put a b));
%env = (CONSUL_HTTP_ADDR => "https://$host:$port");
refused(qr/unknown authority/, qw(kv get a));
finish();
