# Jobs are listed, shown, followed, cancelled and deleted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
worker($reg, $_, '-o', 'worker.grace=200ms', '-o', 'worker.slots=3')
    for qw(a b);
my $d = dispatcher($reg);
ok eventually { $d->knows(2) }, 'it knows its workers';

my @life = $d->ask('exec', "execute cmd 'echo one; exit 1' .on host=a\n");
my ($done) = $life[0] =~ /^submit (\S+)/;
is_deeply [$d->ask('exec', "follow $done\n")], \@life,
    'a job that has ended is told like one that runs';

my $c = $d->dial('exec');
$c->send("execute cmd 'echo begun; sleep 60' .on all\n");
my @begun = $c->until(qr/begun/);
push @begun, $c->until(qr/begun/);
my ($jid) = $begun[0] =~ /^submit (\S+) 2/;
$c->close;

my @jobs = $d->ask('exec', "jobs\n");
like $jobs[-1], qr/^$jid op execute state 1 hosts 2 ok 0 failed 0 /,
    'jobs: one that goes on without its client';
is_deeply [map { (split)[0] } $d->ask('exec', "jobs state 1\n")], [$jid],
    'jobs: those of a state';
is_deeply [map { (split)[0] } $d->ask('exec', "jobs 'state=1 hosts>1'\n")],
    [$jid], 'jobs: a selector as one text';
is_deeply [$d->ask('exec', "jobs op reboot\n")], [], 'jobs: none such';
is_deeply [map { (split)[0] } $d->ask('exec', "jobs .name $done\n")], [$done],
    'jobs: by name';
like +($d->ask('exec', "jobs .name $done\n"))[0],
    qr/ state 2 hosts 1 ok 0 failed 1 .* cmd 'echo one; exit 1'/,
    'jobs: what came of it';

my @record = $d->ask('exec', "job $jid\n");
like $record[0], qr/^$jid op execute state 1 .* arg.cmd 'echo begun; sleep 60'/,
    'job: its record';
is_deeply [map { /^host (\S+) task running/ } @record], ['a', 'b'],
    'job: each host';
like +($d->ask('exec', "job $done\n"))[1],
    qr/^host a task ended .* rc 1 state 2 .* reason exited/, 'job: an end';

is_deeply [$d->ask('exec', "delete $jid\n")],
    ["error: 'job $jid is running: cancel it first'"], 'delete: not yet';

my $f = $d->dial('exec');
$f->send("follow $jid\n");
my @seen = $f->lines(scalar @begun);
is_deeply [sort @seen], [sort @begun], 'follow: from the start';
is_deeply [$d->ask('exec', "cancel $jid\n")], ['ok'], 'cancel';
my @rest = $f->rest;
is scalar(grep({ /^exit [ab] - state 2 reason cancelled/ } @rest)), 2,
    'follow: both are cancelled';
like $rest[-1], qr/^done $jid state 2 ok 0 failed 2 .* cancelled 2$/, 'done';
is_deeply [$d->ask('exec', "cancel $jid\n")],
    ["error: 'job $jid has ended'"], 'cancel: too late';
is_deeply [$d->ask('exec', "delete $jid\n")], ['ok'], 'delete';
is_deeply [$d->ask('exec', "follow $jid\n")], ["error: 'no job $jid'"],
    'it is gone';

# three wait for slots of two hosts: none of these has been tried
$c = $d->dial('exec');
$c->send("execute cmd 'echo up; sleep 60' .on all .parallel 1\n");
my @lines = $c->until(qr/^out/);
($jid) = $lines[0] =~ /^submit (\S+)/;
$d->ask('exec', "cancel $jid\n");
@lines = $c->rest;
is scalar(grep({ /^exit [ab] - state 1 reason cancelled/ } @lines)), 1,
    'one that had not begun is skipped';
is scalar(grep({ /^exit [ab] - state 2 reason cancelled/ } @lines)), 1,
    'the other is cancelled';
finish();
