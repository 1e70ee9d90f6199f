# pause and resume: nothing new starts, of one job or of all; what runs goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my %w = map { $_ => FakeWorker->new($reg, $_, slots => 1)->link } qw(a b);

sub ask_one { return ($d->ask('exec', "$_[0]\n"))[0] }

# The worker that is asked next
sub asked
{
    return eventually {
        for my $w (values %w) {
            $w->{conn}->fill(0);
            return $w if $w->{conn}{in} =~ /^run /m;
        }
        return 0;
    } || die 'nobody is asked';
}

# nothing came to that worker: what it is asked next is the answer to this
sub quiet
{
    my ($w, $name) = @_;
    my $c = $d->dial('exec');
    $c->send("ping .hosts $w->{host}\n");
    my ($jid) = $w->expect(qr/^run (\S+) (.*)/);
    like +($w->{last} = $jid), qr/^\w+-\d+$/, $name;
    $w->say("ack $jid", "exit $jid 1 0 state 0 reason exited");
    $c->rest;
    return;
}

# one job
my $c = $d->dial('exec');
$c->send("execute cmd one .on all .parallel 1\n");
my ($jid) = $c->line =~ /^submit (\S+) 2$/;
my $first = asked();
my ($other) = grep { $_ != $first } values %w;
$first->expect(qr/^run \Q$jid\E execute cmd one/);
$first->say("ack $jid");
is ask_one("pause $jid"), 'ok', 'pause JID';
is ask_one("pause $jid"), "error: 'job $jid is paused already'", 'once';
like ask_one("job $jid"), qr/ state 1 .* waiting 1 running 1 .* paused 1/,
    'the record says so';
$first->say("out $jid 1 stdout on", "exit $jid 2 0 state 0 reason exited");
like join(' ', $c->until(qr/^exit/)), qr/out $first->{host} stdout on exit/,
    'what runs goes on, to its end';
quiet($other, 'the next one is not started');
is ask_one("resume $jid"), 'ok', 'resume JID';
is ask_one("resume $jid"), "error: 'job $jid is not paused'", 'once';
is $other->run_one, $jid, 'it goes on';
like +($c->rest)[-1], qr/^done $jid state 0 ok 2 /, 'to its end';
like join(' ', $d->ask('exec', "why $jid\n")), qr/paused.*resumed/,
    'its life tells';

# all of them, and .any
is ask_one('pause'), 'ok', 'pause';
is ask_one('pause'), "error: 'the dispatcher is paused already'", 'once';
my @held = map {
    my $h = $d->dial('exec');
    $h->send("execute cmd x $_\n");
    like $h->line, qr/^submit/, "submitted: $_";
    $h
} '.on all', '.on all .any 1', '.hosts a';
is join(' ', sort map { / waiting (\d)/ } $d->ask('exec', "jobs state=1\n")),
    '1 1 2', 'they wait';
is ask_one('resume'), 'ok', 'resume';
asked()->run_one for 1 .. 4;
like +($_->rest)[-1], qr/^done \S+ state 0 /, 'each has run' for @held;

# a paused job may be cancelled
$c = $d->dial('exec');
is ask_one('pause'), 'ok', 'pause';
$c->send("execute cmd x .on all\n");
($jid) = $c->line =~ /^submit (\S+)/;
is ask_one("cancel $jid"), 'ok', 'cancel';
like +($c->rest)[-1], qr/^done $jid state 2 .* cancelled 2$/, 'it has ended';
is ask_one('resume'), 'ok', 'resume';
is ask_one('resume'), "error: 'the dispatcher is not paused'", 'once';
is ask_one('pause X-1'), "error: 'no job X-1'", 'no such job';
like ask_one("pause $jid"), qr/has ended/, 'nor one that has ended';
finish();
