# muster plan, muster exec --plan, muster explain.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use JSON::PP ();
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $reg = registry();
my @w = map { worker($reg, $_, '-o', 'worker.attrs.role=web') } qw(web1 web2);
my $d = dispatcher($reg);
ok eventually { $d->knows(2) }, 'it knows its workers';

sub run
{
    my ($verb, @args) = @_;
    return muster(undef, $verb, '--dispatcher', $d->address('exec'), @args);
}

sub json { return map { JSON::PP::decode_json($_) } split /\n/, $_[0] }

my ($rc, $out, $err) = run('plan', '-s', 'role=web');
is $rc, 0, 'muster plan';
like $out, qr/^plan ([A-Z2-7]{8}): 2 hosts\n  web1\n  web2\n\z/, 'the set';
my ($id) = $out =~ /^plan (\w+)/;
($rc, $out) = run('exec', '--plan', $id, '--', 'echo', 'hi');
is $rc, 0, 'muster exec --plan';
is join('', sort split /^/, $out), "web1 | hi\nweb2 | hi\n", 'on both';

($rc, $out) = run('plan', '-H', 'web2,none', '--json');
is_deeply [json($out)], [
    { plan => (json($out))[0]{plan}, hosts => 1 },
    { host => 'none', runs => JSON::PP::false(),
        why => 'the host is not there' },
    { host => 'web2', runs => JSON::PP::true() }], '--json';
($rc, $out) = run('plan', '--all', '--op', 'reboot');
like $out, qr/: 0 hosts\n- web1  the worker has no operation reboot\n/,
    '--op: who would be left out';
($rc, $out, $err) = run('plan', '-s', 'role=db');
is $rc, 3, 'nobody would run it';
like $err, qr/no worker matches/, 'it is said';
($rc, $out, $err) = run('plan');
is $rc, 2, 'no target';

my $more = worker($reg, 'web3', '-o', 'worker.attrs.role=web');
ok eventually { $d->knows(3) }, 'another one comes';
($rc, $out, $err) = run('exec', '--plan', $id, '--', 'true');
is $rc, 1, 'the set has changed: refused';
like $err, qr/plan $id: \+web3$/m, 'with the difference';

($rc, $out) = run('explain', 'web1', '-s', 'role=web', '-s', 'rack=r1');
is $rc, 1, 'muster explain: does not match';
$out =~ s/, for .*//;
is $out, "web1 does not match\n  yes  role web    it has: web\n"
    . "  no   rack r1    it has none\n", 'which term, and why';
($rc, $out) = run('explain', 'web1', '-s', 'role=web', '--json');
is $rc, 0, 'it matches';
my ($host, $term) = json($out);
is_deeply $host, { host => 'web1', matches => JSON::PP::true() }, '--json';
like delete $term->{age}, qr/^[\d.]+$/, 'an age';
is_deeply $term, { term => 'role web', holds => JSON::PP::true(),
    value => 'web' }, 'a term';
($rc) = run('explain', 'web1');
is $rc, 0, 'no selector: every worker is meant';
($rc) = run('explain', 'web9', '-s', 'role=web');
is $rc, 3, 'no such host';
($rc) = run('explain', 'web1', '-s', 'mem>=x');
is $rc, 2, 'no selector';
finish();
