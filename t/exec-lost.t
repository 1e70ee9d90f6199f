# Daemons that are killed in the middle of a job: a lost worker is said to be
# lost soon and what it said stays; musterd's death touches no job.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Muster;

need_programs(qw(muster musterd muster-dispatch muster-worker));

my $reg = registry();
my $dispatcher = dispatcher($reg);
my %worker = map { $_ => worker($reg, $_) } qw(w1 w2 w3);
sub all_there
{
    return eventually {
        (muster($reg, 'run', 'ping', '--all', '--expect', 3))[0] == 0
    } 20;
}
ok all_there(), 'three workers';

# Starts muster with its output in files; its process
sub begin
{
    my (@args) = @_;
    unlink map { scratch() . "/$_" } qw(out err);
    my $pid = fork;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', scratch() . '/out';
        open STDERR, '>', scratch() . '/err';
        exec program('muster'), '--dispatcher', $dispatcher->address('exec'),
            @args;
    }
    return $pid;
}

sub ended { my ($pid) = @_; waitpid $pid, 0; return $? >> 8; }
sub out { return slurp(scratch() . '/out') }

spew(scratch() . '/go', '');
my $pid = begin('exec', '--all', '-c',
    'echo begin $MUSTER_HOST; while test -e ' . scratch()
    . '/go; do sleep 0.05; done; echo end');
ok eventually { out() =~ /(?=.*begin w1)(?=.*begin w2)(?=.*begin w3)/s },
    'it runs on all three';
my $killed = time;
$worker{w2}->kill;
ok eventually { $reg->find('host w2') == 0 }, 'the registry knows';
unlink scratch() . '/go';
is ended($pid), 4, 'a worker lost: 4';
cmp_ok time - $killed, '<', deadline(10), 'soon';
my $out = out();
is join(' ', sort split /\n/, $out), 'w1 | begin w1 w1 | end w2 | begin w2 '
    . 'w3 | begin w3 w3 | end', 'all that was said is there';
like slurp(scratch() . '/err'), qr/2 ok, 1 lost.*\n +lost.*: w2\n/, 'and named';

# The registry dies and comes back; the job goes on.
$worker{w2}->restart;
ok all_there(), 'the worker is back';
spew(scratch() . '/go', '');
$pid = begin('exec', '--all', '-c', 'echo begin; while test -e '
    . scratch() . '/go; do sleep 0.05; done; echo end');
ok eventually { (() = out() =~ /begin/g) == 3 }, 'a job runs';
$reg->kill;
select undef, undef, undef, 0.3;
unlink scratch() . '/go';
is ended($pid), 0, 'the death of musterd touches no job';
is scalar(() = out() =~ /end/g), 3, 'all of its output came';
$reg->restart;
ok scalar(eventually { $reg->find('kind worker .names 1') == 3 } 20),
    'the workers come back by themselves';
ok all_there(), 'and work';

# The dispatcher dies: its jobs are in its memory only, and nobody is told
# that they are well.
spew(scratch() . '/go', '');
$pid = begin('exec', '-H', 'w1', '-c', 'echo begin; while test -e '
    . scratch() . '/go; do sleep 0.05; done');
ok eventually { out() =~ /begin/ }, 'a job runs';
$dispatcher->kill;
ok eventually { slurp(scratch() . '/err') =~ /job \w+-\d+: .*; trying again/ },
    'its loss is told';
$dispatcher->restart;
is ended($pid), 4, 'the dispatcher has forgotten it: 4';
like slurp(scratch() . '/err'), qr/has forgotten job \w+-\d+/, 'that is said';
unlink scratch() . '/go';
ok all_there(), 'the workers work';

finish();
