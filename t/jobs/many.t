# A long history: the dispatcher serves before it has read it, and jobs of it are
# found meanwhile.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

use constant JOBS => 50_000;

need_programs(qw(musterd muster-worker muster-dispatch));
plan skip_all => 'no sqlite3' if system('sqlite3 --version >/dev/null 2>&1');
my $reg = registry();
my $db = scratch() . '/jobs.db';
my $w = worker($reg, 'web1');
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db", '-o',
    'dispatcher.jobs=1000000');
ok eventually { $d->knows(1) }, 'it knows its worker';
sub ask { return $d->ask('exec', "@_\n") }
my @life = ask("execute cmd 'seq 5' .on all");
my ($instance, $number) = $life[0] =~ /^submit (\S+)-(\d+) 1$/;
$d->stop;
is system('sqlite3', $db, 'WITH RECURSIVE c(n) AS '
    . "(SELECT 1000 UNION ALL SELECT n + 1 FROM c WHERE n < 999 + @{[JOBS]}) "
    . 'INSERT INTO jobs SELECT n, ended, bytes, spec, state, tasks, log '
    . "FROM c, jobs WHERE number=$number"), 0, 'many jobs';
$d->start;
my $told = (ask('ping .hosts web1 .wait 10'))[0];
like $told, qr/^submit $instance-@{[1000 + JOBS]} 1$/, 'it serves';
my $first = "$instance-1000";
s/^(submit|done) \S+/$1 $first/ for @life;
is_deeply [ask("follow $first")], \@life, 'the oldest of them is found';
is scalar(my @all = ask('jobs')), JOBS + 3, 'all of them are listed';
$d->kill;
$d->start;
is_deeply [ask("follow $first")], \@life, 'and again';
finish();
