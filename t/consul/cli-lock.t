# muster kv lock: one holder, several; the loss of it; who does not wait.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulCli;
use Muster;
use MusterConsul;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(muster musterd));
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/r.db');
my $log = scratch() . '/log';

sub kv { return cli($reg, 'kv', @_) }
sub lines { return split /\n/, slurp($log) }

# The most that were in at once, by lines + and -
sub most_at_once
{
    my ($in, $most) = (0, 0);
    for (@_) {
        $in += /^\+/ ? 1 : -1;
        $most = $in if $in > $most;
    }
    return $most;
}

# -- a command ----------------------------------------------------------------

my ($rc, $out, $err) = kv('lock', 'l/a/', '--', 'sh', '-c',
    'echo $CONSUL_LOCK_HELD; exit 7');
is "$rc|$out|$err", "7|true\n|", 'its output, its exit status';
is((kv('list', 'l/'))[0], 3, 'nothing is left');
is call($reg, 'GET', '/v1/session/list')->{body}, '[]', 'no session either';
is((kv('lock', 'l/a', '--', '/no/such/program'))[0], 127, 'no such command: 127');
is call($reg, 'GET', '/v1/session/list')->{body}, '[]', 'given back, too';

# -- contention ---------------------------------------------------------------

my $count = "printf '+\\n' >>$log; sleep 0.03; printf -- '-\\n' >>$log";
for my $n (1, 2) {
    spew($log, '');
    my @all = map { begin($reg, 'kv', 'lock', "c/$n", '-n', $n, '--', 'sh', '-c',
        $count) } 1 .. 8;
    is join(' ', map { $_->status } @all), join(' ', (0) x 8), "8 for $n";
    is scalar(lines()), 16, 'all of them were in';
    cmp_ok most_at_once(lines()), '<=', $n, "at most $n at once";
    is((kv('list', "c/$n"))[0], 3, 'nothing is left');
}
spew($log, '');
my @both = map { begin($reg, 'kv', 'lock', 'c/both', '-n', 2, '--', 'sh', '-c',
    "echo + >>$log; while ! test -e $log.both; do sleep 0.02; done") } 1, 2;
ok eventually { lines() == 2 }, 'two at once where two may';
spew("$log.both", '');
is $_->status, 0, 'both end' for @both;

# -- the form of it -----------------------------------------------------------

my $p = begin($reg, 'kv', 'lock', 'f', '--', 'sleep', '100');
ok eventually { (kv_get($reg, 'f/.lock') || {})->{Session} }, 'f/.lock is locked';
is kv_get($reg, 'f/.lock')->{Flags}, '3304740253564472344', "with a lock's flags";
my $start = time;
($rc, $out, $err) = kv('lock', 'f', '--try', '200ms', '--', 'echo', 'no');
is "$rc|$out", '1|', 'in vain: 1';
is $err, "muster: kv lock f: it is held by others\n", 'said';
cmp_ok time - $start, '>=', 0.2, 'after that time';
($rc, undef, $err) = kv('lock', 'f', '-n', 2, '--', 'true');
is $rc, 1, 'as one of several: 1';
like $err, qr/no lock of several holders/, 'said';
is scalar(@{call($reg, 'GET', '/v1/session/list')->{json}}), 1,
    'and no session of theirs stays';
kv_put($reg, 'o/.lock', 'mine');
($rc, undef, $err) = kv('lock', 'o', '--', 'true');
is "$rc|$err", "1|muster: o/.lock is no lock of one holder\n",
    'a key for something else is not taken for a lock';
is kv_get($reg, 'o/.lock')->{Value}, 'mine', '... and stays as it is';

# -- loss ---------------------------------------------------------------------

call($reg, 'PUT', '/v1/session/destroy/' . kv_get($reg, 'f/.lock')->{Session});
is $p->status, 4, 'its session is destroyed: 4';
like $p->err, qr/^muster: the lock f is lost: /, 'said';

$p = begin($reg, 'kv', 'lock', 'k', '-n', 3, '--', 'sh', '-c',
    "trap 'echo ended >$log; exit' TERM; echo up >$log; "
    . 'while :; do sleep 0.02; done');
ok eventually { slurp($log) eq "up\n" }, 'one of three';
call($reg, 'DELETE', '/v1/kv/k?recurse');
is $p->status, 4, 'its keys are removed: 4';
is slurp($log), "ended\n", 'the command got TERM';

$p = begin($reg, 'kv', 'lock', 'm', '-n', 2, '--', 'sh', '-c',
    "echo two >$log; while :; do sleep 0.02; done");
ok eventually { slurp($log) eq "two\n" }, 'one of two';
kv_put($reg, 'm/.lock', 'other');
is $p->status, 4, 'its key is overwritten: 4';
like $p->err, qr/^muster: the lock m is lost: m\/\.lock is no lock of several/,
    'said';

# -- signals ------------------------------------------------------------------

$p = begin($reg, 'kv', 'lock', 's', '--', 'sh', '-c',
    "trap 'exit 9' TERM; echo on >$log; while :; do sleep 0.02; done");
ok eventually { slurp($log) eq "on\n" }, 'it runs';
my $waiting = begin($reg, 'kv', 'lock', 's', '--', 'true');
ok eventually {
    @{call($reg, 'GET', '/v1/session/list')->{json}} == 2 }, 'another waits';
is $waiting->signal('TERM')->status, 143, 'TERM ends who waits: 143';
is $p->signal('TERM')->status, 9, 'TERM is handed on';
is((kv('list', 's'))[0], 3, 'nothing is left');

# -- the registry -------------------------------------------------------------

unlink "$log.go";
$p = begin($reg, 'kv', 'lock', 'r', '-v', '--', 'sh', '-c',
    "echo held >$log; while ! test -e $log.go; do sleep 0.02; done; exit 5");
ok eventually { slurp($log) eq "held\n" }, 'held';
$waiting = begin($reg, 'kv', 'lock', 'r', '--', 'true');
ok eventually { @{call($reg, 'GET', '/v1/session/list')->{json}} == 2 },
    'another waits';
$reg->kill;
ok eventually { $p->err =~ /trying again/ }, 'the registry is gone';
$reg->restart;
ok eventually { $p->err =~ /is back/ }, 'and comes back';
ok kv_get($reg, 'r/.lock')->{Session}, 'it is held all the time';
spew("$log.go", '');
is $p->status, 5, 'to the end of the command';
is $waiting->status, 0, 'then the other has it';
is((kv('list', 'r'))[0], 3, 'nothing is left');

finish();
