# Workers that lie, babble or share a name harm their own jobs only.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
# the registry does not look for doubles: the dispatcher has to by itself
my $reg = registry('-o', 'registry.identity=off');
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my $good = FakeWorker->new($reg, 'good')->link;
my $bad = FakeWorker->new($reg, 'bad')->link;

sub begin
{
    my ($host) = @_;
    my $w = $host eq 'bad' ? $bad : $good;
    my $c = $d->dial('exec');
    $c->send("execute cmd x .hosts $host\n");
    my $jid = $w->expect(qr/^run (\S+) /);
    $w->say("ack $jid");
    $c->until(qr/^ack/);
    return ($c, $jid);
}

my ($g, $gid) = begin('good');

# What is no line of ours ends the link; the job is lost if it stays away.
my @babble = ('nonsense', "'open", 'out', 'ack', 'out X-1 x stdout y',
    'exit X-1 1 0 state 9', 'load slots-free', 'hello again SOMEONE',
    'a ' x 300);
for my $line (@babble) {
    $bad->say($line);
    my $shown = substr $line, 0, 30;
    ok $bad->{conn}->ends, "'$shown' ends the link";
    $bad->nudge->link;
    $bad->expect(qr/^list$/);
    $bad->say('.end');
}
$bad->say('y' x 200_000);
ok $bad->{conn}->ends, 'so does a line over the bound';
$bad->nudge->link;
$bad->expect(qr/^list$/);
$bad->say('.end');

# Another's job, one that ended, one that never was: no harm
my ($c, $jid) = begin('bad');
$bad->say("out $gid 1 stdout forged", "exit $gid 2 0 state 0 reason exited",
    "out NOBODY22-7 1 stdout x", "exit NOBODY22-7 2 0 state 0", "ack $gid",
    "refuse $gid 'no'", "refuse $jid 'too late'", "have $gid 7 exited",
    "error: 'I do not like this'", "out $jid 1 stdout mine",
    "out $jid 1 stdout double", "exit $jid 2 0 state 0",
    "out $jid 3 stdout posthumous", "exit $jid 3 1 state 2");
my @lines = $c->rest;
is_deeply [grep { /^out/ } @lines], ['out bad stdout mine'], 'its own lines';
like $lines[1], qr/^exit bad 0 state 0 reason exited/, 'its own end';
ok $g->silent, 'the other job goes on';

# A line is missing: the output is not whole, and says so
($c, $jid) = begin('bad');
$bad->say("out $jid 1 stdout one", "out $jid 3 stdout three");
@lines = $c->rest;
like "@lines", qr/exit bad - state 3 reason lost why 'output was lost/,
    'a gap';
is $bad->line, "cancel $jid", 'it is told to stop';

# It calls itself another name than the registry does
my $liar = FakeWorker->new($reg, 'liar');
$liar->{host} = 'good';
$liar->link;
ok $liar->{conn}->ends, 'a worker of another name';
like join(' ', $d->ask('exec', "ping .hosts liar .wait 0.1\n")),
    qr/exit liar - state 3 reason unreachable/, 'gets no job';
$liar->unregister;

# Two of one name: the first one is it, until it goes
my $clone = FakeWorker->new($reg, 'good');
ok eventually { grep { /two workers are called good/ } $d->log }, 'a clone';
my $p = $d->dial('exec');
$p->send("ping .on host=good\n");
like $p->line, qr/^submit \S+ 1$/, 'counts once';
$good->run_one;
like +($p->rest)[-1], qr/ ok 1 /, 'and the first one runs it';
$good->say("exit $gid 1 0 state 0 reason exited");
like +($g->rest)[-1], qr/ ok 1 /, 'the good one was good all the time';
$good->unregister;
$clone->link;
$p = $d->dial('exec');
$p->send("ping .on host=good\n");
$clone->run_one;
like +($p->rest)[-1], qr/ ok 1 /, 'now the other one is it';

# Nobody is there where it says it is
my $deaf = FakeWorker->new($reg, 'deaf', registered => 0);
$deaf->deaf;
$deaf->register;
ok eventually {
    join(' ', $d->ask('exec', "ping .hosts deaf .wait 0.1\n"))
        =~ /exit deaf - state 3 reason unreachable why 'no connection/
}, 'a port that nobody listens on';
$reg->register('nonsense kind worker host odd');
like join(' ', $d->ask('exec', "ping .hosts odd .wait 0.1\n")),
    qr/exit odd - state 3 reason unreachable/, 'a name that is no address';

# Bytes that are no text pass as they are
$c = $d->dial('exec');
$c->send("execute cmd x .hosts bad\n");
$jid = $bad->expect(qr/^run (\S+) /);
my $bytes = join '', map { chr } grep { $_ != 10 && $_ != 39 } 0 .. 255;
$bad->say("ack $jid", "out $jid 1 stdout '$bytes'",
    "exit $jid 2 0 state 0 reason exited");
is +($c->rest)[2], "out bad stdout '$bytes'", 'any byte but LF';
finish();
