# consul exec, Consul's own: what it is told of workers, and what its end does.
# It waits for more after the last that it was told of, so nearly all are
# interrupted when they have shown what they should; that is its end, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulPeer;
use Muster;
use MusterConsul;
use Test::More;

need_consul();
need_programs(qw(musterd muster-dispatch muster-worker));
my $reg = consul('-o', 'consul.remote_exec=on');
dispatcher($reg);
my %worker = map { $_ => worker($reg, $_, '-o', 'worker.slots=8') }
    qw(web1 web2 db1);
eventually { $reg->find('kind dispatcher .names 1') };

sub execute
{
    my ($o, @args) = ref $_[0] ? @_ : ({}, @_);
    return consul_begin($reg, $o, 'exec', '-wait', '60s', @args);
}

# Waits until it has said all that; in which order an exit and the last of the
# output are shown is left to chance
sub says
{
    my ($p, @what) = @_;
    eventually { my $out = $p->out; !grep { $out !~ $_ } @what } 60;
    return $p->out;
}

# The same, and ends it
sub told
{
    my ($p, @what) = @_;
    says($p, @what);
    $p->signal('INT')->status;
    return $p->out;
}

# All of these, from it; as a test
sub tells
{
    my ($name, $p, @what) = @_;
    my $out = told($p, @what);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is join(', ', grep { $out !~ $_ } @what), '', $name or diag($out);
    return;
}

sub so_often { my ($n, $what) = @_; return qr/(?:$what.*){$n}/s }

# ---- one that comes to its end by itself, while all others are looked at

my $whole = consul_begin($reg, 'exec', '-wait', '12s', '-verbose',
    'echo out; echo err >&2; exit 3');

# ---- whom it means

my @held = map { $reg->register($_) }
    'app-1 service app node web2 id app-1 tags blue,v1',
    'app-2 service app node web1 id app-2 tags green,v1';
for ([['-node', 'web'], 'web1 web2'], [['-node', '^db1$'], 'db1'],
    [['-service', '^app'], 'web1 web2'],
    [['-service', 'app', '-tag', 'gre'], 'web1']) {
    my ($filters, $nodes) = @$_;
    my @nodes = split / /, $nodes;
    my $out = told(execute(@$filters, 'true'),
        so_often(scalar @nodes, 'finished with'));
    is join(' ', sort $out =~ /^==> (\w+): finished with exit code 0$/mg),
        $nodes, "@$filters";
}
my ($rc, $out, $err) = consul_says($reg, 'exec', '-wait', '200ms', '-node',
    'nobody', 'true');
is "$rc $out", "0 0 / 0 node(s) completed / acknowledged\n", 'nobody';

# ---- what it runs

my @one = ('-node', 'db1');
my $well = qr/^==> db1: finished with exit code 0$/m;
tells('arguments, without a shell', execute(@one, '-shell=false', 'printf',
    '%s|', 'a b', '$HOME'), qr/^    db1: a b\|\$HOME\|$/m, $well);
my $script = "#!/bin/sh\necho one\ncat\necho two\nexit 4\n";
tells('a script', execute({in => $script}, @one, '-'),
    qr/db1: one\n    db1: two\n/, qr/exit code 4$/m);
tells('one that is killed', execute(@one, 'kill -9 $$'), qr/exit code -1$/m);
tells('one that is not there', execute(@one, '-shell=false', '/no/such'),
    qr/db1: muster: db1: not/, qr/exit code 255$/m);
tells('below another prefix', execute(@one, '-prefix', 'other/place',
    'echo here'), qr/db1: here$/m, $well);
$out = told(execute(@one, 'seq 100000 180000'), qr/180000$/m, $well);
ok join('', $out =~ /^    db1: (.*)\n/mg) eq join('', 100000 .. 180000),
    'much output, whole and in order';
my $go = scratch() . '/go';
my $p = execute(@one, "echo first; while ! test -e $go; do sleep 0.02; done;"
    . 'echo last');
unlike says($p, qr/db1: first/), qr/last/, 'output comes while it runs';
spew($go, '');
tells('and the rest', $p, qr/first\n.*last$/sm, $well);

# ---- its end

my $pids = scratch() . '/pids';
$p = execute("echo \$\$ >>$pids; echo sleeps; exec sleep 600");
says($p, so_often(3, 'sleeps'));
my @pids = split ' ', slurp($pids);
is scalar(grep { kill 0, $_ } @pids), 3, 'all of them run it';
is $p->signal('INT')->status, 1, 'control-C';
ok((eventually { !grep { kill 0, $_ } @pids } 60), 'ends it everywhere');

# ---- a worker that is lost

$p = execute('-node', 'web', 'echo begun; exec sleep 600');
says($p, so_often(2, 'begun'));
$worker{web2}->kill;
tells('who waits is told of a worker that is lost', $p,
    qr/web2: muster: web2: lost$/m, qr/web2: .*code 255$/m);

# ---- the one from the beginning

is $whole->status(60), 2, 'that one failed says its status';
$out = $whole->out;
is join(' ', sort $out =~ /(\w+): acknowledged/g), 'db1 web1 web2',
    'each acknowledges';
is join(' ', sort $out =~ /(\w+: (?:out|err))$/mg), 'db1: err db1: out '
    . 'web1: err web1: out web2: err web2: out', 'both streams of each';
is join(' ', sort $out =~ /(\w+): finished with exit code 3/g),
    'db1 web1 web2', 'and its status';
like $out, qr{^3 / 3 node\(s\) completed / acknowledged$}m, 'all are counted';
ok((eventually {
    call($reg, 'GET', '/v1/session/list')->{body} eq '[]' &&
        call($reg, 'GET', '/v1/kv/?recurse')->{status} == 404
}), 'nothing is left of any of them');

# ---- who may not

my $off = consul();
($rc, $out) = consul_says($off, 'exec', '-wait', '200ms', 'true');
is "$rc $out", "0 0 / 0 node(s) completed / acknowledged\n",
    'where it is not wanted nobody is meant';
my $file = spew(scratch() . '/master', 'd' x 32, "\n");
chmod 0600, $file;
my $acl = consul('-o', "consul.acl_master_token=$file", '-o',
    'consul.acl_default_policy=deny', '-o', 'consul.remote_exec=on');
my $token = call($acl, 'PUT', '/v1/acl/create?token=' . 'd' x 32, body =>
    '{"Rules": "session \"\" { policy = \"write\" } key \"_rexec/\" '
    . '{ policy = \"write\" } agent \"\" { policy = \"read\" }"}')->{json}{ID};
($rc, $out, $err) = consul_says($acl, {env => {CONSUL_HTTP_TOKEN => $token}},
    'exec', '-wait', '200ms', 'true');
isnt $rc, 0, 'without the right';
like $err, qr/fire event: .*403 \(Permission denied\)/, 'says which';

finish();
