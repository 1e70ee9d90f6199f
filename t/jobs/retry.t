# .retry: another attempt where it failed, after a pause that grows, and only
# there; numbered at the worker, told in the job's life and in the record.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker muster));
my $reg = registry();
my $soon = "dispatcher: {retry: 20ms, retry_max: 60ms}\n";
my $d = dispatcher($reg, {conf => $soon}, '-o', 'dispatcher.lost_after=100ms');
my %w = map { $_ => FakeWorker->new($reg, $_, slots => 2)->link } qw(a b);

# what one attempt of its is asked, and the fence
sub attempt
{
    my ($w) = @_;
    my ($id, $fence) = $w->expect(qr/^run (\S+) execute .*\.fence (\d+)$/);
    $w->say("ack $id");
    return ($id, $fence);
}

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

sub fails { return $_[0]->say("exit $_[1] 1 7 state 2 reason exited") }

my $c = $d->dial('exec');
$c->send("execute cmd x .hosts a,b .retry 2\n");
my ($jid) = $c->line =~ /^submit (\S+) 2$/;
my ($id, $fence) = attempt($w{a});
is $id, $jid, 'the first attempt has the name of the job';
my ($other) = attempt($w{b});
$w{b}->say("exit $other 1 0 state 0 reason exited");
fails($w{a}, $id);
my $said = ($c->until(qr/^retry/))[-1];
like $said, qr/^retry a 2 rc 7 state 2 reason exited in 0\.0(?:1\d|20)$/,
    'its life tells of another one';
my ($second, $higher) = attempt($w{a});
is $second, "$jid.2", 'the second has a number';
cmp_ok $higher, '>', $fence, 'and a higher fence';
like +($d->ask('exec', "job $jid\n"))[1],
    qr/^host a task running .* attempt 2 fence $higher/, 'so has the record';
$w{a}->say("out $second 1 stdout again", "exit $second 2 - state 2 reason timeout");
like +($c->until(qr/^retry/))[-1], qr/^retry a 3 rc - state 2 reason timeout in/,
    'a timeout is a failure, too';
my ($third) = attempt($w{a});
is $third, "$jid.3", 'the third';
$w{a}->say("exit $third 1 0 state 0 reason exited");
my @rest = $c->rest;
is_deeply [grep { /^exit/ } @rest],
    ['exit a 0 state 0 reason exited attempt 3'], 'which ends well';
like $rest[-1], qr/ state 0 ok 2 failed 0 /, 'and so does the job';
ok $w{a}->got($third, 1), 'the worker may forget it';

# as often as that, and the last one counts
$c = $d->dial('exec');
$c->send("execute cmd x .hosts a .retry 1\n");
fails($w{a}, (attempt($w{a}))[0]) for 1 .. 2;
@rest = $c->rest;
is scalar(grep { /^retry/ } @rest), 1, 'no more than that';
like $rest[-2], qr/^exit a 7 state 2 reason exited attempt 2$/, 'it has failed';

# neither what was cancelled nor what was lost is tried again
$c = $d->dial('exec');
$c->send("execute cmd x .hosts a .retry 5\n");
($id) = attempt($w{a});
($jid) = $c->line =~ /^submit (\S+)/;
$d->ask('exec', "cancel $jid\n");
$w{a}->expect(qr/^cancel /);
$w{a}->say("exit $id 1 - state 2 reason cancelled");
is scalar(grep { /^retry/ } $c->rest), 0, 'not after a cancel';
$d->reload("dispatcher: {retry: 1h, retry_max: 1h}\n",
    qr/dispatcher\.retry_max is now 1h/);
$c = $d->dial('exec');
$c->send("execute cmd x .hosts a .retry 5\n");
($id) = attempt($w{a});
fails($w{a}, $id);
($jid) = $c->line =~ /^submit (\S+)/;
$c->until(qr/^retry/);
$d->ask('exec', "cancel $jid\n");
@rest = $c->rest;
like $rest[-1], qr/ cancelled 1$|state 2 /, 'cancelled while it waits';
$d->reload($soon, qr/dispatcher\.retry_max is now 60ms/);
$c = $d->dial('exec');
$c->send("execute cmd x .hosts b .retry 5\n");
attempt($w{b});
$w{b}->deaf;
$w{b}->hang_up;
like join(' ', $c->rest), qr/exit b - state 3 reason lost/, 'not when lost';

# once the job is stopped there is none; it ends as it failed
$w{b}->listen->nudge->link;
$w{b}->expect(qr/^list$/);
$w{b}->say('.end');
$c = $d->dial('exec');
$c->send("execute cmd x .hosts a,b .retry 1 .fail 0 .parallel 1\n");
for (1 .. 3) {    # one, the other while it waits, and again
    my $w = asked();
    fails($w, (attempt($w))[0]);
}
@rest = $c->rest;
like $rest[-1], qr/ failed 2 .* stopped 1$/, 'a last failure stops the job';
is scalar(grep { /^exit . 7 state 2 reason exited/ } @rest), 2,
    'the one that waited ends as it has failed';

# .any goes wherever there is a slot; and the command line says so
$c = $d->dial('exec');
$c->send("execute cmd x .on all .any 1 .retry 3\n");
my @ids;
for (1 .. 2) {
    my $w = asked();
    push @ids, (attempt($w))[0];
    $_ == 1 ? fails($w, $ids[0])
        : $w->say("exit $ids[1] 1 0 state 0 reason exited");
}
like $ids[1], qr/^\Q$ids[0]\E\.2$/, 'any: another attempt';
like +($c->rest)[-1], qr/ ok 1 /, 'which ends well';

my $real = worker($reg, 'real');
ok eventually { ($d->ask('exec', "ping .hosts real\n"))[-1] =~ / ok 1 / },
    'a worker';
my $file = scratch() . '/tries';
my ($rc, $out, $err) = muster($reg, 'exec', '-H', 'real', '--retry', '3', '-c',
    "echo \$MUSTER_JOB >>$file; test `wc -l <$file` -ge 3");
is $rc, 0, 'muster exec --retry';
like $err, qr/real: exited, rc 1: attempt 2 in 0\.0\d\d s.*attempt 3/s,
    'which says so';
like slurp($file), qr/^(\S+)\n\1\.2\n\1\.3\n$/, 'three runs';
finish();
