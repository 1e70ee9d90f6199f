# Remote execution when something goes: the session, the dispatcher, a worker;
# and when it is off.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $conf = scratch() . '/muster.yaml';
sub remote_exec { spew($conf, "consul:\n  remote_exec: $_[0]\n"); return }

remote_exec('off');
my $reg = consul('-c', $conf, '-o', 'registry.admin=127.0.0.1:0');
my $web1 = worker($reg, 'web1', '-o', 'worker.slots=1');

# -- off ----------------------------------------------------------------------

my $e = submit($reg, command => 'true');
is $e->{fired}{status}, 200, 'off: the event is fired';
$e->look('300ms');
is_deeply $e->{events}, ['job'], 'and nothing comes of it';
$e->cleanup;

# -- no dispatcher ------------------------------------------------------------

remote_exec('on');
$reg->signal('HUP');
ok eventually { grep { /remote_exec is now on/ } $reg->log },
    'on, by a reload';
$e = submit($reg, command => 'true');
ok $e->until_done(1), 'without a dispatcher nobody waits in vain';
is $e->{acks}{web1}, 1, 'acknowledged';
is $e->{exits}{web1}, 255, 'it could not be started';
is $e->{output}{web1}, "muster: web1: no dispatcher is registered\n", 'why';
$e->cleanup;

# -- the session --------------------------------------------------------------

my $disp = dispatcher($reg);
ok eventually { $reg->find('kind dispatcher .names 1') && $disp->knows(1) },
    'a dispatcher comes';
my ($up, $down) = map { scratch() . "/$_" } qw(up down);
my $command = "trap 'touch $down; exit' TERM; touch $up; "
    . 'while :; do sleep 0.02; done';
$e = submit($reg, command => $command, wait => 0.2);
ok eventually { -e $up }, 'a command runs';
ok eventually { $e->look('1s'); $e->{beats}{web1} }, 'with signs of life';
is $e->destroy, 'true', 'its session ends';
ok eventually { -e $down }, 'and so does the command';
$e->look('300ms');
is call($reg, 'GET', "/v1/kv/$e->{base}?keys")->{status}, 404,
    'nothing is written any more';

# its keys deleted: what is written next is a key of its own, and it goes on
unlink $up, $down;
$e = submit($reg, command => "touch $up; while ! test -e $down; do "
    . 'sleep 0.02; done; echo end');
ok eventually { -e $up }, 'another';
call($reg, 'DELETE', "/v1/kv/$e->{base}?recurse");
spew($down, '');
ok $e->until_done(1), 'its keys are deleted: it ends all the same';
is $e->{output}{web1}, "end\n", 'with its output';
is $e->cleanup, 404, 'nothing is left';

# ended while it is asked for
$e = submit($reg, command => "touch $up.2");
$e->destroy;
is call($reg, 'GET', "/v1/kv/$e->{base}?keys")->{status}, 404,
    'ended at once: nothing is left';

# -- no free slot -------------------------------------------------------------

unlink $up, $down;
$e = submit($reg, command => "touch $up; while ! test -e $down; do sleep 0.02; done");
ok eventually { -e $up }, 'the only slot is taken';
my $next = submit($reg, command => 'echo next', wait => 0.2);
ok eventually { $next->look('1s'); $next->{beats}{web1} }, 'another one waits';
is_deeply $next->{exits}, {}, 'and has not ended';
spew($down, '');
ok $_->until_done(1), 'each ends' for $e, $next;
is "$e->{exits}{web1} $next->{exits}{web1} $next->{output}{web1}", "0 0 next\n",
    'and well';
$_->cleanup for $e, $next;

# -- a worker -----------------------------------------------------------------

unlink $up;
$e = submit($reg, command => "touch $up; sleep 100");
ok eventually { -e $up }, 'a command runs';
$web1->kill;
ok $e->until_done(1, 30), 'its worker dies';
is $e->{exits}{web1}, 255, 'there is no status';
like $e->{output}{web1}, qr/^muster: web1: \w+\n\z/, 'why';
$e->cleanup;

# -- the dispatcher -----------------------------------------------------------

worker($reg, 'web2');
$disp->kill;
ok eventually { !$reg->find('kind dispatcher .names 1') }, 'the dispatcher dies';
$e = submit($reg, command => 'true', node => 'web2');
ok $e->until_done(1), 'nobody waits in vain';
is $e->{exits}{web2}, 255, 'there is no status';
$e->cleanup;

ok eventually { $reg->metric('muster_consul_exec_running') == 0 },
    'none is under way';
# (the second one, which was ended at once, may have been done by then)
cmp_ok $reg->metric('muster_consul_exec_cancelled_total'), '>=', 1,
    'those whose session ended are counted';

finish();
