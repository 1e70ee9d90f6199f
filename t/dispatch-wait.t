# .wait: for a worker that matches, for a host, for a free slot.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my $w = FakeWorker->new($reg, 'a', slots => 1, attrs => 'role x')->link;
ok eventually { ($d->ask('exec', "ping .on role=y\n"))[0] =~ /no worker/ },
    'nobody matches';

# it comes while the job waits; so does one that does not match
my $c = $d->dial('exec');
$c->send("execute cmd true .on role=new .wait 20\n");
my $any = $d->dial('exec');
$any->send("execute cmd true .on role=new .any 1 .wait 20\n");
FakeWorker->new($reg, 'other', attrs => 'role old')->link;
my $new = FakeWorker->new($reg, 'new', attrs => 'role new')->link;
$new->run_one for 1 .. 2;
like join(' ', $c->rest), qr/^submit \S+ 1 ack new exit new 0 .* ok 1 /,
    'a worker that registers meanwhile gets the job';
like join(' ', $any->rest), qr/^submit \S+ 1 ack new exit new 0 .* ok 1 /,
    'also with .any';

# .min and .expect wait for so many
$c = $d->dial('exec');
$c->send("ping .on role=twin .wait 20 .expect 2\n");
my @twins = map { FakeWorker->new($reg, $_, attrs => 'role twin')->link }
    qw(t1 t2);
$_->run_one for @twins;
like +($c->rest)[-1], qr/ok 2 /, '.expect with .wait';

# nobody comes
my $begun = time;
is_deeply [$d->ask('exec', "ping .on role=never .wait 0.3\n")],
    ["error: 'no worker matches'"], 'nobody has come';
ok time - $begun >= 0.3, 'not before the time is over';
is_deeply [$d->ask('exec', "ping .on role=twin .min 3 .wait 0.1\n")],
    ["error: '2 workers match, .min is 3'"], 'too few have come';

# a host by name
$c = $d->dial('exec');
$c->send("ping .hosts a,later .wait 20\n");
$w->run_one;
my $later = FakeWorker->new($reg, 'later')->link;
$later->run_one;
like +($c->rest)[-1], qr/ok 2 /, 'a host that comes later';
like join(' ', $d->ask('exec', "ping .hosts later2 .wait 0.1\n")),
    qr/exit later2 - state 3 reason unreachable/, 'one that does not';

# the only slot is taken: without .wait it queues, with it only so long
my $one = $d->dial('exec');
$one->send("execute cmd one .hosts a\n");
my $jid = $w->expect(qr/^run (\S+) execute cmd one$/);
$w->say("ack $jid");
my $two = $d->dial('exec');
$two->send("execute cmd two .hosts a\n");
my $three = $d->dial('exec');
$three->send("execute cmd three .hosts a .wait 0.2\n");
like join(' ', $three->rest), qr/exit a - state 1 reason notstarted why /,
    'no slot in time';
like $two->line, qr/^submit /, 'the other waits';
ok $two->silent, 'for its slot';
my $ping = $d->dial('exec');
$ping->send("ping .hosts a\n");
$w->run_one;
like +($ping->rest)[-1], qr/ ok 1 /, 'a ping needs none';
$w->say("exit $jid 1 0 state 0 reason exited");
$w->run_one;
like +($two->rest)[-1], qr/ok 1 /, 'and gets it';

# a worker says that it is full: others use it, too
$one = $d->dial('exec');
$one->send("execute cmd one .hosts a\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("refuse $jid 'no free slot'");
like $one->line, qr/^submit /, 'refused for want of a slot';
$w->say('load slots-free 1 load 0.1');
$w->run_one;
like +($one->rest)[-1], qr/ok 1 /, 'is asked again when there is one';

# it goes away while a job waits for its slot
$one = $d->dial('exec');
$one->send("execute cmd one .hosts a\n");
$jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid");
$two = $d->dial('exec');
$two->send("execute cmd two .hosts a\n");
like $two->line, qr/^submit/, 'one waits';
$w->unregister;
like join(' ', $two->rest), qr/exit a - state 3 reason unreachable/,
    'the worker goes: it cannot be reached';
$w->say("exit $jid 1 0 state 0 reason exited");
like +($one->rest)[-1], qr/ok 1 /, 'what runs there ends as it should';
finish();
