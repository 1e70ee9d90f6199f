# why JID HOST: the whole life of a task, with times.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use JSON::PP ();
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch muster));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.lost_after=60s',
    '-o', 'dispatcher.probe=1h');

# KIND TEXT of each line of an answer, times held to be in order
sub life
{
    my @lines = @_;
    my $last = 0;
    for (@lines) {
        s/^at (\d+\.\d{3}) // or fail("a time: $_");
        ok 0, "in order: $_" if $1 < $last;
        $last = $1;
    }
    cmp_ok abs(time - $last), '<', 600, 'the last is of today' if @lines;
    return \@lines;
}

sub why { return life($d->ask('exec', "why @_\n")) }

my $w = FakeWorker->new($reg, 'a', slots => 1)->link;
my $client = $d->dial('exec');
$client->send("execute cmd x .on all\n");
my $jid = $w->expect(qr/^run (\S+) /);
$w->say("refuse $jid 'no free slot now'");
eventually { "@{why($jid, 'a')}" =~ /waits/ };
$w->say('load slots-free 1');
$w->expect(qr/^run $jid /);
$w->say("ack $jid", "out $jid 1 stdout hello");
$client->until(qr/^out/);
$w->{conn}->close;
eventually { "@{why($jid, 'a')}" =~ / down:/ };
$w->link;
$w->expect(qr/^list/);
$w->say("have $jid 2 exited", '.end');
$w->expect(qr/^resume $jid 1/);
$w->say("exit $jid 2 3 state 2 reason exited why tired");
$client->until(qr/^done/);

my $name = $w->name;
is_deeply why($jid, 'a'), [
    "submitted ''", "matched '1 host'",
    "sent 'to a at $name'",
    "refused 'by a: no free slot now'",
    "requeued 'for the same worker'",
    "waits 'the worker says that it has no free slot'",
    "sent 'to a at $name'",
    "accepted ''",
    "output 'the first line, 5 bytes'",
    "link 'to the worker is down: the peer closed the connection'",
    "link 'is back: the worker is asked for it'",
    "resumed 'from line 1; it has ended there'",
    "ended 'exited, rc 3, state 2: tired'",
], 'why JID HOST';
is_deeply why($jid), ["submitted ''", "matched '1 host'"], 'why JID';
is_deeply [$d->ask('exec', "why $jid b\n")],
    ["error: 'job $jid has no host b'"], 'a host that it did not have';
is_deeply [$d->ask('exec', "why nojob-1 a\n")], ["error: 'no job nojob-1'"],
    'no such job';
is_deeply [$d->ask('exec', "why\n")], ["error: 'usage: why JID [HOST]'"],
    'usage';

# a job that nobody has taken, and a cancel
$client = $d->dial('exec');
$client->send("execute cmd x .on host=none .any 1 .wait 1h\n");
my $waits;
eventually {
    ($waits) = map { (split)[0] } $d->ask('exec', "jobs state 1\n") };
$d->ask('exec', "cancel $waits\n");
$client->rest;
is_deeply why($waits), ["submitted ''", "cancelled ''", "ended cancelled"],
    'cancelled before anybody matched';

# the command
my ($rc, $out) = muster(undef, 'why', '--dispatcher', $d->address('exec'), $jid,
    'a');
is $rc, 0, 'muster why';
like $out, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  submitted\n/,
    'a time and what happened';
like $out, qr/ ended +exited, rc 3, state 2: tired\n\z/, 'to the end';
($rc, $out) = muster(undef, 'why', '--dispatcher', $d->address('exec'), '--json',
    $jid, 'a');
my @json = map { JSON::PP::decode_json($_) } split /\n/, $out;
is scalar(@json), 13, '--json: an object for each';
is $json[2]{kind}, 'sent', 'its kind';
is $json[2]{text}, "to a at $name", 'its text';
like $json[2]{at}, qr/^\d{10}(?:\.\d+)?$/, 'its time is a number';
($rc) = muster(undef, 'why', '--dispatcher', $d->address('exec'), 'nojob-1');
is $rc, 3, 'no such job: 3';
finish();
