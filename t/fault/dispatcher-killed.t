# A streaming run under fire: the dispatcher is killed, the links to its workers
# are cut, whoever follows is dropped and comes back. Of every host every line
# comes once, in order, and every program runs once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Relay;
use Test::More;

use constant {HOSTS => 10, LINES => 1000, ROUNDS => 50};

need_programs(qw(musterd muster-worker muster-dispatch));

# the workers are behind a relay, where the dispatcher's registry has them
my ($reg, $theirs) = (registry(), registry());
my @hosts = map { "web$_" } 1 .. HOSTS;
my @w = map { worker($theirs, $_, '-o', 'log.level=warn') } @hosts;
my $relay = Relay->new(map { $_->address('worker') } @w);
my @ports = $relay->ports;
my @registered = map {
    $reg->register("tcp!127.0.0.1!$ports[$_] kind worker host $hosts[$_]")
} 0 .. $#hosts;
my $db = scratch() . '/jobs.db';
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db", '-o',
    'log.level=warn', '-o', 'dispatcher.lost_after=60s');
ok eventually { $d->knows(HOSTS) }, 'it knows its workers';

my $did = scratch() . '/did';
my $script = <<"END";
\$SIG{TERM} = 'IGNORE'; \$| = 1;
open my \$f, '>>', '$did' or die; syswrite \$f, "\$ENV{MUSTER_HOST}\\n";
for my \$n (1 .. @{[LINES]}) {
    # not before the test has done what it does while this runs
    while (\$n == @{[LINES]} && !-e '$did.enough') { select undef, undef, undef, .1 }
    print "line \$n\\n";
    select undef, undef, undef, .015;
}
END
spew(scratch() . '/task.pl', $script);
my @told = $d->ask('exec', "execute argv '$^X @{[scratch()]}/task.pl' "
    . ".on all .detach 1\n");
my ($jid) = $told[0] =~ /^submit (\S+) @{[HOSTS]}$/;
ok $jid, 'the job is submitted' or BAIL_OUT("@told");

# what is seen of a host in one go: a run of numbers without a gap
my %bad;
sub look
{
    my ($lines) = @_;
    my %last;
    for (@$lines) {
        my ($host, $n) = /^out (\S+) stdout 'line (\d+)'$/ or next;
        $bad{"$host: $n after " . ($last{$host} || 0)}++
            if $n != ($last{$host} || 0) + 1;
        $last{$host} = $n;
    }
    return \%last;
}

my ($rounds, $resumed) = (0, 0);
while ($rounds < ROUNDS) {
    my $c = $d->dial('exec');
    $c->send("follow $jid\n");
    my @seen = $c->until(qr/^submit /);
    push @seen, $c->lines(20 + int rand 400);
    $resumed += keys %{look(\@seen)} > 0;
    last if grep { /^done/ } @seen;
    if ($rounds++ % 3 == 2) {
        $relay->cut;
    } else {
        $d->kill;
        $relay->cut if $rounds % 2;
        $d->start;
    }
    $c->close;
}
is $rounds, ROUNDS, 'so many rounds while it ran';
spew("$did.enough", '');
is $resumed, ROUNDS, 'and each followed it from its start';
my @all = $d->ask('exec', "follow $jid\n");
like $all[-1], qr/^done $jid state 0 ok @{[HOSTS]} failed 0 unreachable 0$/,
    'it ends well' or diag $d->ask('exec', "job $jid\n");
my $last = look(\@all);
is_deeply $last, {map { ($_ => LINES) } @hosts}, 'each host told all lines';
is_deeply \%bad, {}, 'none is missing, doubled or out of order';
is scalar(grep { /^out / } @all), HOSTS * LINES, 'nor is there any other';
is_deeply [sort split /\n/, slurp($did)], [sort @hosts],
    'every program has run once';
is_deeply [$d->ask('exec', "follow $jid\n")], \@all, 'it is told so again';
$d->kill;
$d->start;
is_deeply [$d->ask('exec', "follow $jid\n")], \@all, 'and by the next one';
$relay->stop;
finish();
