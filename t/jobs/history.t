# Jobs that ended before a restart: listed, shown and followed as before it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $db = scratch() . '/jobs.db';
my @settings = ('-o', "dispatcher.store=sqlite:$db", '-o',
    'dispatcher.output=64K');
my $d = dispatcher($reg, @settings);
my @w = map { worker($reg, $_) } qw(web1 web2);
ok eventually { $d->knows(2) }, 'two workers';

sub ask { return $d->ask('exec', "@_\n") }

# what is told of times is told as of the moment it happened
my %life;
for my $request ('ping .on all', "execute cmd 'seq 5; echo no >&2; exit 3' .on all",
    "execute cmd 'seq 100000' .hosts web1", "execute cmd 'printf part' .any 1 .on all",
    'execute cmd true .hosts nobody', "execute cmd 'cat' stdin " . 'x' x 1000
        . ' .hosts web2')
{
    my @lines = ask($request);
    my ($jid) = $lines[0] =~ /^submit (\S+) \d+$/;
    ok $jid, "$request: submitted" or diag @lines;
    $life{$jid} = {map { ($_ => [ask("$_ $jid")]) } qw(follow job why)};
}
my @jobs = ask('jobs');
is scalar(@jobs), 7, 'six jobs, and the ping of knows()';

sub same
{
    my ($when) = @_;
    is_deeply [ask('jobs')], \@jobs, "$when: the list is the same";
    for my $jid (sort keys %life) {
        is_deeply [ask("$_ $jid")], $life{$jid}{$_}, "$when: $_ $jid"
            for qw(job follow why);
    }
    return;
}

same('while it runs');
$d->stop;
$d->start;
same('after an end in order');
$d->kill;
$d->start;
same('after a kill');
my ($jid) = $jobs[3] =~ /^(\S+)/;
my @big = @{$life{$jid}{follow}};
my ($cut) = map { /^cut web1 stdout (\d+)$/ } @big;
my ($bytes) = (0);
$bytes += length($_) + 1 for map { /^out web1 stdout (\d+)$/ } @big;
is $bytes + $cut, length(join '', map { "$_\n" } 1 .. 100_000),
    'what is cut of the output is counted to the byte';
my ($first) = $jobs[0] =~ /^(\S+)/;
is_deeply [ask("delete $first")], ['ok'], 'one is deleted';
like +(ask("follow $first"))[0], qr/^error: 'no job /, 'it is gone';
$d->kill;
$d->start;
is scalar(my @rest = ask('jobs')), 6, 'for good';
like +(ask('ping .on all'))[0], qr/^submit \S+-8 2$/,
    'a new one has a new number';
finish();
