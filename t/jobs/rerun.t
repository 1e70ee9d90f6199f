# rerun: the same job again, on those hosts only that ended in a certain way.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h',
    '-o', 'dispatcher.lost_after=100ms');
my @hosts = qw(bad good gone late no);
my %w = map { $_ => FakeWorker->new($reg, $_)->link } @hosts;

my $c = $d->dial('exec');
$c->send("execute cmd 'a ''b'' \$c' env 'X=1' .hosts " . join(',', @hosts)
    . ",away .timeout 60 .retry 0 .priority 3\n");
my ($jid) = $c->line =~ /^submit (\S+) 6$/;
$w{$_}->expect(qr/^run \Q$jid\E /) for @hosts;
$w{bad}->say("ack $jid", "exit $jid 1 7 state 2 reason exited");
$w{good}->say("ack $jid", "exit $jid 1 0 state 0 reason exited");
$w{late}->say("ack $jid", "exit $jid 1 - state 2 reason timeout");
$w{no}->say("refuse $jid 'not here'");
$w{gone}->say("ack $jid");
$c->until(qr/^ack gone/);
$w{gone}->deaf;
$w{gone}->hang_up;
like +($c->rest)[-1],
    qr/ state 2 ok 1 failed 3 unreachable 2 timeout 1 lost 1 refused 1$/,
    'one of each';

sub again
{
    my ($where) = @_;
    my @said = $d->ask('exec',
        "rerun $jid " . ($where ? ".where $where " : '') . ".detach 1\n");
    return $said[0] if $said[0] !~ /^submit (\S+) (\d+)$/;
    my ($new, $n) = ($1, $2);
    my @record = $d->ask('exec', "job $new\n");
    die "@record" unless @record == $n + 1 && $record[0] =~ / rerun-of $jid/;
    $d->ask('exec', "cancel $new\n");
    return join ' ', sort map { /^host (\S+)/ } @record;
}

is again('failed'), 'bad late no', 'failed';
is again('failed,lost'), 'bad gone late no', 'failed,lost';
is again('timeout'), 'late', 'timeout';
is again('refused'), 'no', 'refused';
is again('unreachable'), 'away gone', 'unreachable';
is again('ok'), 'good', 'ok';
is again(), 'away bad gone late no', 'none said: all that did not end well';
is again('notstarted'), "error: 'no host of job $jid ended as notstarted'",
    'nobody';
like again('failed,odd'), qr/^error: '\.where takes words .* not ''odd'''$/,
    'no such word';
like again("''"), qr/^error: '\.where takes words /, 'no word';

# it is the same job
my $seen = $w{good}->expect(qr/^run (\S+) /);    # and was cancelled
$w{good}->expect(qr/^cancel \Q$seen\E$/);
$c = $d->dial('exec');
$c->send("rerun $jid .where ok .keep 1\n");
my ($new) = $c->line =~ /^submit (\S+) 1$/;
isnt $new, $jid, 'a job of its own';
my $run = $w{good}->expect(qr/^run (\Q$new\E .*)$/);
is $run, "$new execute cmd 'a ''b'' \$c' env X=1 .timeout 60",
    'with the same arguments and directives';
like +($d->ask('exec', "job $new\n"))[0], qr/ priority 3 rerun-of $jid /,
    'the record says what it is';
is +($d->ask('exec', "rerun $new\n"))[0],
    "error: 'job $new has not ended'", 'not before its end';
$w{good}->say("ack $new", "exit $new 1 0 state 0 reason exited");
like join(' ', $c->until(qr/^\.end/)), qr/done $new state 0 ok 1 /,
    'its life is told';
is +($d->ask('exec', "rerun X-1\n"))[0], "error: 'no job X-1'", 'no such job';
finish();
