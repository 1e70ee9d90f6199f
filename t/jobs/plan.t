# plan: the set is shown, and a run by its id is on exactly that set, or none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg);
my %w = map { ($_ => FakeWorker->new($reg, $_,
    attrs => $_ eq 'db1' ? 'role db' : 'role web')->link) }
    qw(web2 web1 db1);

sub ask { return $d->ask('exec', "@_\n") }

sub planned
{
    my @lines = ask("plan @_");
    my ($id, $n) = $lines[0] =~ /^plan ([A-Z2-7]{8}) (\d+)$/
        or do { diag $lines[0]; return };
    is $n, scalar(grep { /^host / } @lines), 'so many hosts';
    shift @lines;
    return ($id, @lines);
}

sub run_all
{
    my ($request, @hosts) = @_;
    my $c = $d->dial('exec');
    $c->send("$request\n");
    for my $host (@hosts) {
        my $jid = $w{$host}->expect(qr/^run (\S+) /);
        $w{$host}->say("ack $jid", "exit $jid 1 0 state 0 reason exited");
    }
    return $c->rest;
}

# Asks for a plan, which starts nothing, until it has these hosts
sub until_planned
{
    my $wanted = join ' ', map { "host $_" } @_;
    return eventually {
        my (undef, @now) = planned('execute cmd x .on role=web');
        join(' ', @now) eq $wanted;
    };
}

my ($id, @hosts) = planned('execute cmd x .on role=web');
is_deeply \@hosts, ['host web1', 'host web2'], 'sorted hosts';
my @life = run_all("execute cmd x .plan $id", 'web1', 'web2');
like $life[-1], qr/^done \S+ state 0 ok 2 /, '.plan: its target and its set';
like +(ask('jobs'))[-1], qr/ plan $id /, 'the record has it';
@life = run_all("execute cmd x .plan $id .on role=web", 'web1', 'web2');
like $life[-1], qr/ ok 2 /, 'a plan serves again, and may stand with .on';
is_deeply [ask("execute cmd x .plan $id .on role=db")],
    ["error: 'plan $id: +db1 -web1 -web2'"], 'not for another set';
is_deeply [ask("execute cmd x .plan AAAAAAAA")],
    ["error: 'unknown plan AAAAAAAA: plans are kept for an hour, and not over"
        . " a restart of the dispatcher'"], 'an unknown plan';

# an attribute changes between plan and run
$w{db1}{service}->send("role web\n");
ok until_planned('db1', 'web1', 'web2'), 'db1 is a web now';
is_deeply [ask("execute cmd x .plan $id")], ["error: 'plan $id: +db1'"],
    'refused, with the difference';
$w{db1}{service}->send("role db\n");
$w{web1}{service}->send("role db\n");
ok until_planned('web2'), 'the dispatcher knows';
is_deeply [ask("execute cmd x .plan $id")], ["error: 'plan $id: -web1'"],
    'one that does not match any more';
$w{web1}{service}->send("role web\n");
ok until_planned('web1', 'web2'), 'as it was';
@life = run_all("execute cmd x .plan $id", 'web1', 'web2');
like $life[-1], qr/ ok 2 /, 'the same set again: it runs';

# a host is gone, another one comes
$w{web2}->unregister;
$w{web3} = FakeWorker->new($reg, 'web3', attrs => 'role web')->link;
ok until_planned('web1', 'web3'), 'the dispatcher knows';
is_deeply [ask("execute cmd x .plan $id")],
    ["error: 'plan $id: -web2 +web3'"], 'one gone, one more';
delete $w{web2};

# who is drained is shown, and not in the set
($id) = planned('execute cmd x .on role=web');
$w{web3}{service}->send("drain 'new disk'\n");
my $then = $id;
ok eventually { (planned('execute cmd x .on role=web'))[-1] =~ /^skip web3/ },
    'the dispatcher knows';
is_deeply [ask("execute cmd x .plan $then")], ["error: 'plan $then: -web3'"],
    'drained since';
($id, @hosts) = planned('execute cmd x .on role=web');
is_deeply \@hosts, ['host web1', "skip web3 'drained: new disk'"],
    'drained ones are shown, with the reason';
@life = run_all("execute cmd x .plan $id", 'web1');
is scalar(grep { /^exit web3 - state 1 reason notstarted why/ } @life), 1,
    'and skipped by its run';
($id, @hosts) = planned('execute cmd x .hosts web3,nobody');
is_deeply \@hosts, ["skip nobody 'the host is not there'", 'host web3'],
    'hosts by name: one that is not there; a drained one is meant';
($id, @hosts) = planned('reboot .on role=web');
is_deeply \@hosts, [
    "skip web1 'the worker has no operation reboot'",
    "skip web3 'drained: new disk'"], 'one without the operation';
is_deeply [ask('plan execute cmd x .on role=none')],
    ["error: 'no worker matches'"], 'nobody';
is_deeply [ask('plan execute cmd x .on all .expect 1')],
    ["error: '2 workers match, .expect is 1'"], 'a number that is wrong';
is_deeply [ask('plan execute cmd x')],
    ["error: 'no target: say .on SELECTOR, .hosts A,B or .on all'"],
    'no target';
is_deeply [ask('plan')],
    ["error: 'usage: plan OP [arg value]... [.directive value]...'"], 'usage';
is_deeply [ask("execute cmd x .on all .plan-hosts web1")],
    ["error: 'unknown directive .plan-hosts'"], 'its hosts are not ours to say';

# one in quarantine is shown, and not in the set
my $double = $reg->register('tcp!127.0.0.1!9 kind worker host web1 role web');
my @shown;
ok eventually { @shown = planned('execute cmd x .on host=web1'); @shown > 2 },
    'two say to be one host';
is_deeply [@shown[1 .. $#shown]], ['host web1', "skip web1 'quarantined: "
    . 'tcp!127.0.0.1!9 says to be the host that ' . $w{web1}->name . " is'"],
    'the second is in quarantine';
$double->close;

# a job that begins later is held to its plan then
my ($before) = (ask('execute cmd x .hosts web1 .detach 1'))[0]
    =~ /^submit (\S+)/;
$w{web1}->expect(qr/^run \Q$before\E /);
($id) = planned('execute cmd x .on role=web');
my $c = $d->dial('exec');
$c->send("execute cmd x .plan $id .after $before\n");
like $c->line, qr/^held /, 'held';
$w{web1}{service}->send("role db\n");
ok eventually { (ask('explain web1 role=web'))[0] =~ /^matches web1 0/ },
    'the dispatcher knows';
$w{web1}->say("ack $before", "exit $before 1 0 state 0 reason exited");
is $c->line, "error: 'plan $id: -web1'", 'refused when it would begin';

# over a restart
($id) = planned('execute cmd x .on role=db');
$d->stop;
$d = dispatcher($reg);
ok eventually { (ask("execute cmd x .plan $id"))[0] =~ /^error: 'unknown plan/ },
    'a restarted dispatcher says that it does not know it';
finish();
