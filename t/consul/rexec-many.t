# A remote execution on more workers than one line to the dispatcher names: it
# becomes several jobs there, and is one to who asks.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use FakeWorker;
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my @line = ('-o', 'limits.line=1K');
my $conf = scratch() . '/dispatch.yaml';
sub queue { spew($conf, "dispatcher:\n  queue: $_[0]\n"); return }

queue(100);
my $reg = consul('-o', 'consul.remote_exec=on', '-o',
    'registry.admin=127.0.0.1:0', @line);
my $disp = dispatcher($reg, '-c', $conf, @line, '-o', 'dispatcher.probe=1h');
my @hosts = map { sprintf 'web%02d-in-a-rack-with-quite-a-long-name', $_ }
    1 .. 60;
my %w = map { ($_ => FakeWorker->new($reg, $_)) } @hosts;
$_->link for values %w;
my $bytes = length join ',', @hosts;
cmp_ok $bytes, '>', 2 * 1024, 'the names take more than two lines';

# Its jobs at the dispatcher, by worker; those without one are left out
sub running { return map { ($_ => scalar $w{$_}->expect(qr/^run (\S+) /)) } @_ }

sub distinct { my %seen = map { ($_ => 1) } @_; return scalar keys %seen }

# -- all of them --------------------------------------------------------------

my $e = submit($reg, command => 'true');
my %jid = running(@hosts);
my $jobs = distinct(values %jid);
cmp_ok $jobs, '>', 2, 'each has the command, by several jobs';
cmp_ok $jobs, '<=', 2 * $bytes / 1024, 'that are not many';
ok eventually { $e->look('1s'); keys %{$e->{acks}} == @hosts },
    'all are acknowledged';
is_deeply $e->{exits}, {}, 'and none has ended';
is $reg->metric('muster_consul_exec_total'), 1, 'it counts as one';
is $reg->metric('muster_consul_exec_running'), 1, 'that is under way';
my $n = 0;
for my $host (@hosts) {
    my $rc = $n++ % 3;
    $w{$host}->say("ack $jid{$host}", "out $jid{$host} 1 stdout 'I am $host'",
        "exit $jid{$host} 2 $rc state " . ($rc ? 2 : 0) . ' reason exited');
}
ok $e->until_done(scalar @hosts), 'each ends';
is join(' ', map { $e->{exits}{$_} } @hosts), join(' ', map { $_ % 3 } 0 .. 59),
    'with its own status';
is join('', map { $e->{output}{$_} || '' } @hosts),
    join('', map { "I am $_\n" } @hosts), 'and its own output';
is_deeply [grep { $_ > 1 } values %{$e->{acks}}], [], 'acknowledged once';
is $e->cleanup, 404, 'nothing is left';
ok eventually { $reg->metric('muster_consul_exec_running') == 0 }, 'it is over';

# -- the session ends ---------------------------------------------------------

$e = submit($reg, command => 'sleep 100');
%jid = running(@hosts);
is $e->destroy, 'true', 'its session ends';
is scalar(grep { $w{$_}->expect(qr/^cancel (\S+)$/) eq $jid{$_} } @hosts),
    @hosts, 'and all its jobs are cancelled';
$w{$_}->say("exit $jid{$_} 1 - state 2 reason cancelled") for @hosts;
ok eventually { $reg->metric('muster_consul_exec_running') == 0 }, 'it is over';
is $reg->metric('muster_consul_exec_cancelled_total'), 1,
    'one was cancelled';
is call($reg, 'GET', "/v1/kv/$e->{base}?keys")->{status}, 404,
    'nothing is written any more';

# -- the dispatcher takes some of them ----------------------------------------

queue(2);
$disp->signal('HUP');
ok eventually { grep { /dispatcher.queue is now 2/ } $disp->log },
    'no more than two jobs are taken';
$e = submit($reg, command => 'true');
ok $e->until_done(1), 'so that some workers end at once';
my @taken;
ok eventually {
    @taken = map { /session $e->{session}: job \S+ on (\d+) hosts/ } $reg->log;
    return @taken == 2;
}, 'and some do not: two jobs';
my $taken = $taken[0] + $taken[1];
ok $e->until_done(@hosts - $taken), 'all of those that were refused';
my @left = grep { !defined $e->{exits}{$_} } @hosts;
is @left, $taken, 'but none of the others';
is keys %{$e->{acks}}, @hosts, 'all are acknowledged';
is_deeply [grep { $_ != 255 } values %{$e->{exits}}], [], 'refused: 255';
my ($one) = sort keys %{$e->{exits}};
is $e->{output}{$one}, "muster: $one: 2 jobs run or wait already "
    . "(dispatcher.queue)\n", 'why';
%jid = running(@left);
is distinct(values %jid), 2, 'the two jobs';
$w{$_}->say("ack $jid{$_}", "exit $jid{$_} 1 0 state 0 reason exited")
    for @left;
ok $e->until_done(scalar @hosts), 'go on to their ends';
is join(' ', map { $e->{exits}{$_} } @left), join(' ', (0) x @left),
    'and end well';
is $e->cleanup, 404, 'nothing is left';

finish();
