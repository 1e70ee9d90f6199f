# A dispatcher that is killed and comes back: its jobs are there, with what
# came of them; who followed one goes on from the offset that he had.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet({dispatcher => ['dispatcher.store=sqlite:' . scratch()
    . '/jobs.db', 'dispatcher.lost_after=60s']});
my ($host, $other) = fleet_hosts();

sub events
{
    my ($jid, $from) = @_;
    return grep { $_->{event} ne 'heartbeat' } stream_lines(
        ask($f, 'GET', "/jobs/$jid/events" . ($from ? "?from=$from" : ''))
            ->{body});
}
# What is kept is kept in its order: with a new job all that was before it.
sub again
{
    post_job($f, '/ping', {targets => [$host]});
    $f->{d}->kill;
    $f->{d}->restart;
    my $ready = eventually { $f->{d}->knows(2) };
    ok $ready, 'the dispatcher is killed, and back';
    return;
}

# one that has ended
my $done = post_job($f, '/execute', {targets => [$host, $other],
    cmd => 'echo $MUSTER_HOST; echo to stderr >&2; printf "\377"'});
my $deploy = post_job($f, '/deploy', {targets => [$host], role => 'nginx',
    extra_vars => {a => [1, 2]}}, 'Idempotency-Key' => 'k');
my %before = map {
    ($_ => [job($f, $_), [events($_)]])
} $done, $deploy;

# one that goes on meanwhile
my $runs = post_job($f, '/execute', {targets => [$host],
    cmd => "echo before; while [ ! -e $f->{dir}/go ]; do sleep 0.05; done; "
        . 'echo after; exit 7'});
my $s = stream($f, "/jobs/$runs/events");
my @seen;
push @seen, $s->value until @seen && ($seen[-1]{text} || '') eq 'before';
again();
is $s->value, undef, 'the stream is cut off';

for my $jid ($done, $deploy) {
    is_deeply job($f, $jid), $before{$jid}[0], "$jid: the same job";
    is_deeply [events($jid)], $before{$jid}[1], '... and the same events';
    my $from = $before{$jid}[1][2]{offset};
    is_deeply [events($jid, $from)], [grep { $_->{offset} >= $from }
        @{$before{$jid}[1]}], '... from any offset';
}
my $sent = ask($f, 'POST', '/deploy', {targets => [$host], role => 'nginx',
    extra_vars => {a => [1, 2]}}, 'Idempotency-Key' => 'k');
is $sent->{json}{jid}, $deploy, 'a key outlives it';
is ask($f, 'POST', '/deploy', {targets => [$host], role => 'other'})->{status},
    201, 'a deploy that had ended is in nobody\'s way';

spew("$f->{dir}/go", '');
push @seen, events($runs, $seen[-1]{offset} + 1);
is_deeply [map { $_->{text} } grep { $_->{event} eq 'output' } @seen],
    [qw(before after)], 'the one that ran: no line lost, none twice';
is $seen[-1]{event}, 'done', 'to its end';
my @offsets = map { $_->{offset} } @seen;
is_deeply \@offsets, [sort { $a <=> $b } @offsets], 'offsets go on';
my $job = job($f, $runs);
is_deeply $job->{return_data}{$host}, [{state => 2, status => 2, rtc => 7,
    stdout => "before\nafter\n", stderr => ''}], 'and its results';

again();
is_deeply job($f, $runs), $job, 'once more';
is_deeply [events($runs)], \@seen, 'its whole life';
is ask($f, 'DELETE', "/jobs/$done")->{status}, 204, 'one is deleted';
again();
is ask($f, 'GET', "/jobs/$done")->{status}, 404, 'for good';
my @left = @{ask($f, 'GET', '/jobs')->{json}};
ok !(grep { $_ eq $done } @left), 'not listed';
ok scalar(grep { $_ eq $runs } @left), 'others are';
# they would wait for the dispatcher to take what is new since then
$_->kill for values %{$f->{workers}};
finish();
