# Who is next: submitters take turns, what is urgent comes first, what has
# waited long becomes urgent; locks of the whole fleet.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-dispatch));
my $tokens = tokens_file(map { $_ => '{exec: all, ops: [execute, ping]}' }
    qw(ann bob));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h',
    '-o', 'dispatcher.ageing=1h', '-o', "auth.tokens=$tokens");
my $w = FakeWorker->new($reg, 'w', slots => 1)->link;

# Jobs that wait while one runs; the order in which they are run, by their cmd
sub order
{
    my (@jobs) = @_;
    my @open = map { submit(@$_) } ['first', ''], @jobs;
    my @ran;
    for (1 .. @open) {
        my ($id, $cmd) = $w->expect(qr/^run (\S+) execute cmd (\S+)/);
        push @ran, $cmd;
        $w->say("ack $id", "exit $id 1 0 state 0 reason exited");
    }
    $_->rest for @open;
    shift @ran;
    return "@ran";
}

sub submit
{
    my ($cmd, $with) = @_;
    my $by = $with =~ s/by (\w+)// ? " .token $1.secret" : '';
    my $on = $with =~ /\.hosts/ ? '' : '.on all';
    my $c = $d->dial('exec');
    $c->send("execute cmd $cmd $on $with$by\n");
    my $first = $c->line;
    die $first unless $first =~ /^submit/;
    return $c;
}

is order(map { [$_, ''] } 1 .. 4), '1 2 3 4', 'the oldest first';
is order(['1', '.priority 0'], ['2', '.priority 5'], ['3', '.priority -5'],
    ['4', '.priority 5 .any 1'], ['5', '.priority 100']), '5 2 4 1 3',
    'the urgent ones first, .any or not';
is order((map { ["a$_", 'by ann'] } 1 .. 4), (map { ["b$_", 'by bob'] } 1 .. 2)),
    'a1 b1 a2 b2 a3 a4', 'submitters take turns';
is order((map { ["a$_", 'by ann .any 1'] } 1 .. 4),
    (map { ["b$_", 'by bob .any 1'] } 1 .. 2)),
    'a1 b1 a2 b2 a3 a4', 'with .any, too';
is order((map { ["a$_", 'by ann .any 1'] } 1 .. 3),
    (map { ["b$_", 'by bob'] } 1 .. 3)), 'a1 b1 a2 b2 a3 b3',
    'and between both';
is order(['a1', 'by ann'], ['a2', 'by ann'], ['b1', 'by bob .priority 1']),
    'b1 a1 a2', 'but what is urgent comes first';

# locks: as many as may, over all jobs
my $v = FakeWorker->new($reg, 'v', slots => 9)->link;
$w->{slots} = 9;
$w->hang_up;
$w->link;
$w->expect(qr/^list$/);
$w->say('.end');
my @c = map { submit($_, '.lock db') } qw(one two);
my %running;

sub started
{
    for my $x ($v, $w) {
        $x->{conn}->fill(0);
        $running{$x->{host}} = $1
            if $x->{conn}{in} =~ s/^run (\S+) execute .*\n//m;
    }
    return keys %running;
}
for my $n (1 .. 4) {
    ok eventually { started() == 1 }, "lock: task $n of two jobs on two hosts";
    # a ping needs no lock: its answer comes after whatever came before it
    my $p = $d->dial('exec');
    $p->send("ping .hosts v,w\n");
    for my $x ($v, $w) {
        my $id = $x->expect(qr/^run (\S+) ping/);
        $x->say("ack $id", "exit $id 1 0 state 0 reason exited");
    }
    $p->rest;
    my ($host) = keys %running;
    my $id = delete $running{$host};
    is scalar(started()), 0, 'alone';
    ($host eq 'v' ? $v : $w)
        ->say("ack $id", "exit $id 1 0 state 0 reason exited");
}
like +($_->rest)[-1], qr/ ok 2 /, 'all have run' for @c;

my $held = submit('one', '.lock db,net=2 .hosts v');
my $id = $v->expect(qr/^run (\S+) /);
my $second = submit('two', '.lock net=2 .hosts v');
my $id2 = $v->expect(qr/^run (\S+) /);
isnt $id2, $id, 'another lock, for two';
my $third = submit('three', '.lock net=2 .hosts v');
like join(' ', $d->ask('exec', 'why ' . jid_of() . " v\n")),
    qr/waits 'for a lock'/, 'why it waits is told';
$v->say("ack $id2", "exit $id2 1 0 state 0 reason exited");
like $v->run_one, qr/^\w+-\d+$/, 'the next one when one has ended';
$v->deaf;
$v->hang_up;
like join(' ', $held->rest), qr/lost/, 'one that is lost';
$_->rest for $second, $third;
my $last = submit('four', '.lock db .hosts w');
like $w->run_one, qr/^\w+-\d+$/, 'has its lock no more';
like +($last->rest)[-1], qr/ ok 1 /, 'and it is to be had';
finish();

sub jid_of
{
    my ($jid) = (grep { / cmd three / } $d->ask('exec', "jobs state=1\n"))[0]
        =~ /^(\S+)/;
    return $jid;
}
