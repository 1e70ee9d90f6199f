# Ctrl-C where there is no terminal, TERM, detaching, following again, and jobs
# that do not want to end.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Muster;

need_programs(qw(muster musterd muster-dispatch muster-worker));

my $reg = registry();
my $dispatcher = dispatcher($reg);
worker($reg, $_, '-o', 'worker.grace=500ms') for qw(w1 w2);
ok eventually { (muster($reg, 'run', 'ping', '--all', '--expect', 2))[0]
        == 0 }, 'two workers';

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
        exec program('muster'), '--registry', $reg->registry_address, @args;
    }
    return $pid;
}

sub status { my ($pid) = @_; waitpid $pid, 0; return $? >> 8; }
sub out { return slurp(scratch() . '/out') }
sub err { return slurp(scratch() . '/err') }
# Processes of the tests' jobs that still run
sub alive { my ($mark) = @_; return scalar grep { slurp($_) =~ /$mark/ }
    glob '/proc/[0-9]*/cmdline' }

# A tree that ignores TERM, has left its session, and holds the output open
my $mark = "muster_t_$$";
my $tree = "trap '' TERM; setsid sh -c 'trap \"\" TERM; (sleep 77; echo "
    . "$mark) & sleep 78' & echo up; while :; do sleep 1; done; echo $mark";
my $pid = begin('exec', '--all', '-c', $tree);
ok eventually { (() = out() =~ /up/g) == 2 }, 'a stubborn tree on both';
cmp_ok alive($mark), '>', 3, 'it is there';
my $began = time;
kill 'INT', $pid;
is status($pid), 5, 'INT cancels: 5';
is alive($mark), 0, 'when it says so nothing is left';
cmp_ok time - $began, '<', deadline(20), 'soon';
like err(), qr/cancelled: w[12] w[12]/, 'named';

# INT twice does not wait
$pid = begin('exec', '--all', '-c', $tree);
ok eventually { (() = out() =~ /up/g) == 2 }, 'again';
kill 'INT', $pid;
ok eventually { err() =~ /cancelling/ }, 'it says that it waits';
kill 'INT', $pid;
is status($pid), 5, 'a second INT does not wait: 5';
ok eventually { alive($mark) == 0 }, 'it ends all the same';

# TERM detaches, and the job can be followed from its start
spew(scratch() . '/go', '');
$pid = begin('exec', '--all', '-c', 'echo begin; while test -e ' . scratch()
    . '/go; do sleep 0.05; done; echo end');
ok eventually { (() = out() =~ /begin/g) == 2 }, 'a job runs';
kill 'TERM', $pid;
is status($pid), 128 + 15, 'TERM detaches';
my ($jid) = err() =~ /muster follow (\S+)/;
ok $jid, 'and says how to follow';
my ($rc, $out) = muster($reg, 'job', $jid);
like $out, qr/^$jid op execute state 1 hosts 2/, 'the job goes on';
$pid = begin('follow', $jid);
ok eventually { (() = out() =~ /begin/g) == 2 }, 'followed from the start';
unlink scratch() . '/go';
is status($pid), 0, 'to its end';
is scalar(() = out() =~ /end/g), 2, 'with all its output';
($rc, $out) = muster($reg, 'follow', $jid, '--json');
is((split /\n/, $out)[-1], qq({"event":"done","jid":"$jid","state":0,"ok":2,)
    . qq("skipped":0,"failed":0,"unreachable":0,"changed":0,"exit":0}),
    'again, as JSON');

# Detached at once; cancelled by its id
($rc, $jid) = muster($reg, 'exec', '--all', '--detach', '--', 'sleep', 99);
chomp $jid;
is $rc, 0, 'detached';
like $jid, qr/^\w+-\d+$/, 'its id';
($rc, $out) = muster($reg, 'jobs', '--names', 'state=1');
is $out, "$jid\n", 'it is listed';
($rc) = muster($reg, 'delete', $jid);
is $rc, 1, 'while it runs it is not deleted';
is join(' ', muster($reg, 'cancel', $jid)), '0  ', 'cancelled';
($rc) = muster($reg, 'follow', $jid);
is $rc, 5, 'its end is: cancelled';
($rc, undef, my $err) = muster($reg, 'cancel', $jid);
is $rc, 1, 'cancelled twice: no';
like $err, qr/has ended/, 'and why';
is join(' ', muster($reg, 'delete', $jid)), '0  ', 'deleted';
for my $verb (qw(job follow cancel delete)) {
    ($rc, undef, $err) = muster($reg, $verb, $jid);
    is $rc, 3, "$verb: no such job";
    like $err, qr/no job $jid/, 'and that is said';
}

# A reader that goes away: quietly, and the job goes on.
my $file = scratch() . '/pipe';
system('sh', '-c', program('muster') . ' --registry ' . $reg->registry_address
    . " exec -H w1 -c 'for i in 1 2 3 4; do echo \$i; sleep 0.2; done; touch "
    . "$file' 2>$file.err | head -n 1 >$file.out");
is slurp("$file.out"), "w1 | 1\n", 'head had its line';
is slurp("$file.err"), '', 'nothing is said about it';
ok eventually { -e $file }, 'the job went on';

finish();
