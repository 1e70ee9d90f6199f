# 10,000 jobs that wait survive the dispatcher's kill -9: none is lost, none
# runs twice, though it is killed again while they run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

use constant {JOBS => 10_000, CLIENTS => 50};

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $db = scratch() . '/jobs.db';
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db",
    '-o', 'dispatcher.jobs=' . 2 * JOBS, '-o', 'dispatcher.lost_after=60s',
    '-o', 'log.level=warn');
my $did = scratch() . '/did';

# the program's own word of who it is: appended in one piece
my @c = map { $d->dial('exec') } 1 .. CLIENTS;
my $wait = '.hosts web1 .wait 3600 .detach 1 .keep 1';
$_->send("execute argv 'sh -c ''echo \$MUSTER_JOB >>$did''' $wait\n"
    x (JOBS / CLIENTS)) for @c;
my @told = grep { !/^\.end/ } map { $_->lines(2 * JOBS / CLIENTS) } @c;
is scalar(grep { /^submit \S+ 1$/ } @told), JOBS, 'all of them are submitted';
$d->kill;
$d->start;
my %state = map { /^(\S+).* state (\d)/ } $d->ask('exec', "jobs\n");
is scalar(grep { $_ == 1 } values %state), JOBS, 'they wait as before';

my $w = worker($reg, 'web1', '-o', 'worker.slots=64', '-o', 'log.level=warn');
for my $round (1 .. 3) {
    ok +(eventually { (-s $did || 0) > $round * 10_000 } 120), 'some have run';
    $d->kill;
    $d->start;
}
my %done;
ok eventually(sub {
    %done = map { /^(\S+).* state (\d)/ } $d->ask('exec', "jobs state=0\n");
    keys %done == JOBS;
}, 300), 'all of them end well' or diag scalar keys %done;
my @ran = split /\n/, slurp($did);
my %ran = map { ($_ => 1) } @ran;
is scalar(@ran), JOBS, 'so many have run';
is_deeply [sort keys %ran], [sort map { /^submit (\S+)/ } @told],
    'and each of them once';
finish();
