# .any: one that matches; another if it provably has not started.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, {conf => "dispatcher: {lost_after: 60s}\n"});
my %w = map { ($_ => FakeWorker->new($reg, $_, slots => 2)->link) } qw(a b c);

# Who of them is asked next, and for which job
sub asked
{
    my ($who, $jid);
    eventually {
        for my $w (grep { $_->{conn} } values %w) {
            $w->{conn}{in} =~ s/^got .*\n//mg;
            $w->{conn}->fill(0) if $w->{conn}{in} !~ /\n/;
            next unless $w->{conn}{in} =~ s/^run (\S+) .*\n//m;
            ($who, $jid) = ($w, $1);
            return 1;
        }
        return 0;
    } or die 'nobody is asked';
    return ($who, $jid);
}

sub submit
{
    my ($request) = @_;
    my $c = $d->dial('exec');
    $c->send("execute cmd x .on all .any 1 $request\n");
    return $c;
}

# busy ones are left alone: six jobs fill six slots evenly
my (%jobs, @clients);
for (1 .. 6) {
    push @clients, submit('');
    my ($w, $jid) = asked();
    $w->say("ack $jid");
    push @{$jobs{$w->{host}}}, $jid;
}
is join(' ', map { scalar @{$jobs{$_} || []} } qw(a b c)), '2 2 2',
    'the least loaded first';
my $seventh = submit('');
like $seventh->line, qr/^submit/, 'none has a slot: it waits';
$w{b}->say("exit $jobs{b}[0] 1 0 state 0 reason exited");
my ($w, $jid) = asked();
is $w->{host}, 'b', 'for the first that has one';
$w->say("ack $jid");
push @{$jobs{b}}, $jid;
for my $host (qw(a b c)) {
    $w{$host}->say("exit $_ 1 0 state 0 reason exited")
        for grep { !($host eq 'b' && $_ eq $jobs{b}[0]) } @{$jobs{$host}};
}
like +($_->rest)[-1], qr/ ok 1 /, 'one has run' for @clients, $seventh;

# refused: on to the next, and none is asked twice
my $c = submit('');
my %asked;
for (1 .. 3) {
    ($w, $jid) = asked();
    $asked{$w->{host}}++;
    $w->say("refuse $jid draining");
}
is join(' ', map { "$_$asked{$_}" } sort keys %asked), 'a1 b1 c1',
    'each is asked once';
like join(' ', $c->rest), qr/exit - - state 2 reason refused/, 'all refuse';
$c = submit('');
my ($first, $id) = asked();
$first->say("refuse $id draining");
my ($second, $again) = asked();
is $again, $id, 'the same job';
isnt $second->{host}, $first->{host}, 'somewhere else';
$second->say("ack $id", "exit $id 1 0 state 0 reason exited");
like join(' ', $c->rest), qr/ack $second->{host} .* ok 1 /, 'has run there';

# the link breaks before an ack; the worker is the same and knows nothing of it
$c = submit('');
($w, $jid) = asked();
$w->hang_up;
$w->link;
$w->expect(qr/^list$/);
$w->say('.end');
($second, $again) = asked();
is $again, $jid, 'provably not started: it runs';
$second->say("ack $jid", "exit $jid 1 0 state 0 reason exited");
like +($c->rest)[-1], qr/ ok 1 /, 'once';

$d->reload("dispatcher: {lost_after: 100ms}\n",
    qr/dispatcher\.lost_after is now 100ms/);

# it may have started: the default is to say so, and to leave it
$c = submit('');
($w, $jid) = asked();
$w->deaf;
$w->hang_up;
like join(' ', $c->rest), qr/exit $w->{host} - state 3 reason lost/,
    'it may have started: lost';
$w->listen->nudge->link;
$w->expect(qr/^list$/);
$w->say('.end');

# .lost rerun: elsewhere, although it may run twice
$c = submit('.lost rerun');
($w, $jid) = asked();
$w->say("ack $jid", "out $jid 1 stdout here");
my @begun = $c->until(qr/^out/);
is $begun[1], "ack $w->{host}", 'it runs';
$w->deaf;
$w->hang_up;
($second, $again) = asked();
is $again, "$jid.2", 'the second attempt of the job, elsewhere';
isnt $second->{host}, $w->{host}, 'on another host';
# the first one comes back: it is told to stop
$w->listen->nudge->link;
$w->expect(qr/^list$/);
$w->say("have $jid 1 running", '.end');
is $w->line, "cancel $jid", 'the first run is cancelled';
$w->expect(qr/^resume \Q$jid\E 1$/);
$w->say("exit $jid 2 - state 2 reason cancelled");
$second->say("ack $again", "out $again 1 stdout there",
    "exit $again 2 0 state 0 reason exited");
my @rest = $c->rest;
is_deeply [@rest[0, 1]],
    ["ack $second->{host}", "out $second->{host} stdout there"], 'its life';
like $rest[-1], qr/^done \S+ state 0 ok 1 failed 0 unreachable 0$/, 'is whole';
like +($d->ask('exec', "job $jid\n"))[1],
    qr/^host $second->{host} .* tried $w->{host} /, 'the record knows';

# nobody else is there for the rerun
$c = $d->dial('exec');
$c->send("execute cmd x .hosts a .any 1 .lost rerun\n");
$jid = $w{a}->expect(qr/^run (\S+) /);
$w{a}->say("ack $jid");
$c->until(qr/^ack/);
$w{a}->deaf;
$w{a}->hang_up;
like join(' ', $c->rest), qr/exit - - state 3 reason lost/, 'lost after all';
finish();
