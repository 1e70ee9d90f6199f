# What an operation tells beside its output: results and progress, from the
# worker's line to the caller's, followed late and cut.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch muster));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.output=64K',
    '-o', 'limits.line=4K', '-o', 'dispatcher.probe=1h');
my $w = FakeWorker->new($reg, 'web1', ops => 'facter,ping')->link;

# Asks, and lets the worker answer: the lines that the caller gets, and the jid
sub job
{
    my ($request, @lines) = @_;
    my $c = $d->dial('exec');
    $c->send("$request .on all\n");
    my $jid = $w->expect(qr/^run (\S+) /);
    my $seq = 0;
    $w->say("ack $jid", map { s/ /' ' . $jid . ' ' . ++$seq . ' '/er } @lines);
    my @got;
    while (defined(my $line = $c->line)) {
        push @got, $line;
    }
    return ($jid, @got);
}

my ($jid, @life) = job('facter', 'progress 0 begun', q(result {"a":[1]}),
    'out stdout hello', 'result+ {"b":', q(result '"it''s" }'),
    "progress 100 'all done'", 'exit 0 state 0 reason exited');
my @want = ('ack web1', 'progress web1 0 begun', 'result web1 {"a":[1]}',
    'out web1 stdout hello', 'result+ web1 {"b":',
    q(result web1 '"it''s" }'), "progress web1 100 'all done'",
    'exit web1 0 state 0 reason exited',
    "done $jid state 0 ok 1 failed 0 unreachable 0");
is_deeply \@life, ["submit $jid 1", @want], 'each in its place';
is_deeply [$d->ask('exec', "follow $jid\n")], ["submit $jid 1", @want],
    'and the same to who follows later';

# Follows with the command: its exit status, and what it prints
sub followed
{
    my ($id, @options) = @_;
    return muster(undef, 'follow', $id, @options, '--dispatcher',
        $d->address('exec'));
}

my ($rc, $out) = followed($jid);
is $rc, 0, 'followed by the command';
is $out, qq(web1 = {"a":[1]}\nweb1 | hello\nweb1 = {"b":"it's" }\n),
    'results on lines of their own';
($rc, $out) = followed($jid, '--verbose');
like $out, qr/^web1 % 0% begun$/m, 'progress for who wants to know';
($rc, $out) = followed($jid, '--json');
like $out, qr/^\{"event":"result","host":"web1","result":\{"b":"it's"\}\}$/m,
    'a result is JSON in JSON';
like $out,
    qr/^\{"event":"progress","host":"web1","percent":100,"text":"all done"\}$/m,
    'progress, too';
($rc, $out) = followed($jid, '--group');
is $out, qq(web1 (1 host):\n{"a":[1]}\nhello\n{"b":"it's" }\n), 'folded';

# longer than a line of port exec: in pieces, whole for the command
my $long = '["' . 'x' x 6000 . q('') . 'y' x 6000 . '"]';
($jid, @life) = job('facter', "result '$long'", 'exit 0 state 0 reason exited');
cmp_ok scalar(grep { /^result\+ web1 / } @life), '>=', 2, 'a long one in pieces';
is scalar(grep { /^result web1 / } @life), 1, 'of which one is the last';
($rc, $out) = followed($jid);
is $out, "web1 = " . ($long =~ s/''/'/r) . "\n", 'put together again';

# more than is kept: told, as with output; the last ones are there
($jid, @life) = job('facter',
    (map { sprintf 'result [%d,"%s"]', $_, 'z' x 2000 } 1 .. 100),
    (map { "progress $_ x" } 1 .. 100), 'exit 0 state 0 reason exited');
is scalar(grep { /^result web1 / } @life), 100, 'attached: all of them';
@life = $d->ask('exec', "follow $jid\n");
my ($cut) = map { /^cut web1 result (\d+)$/ ? $1 : () } @life;
ok $cut, 'later: it is told how much is missing';
my $kept = 0;
$kept += 1 + length for map { /^result web1 (.*)/ ? $1 : () } @life;
my $whole = 0;
$whole += 1 + length sprintf '[%d,"%s"]', $_, 'z' x 2000 for 1 .. 100;
is $kept + $cut, $whole, 'to the byte';
like((grep { /^result / } @life)[-1], qr/^result web1 \[100,/, 'the last is there');
($rc, $out) = followed($jid);
is $rc, 0, 'the command takes it';
like $out, qr/^web1 ~ \d+ bytes of result were not kept$/m, 'and says so';
like $out, qr/^web1 = \[100,"z+"\]$/m, 'the last is whole';

# what is none of it is the worker's end
for my $bad ('result', 'result 1', 'progress 101 x', 'progress x y',
    'progress 7') {
    my $c = $d->dial('exec');
    $c->send("facter .on all .lost fail\n");
    my $id = $w->expect(qr/^run (\S+) /);
    $w->say("ack $id", $bad =~ s/( |$)/ $id 1$1/r
            . ($bad eq 'result 1' ? ' more' : ''));
    ok $w->{conn}->ends, "hung up on '$bad'";
    $c->close;
    $w->nudge->link;
    $w->expect(qr/^list$/);
    $w->say('.end');
}
finish();
