# Links break, jobs do not: nothing is lost, nothing doubled, nothing run twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker('worker.results=5', 'worker.window=16K');
my $d = dial_worker($w, 'ABCDEFGH');
my $marks = scratch() . '/marks';

# a job over many links, each broken in the middle
my $jid = $d->run(qq{execute cmd 'echo x >> $marks; seq 20000'});
my $links = 0;
until ($d->{jobs}{$jid}{exit}) {
    my $before = $d->{jobs}{$jid}{seq} || 0;
    $d->{store} = 7 + $links % 5;
    $d->until(sub { $d->{jobs}{$jid}{exit}
            || ($d->{jobs}{$jid}{seq} || 0) > $before + 1500 }) or last;
    last if $d->{jobs}{$jid}{exit};
    $links % 2 ? $d->{conn}->reset : $d->{conn}->close;
    $d = $d->redial($w);
    my $have = $d->list;
    cmp_ok $have->{$jid}[0], '>=', $d->{jobs}{$jid}{seq}, 'it knows the job'
        if $links < 3;
    $d->send("resume $jid $d->{jobs}{$jid}{seq}");
    last if ++$links > 100;
}
cmp_ok $links, '>', 5, 'the link broke many times';
is $d->{jobs}{$jid}{exit}{rc}, 0, 'the job did not mind';
is $d->text($jid, 'stdout'), join('', map { "$_\n" } 1 .. 20000),
    'every line once, in order';

# without a link
my $more = $d->run(qq{execute cmd 'echo up; echo x >> $marks; sleep 0.2; seq 5; exit 9'});
$d->says($more, qr/up/);
$d->{conn}->close;
ok eventually { !in_job($more) }, 'a job ends without a link';
$d = $d->redial($w);
ok eventually { ($d->list->{$more} || [0, ''])->[1] eq 'exited' },
    'its result waits';
$d->{forgets} = 1;
$d->send("resume $more 1");
is $d->ended($more)->{rc}, 9, 'and is told';
is $d->text($more, 'stdout'), "up\n1\n2\n3\n4\n5\n", 'with its output';

# from any line on, as often as one likes
for my $from (0, 3, 7) {
    $d->{jobs}{$more} = {seq => $from};
    $d->send("resume $more $from");
    if ($from < 7) {
        is $d->ended($more)->{rc}, 9, "again from line $from";
    } else {
        is_deeply $d->list, {$more => [7, 'exited']}, 'nothing is behind the end';
    }
}

# the same request again is answered, not run
$d->{jobs}{$more} = {seq => 0};
$d->send("run $more execute cmd 'echo x >> $marks'");
is $d->ended($more)->{rc}, 9, 'a request that comes twice has one result';
is $d->{acked}{$more}, 1, 'and is acknowledged';
$d->got($more);
is_deeply $d->list, {}, 'what is stored is forgotten';
$d->{jobs}{$more} = {seq => 6};
$d->send("run $more execute cmd 'echo x >> $marks'");
is $d->ended($more)->{rc}, 9, 'but not that it was run';
$d->{jobs}{$more} = {seq => 6};
$d->send("resume $more 6");
is $d->ended($more)->{rc}, 9, 'nor how it ended';
is slurp($marks), "x\nx\n", 'two requests, two runs';

# a running one, too
my $run = $d->run(qq{execute cmd 'echo x >> $marks; echo up; exec sleep 1000'});
$d->says($run, qr/up/);
$d->{jobs}{$run} = {seq => 0};
$d->send("run $run execute cmd 'echo x >> $marks'");
$d->says($run, qr/up/);
is $d->{acked}{$run}, 2, 'a running job is acknowledged again';

# the newest link of a name is the one
my $new = $d->redial($w);
ok $d->{conn}->ends, 'an older link of the same dispatcher ends';
$new->{forgets} = 1;
$new->send("resume $run $new->{jobs}{$run}{seq}");
$new->send("cancel $run");
is $new->ended($run)->{reason}, 'cancelled', 'the newer one has the jobs';
is slurp($marks), "x\nx\nx\n", 'run once';
$d = $new;

# dispatchers do not see each other's
my $other = dial_worker($w, 'OTHER234');
is_deeply $other->list, {}, 'another dispatcher sees nothing';
for my $request ("cancel $run", "resume $run 0", "got $run 1",
    "run $run ping") {
    is $other->error($request), "job $run is another dispatcher's", $request;
}

# results that nobody fetches are bounded, for each at his own cost
$d->got($run);
$other->{forgets} = 1;
my $theirs = $other->run('ping');
$other->ended($theirs);
my @jids = map { my $j = $d->run("execute cmd 'exit $_'"); $d->ended($j); $j }
    1 .. 8;
is_deeply [sort keys %{$d->list}], [sort @jids[4 .. 7]],
    'the oldest results are dropped';
is_deeply $other->list, {$theirs => [1, 'exited']}, 'but those of others';
$other->got($theirs);
ok grep({ /$jids[0]: its result is dropped/ } $w->log), 'and that is logged';
$d->{jobs}{$jids[0]} = {seq => 0};
$d->send("resume $jids[0] 0");
is $d->ended($jids[0])->{rc}, 1, 'but for their ends';
$d->got($_) for @jids;
is_deeply $d->list, {}, 'all are fetched';
finish();
