# Plugins that are broken in every way we could think of harm their own jobs and
# nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;

need_programs('muster-worker');
my $dir = scratch() . '/plugins';
mkdir $dir;

# A file that is what it is
sub file
{
    my ($name, $text, $mode) = @_;
    spew("$dir/$name", $text);
    chmod defined $mode ? $mode : 0755, "$dir/$name";
    return;
}

write_plugin($dir, 'good', 'args rc?', 'exit ${MUSTER_ARG_rc:-0}');

# -- in describe: name, file, what the log says of it
my @broken = (
    ['hangs', "#!/bin/sh\nsleep 1000 & sleep 1000",
        qr/describe: it does not end in time \(worker\.describe\)/],
    ['stubborn', "#!/bin/sh\ntrap '' TERM HUP INT\nwhile :; do sleep 1; done",
        qr/does not end in time/],
    ['floods', "#!/bin/sh\nyes", qr/describe: it says too much/],
    ['shouts', "#!/bin/sh\nyes >&2", qr/describe: it says too much/],
    ['dies', "#!/bin/sh\nkill -9 \$\$", qr/describe: signal 9/],
    ['fails', "#!/bin/sh\nprintf 'no \\033[31mway\\nx' >&2; exit 3",
        qr/describe: exit 3: no \\+x1b\[31mway: /],
    ['mute', "#!/bin/sh\n", qr/describe: it says nothing/],
    ['chatty', "#!/bin/sh\necho op chatty; echo more",
        qr/more than one line/],
    ['liar', "#!/bin/sh\necho op other", qr/it says to be other, and its file/],
    ['raving', "#!/bin/sh\nhead -c 999 /dev/urandom | tr -d '\\n'",
        qr/describe: /],
    ['open', "#!/bin/sh\necho \"op open doc 'x\"", qr/quote/],
    ['odd', "#!/bin/sh\necho op odd args", qr/odd attribute/],
    ['twice', "#!/bin/sh\necho op twice args a,b,a", qr/args: a twice/],
    ['badarg', "#!/bin/sh\necho op badarg args 'a=b'",
        qr/a=b is no name of an argument/],
    ['badmutex', "#!/bin/sh\necho op badmutex mutex 2", qr/mutex is 0 or 1/],
    ['badattr', "#!/bin/sh\necho op badattr .on x",
        qr/\.on is no name of an attribute/],
    ['many', "#!/bin/sh\necho op many args \$(seq -s, -f a%.0f 100)",
        qr/args: more than 64/],
    ['nobody', "#!/no/such/interpreter\n", qr/exec: No such file/],
    ['binary', "\177ELF\0\0\0", qr/exec: |describe: /],
    ['plain', "#!/bin/sh\necho op plain", qr/it is not executable/, 0644],
    ['open2all', "#!/bin/sh\necho op open2all", qr/anybody may write to it/,
        0777],
    ['execute', "#!/bin/sh\necho op execute", qr/the worker has one of that/],
);
file(@$_[0, 1, 3]) for @broken;
symlink '/no/such/file', "$dir/dangling";
my $w = lone_worker("worker.plugins=$dir", 'worker.describe=6s',
    'worker.grace=200ms', 'worker.window=64K');
ok eventually { 2 == grep { /does not end in time/ } $w->log },
    'it has given up on those that hang';
my $d = dial_worker($w, 'ABCDEFGH');
is $d->{hello}[6], 'execute,ping,good', 'the good one is there, no other';
my $log = join "\n", $w->log;
like $log, qr/plugin \Q$dir\E\/$_->[0]: .*$_->[2]/, "$_->[0]: $_->[2]"
    for @broken;
like $log, qr{plugin \Q$dir\E/dangling: No such file}, 'a link to nothing';
is_deeply [grep { Muster::slurp("/proc/$_/cmdline") =~ /\Q$dir\E/ }
        keys %{MusterWorker::children_of($w->{pid})}], [],
    'nobody of them is left';
is $d->ended($d->run('good rc 3'))->{rc}, 3, 'the good one runs';

SKIP: {
    skip 'only root has files that belong to others', 2 if $<;
    my $other = scratch() . '/others';
    write_plugin($other, 'theirs', '', 'true');
    chown 65534, -1, "$other/theirs";
    mkdir scratch() . '/open';
    write_plugin(scratch() . '/open', 'x', '', 'true');
    chmod 0777, scratch() . '/open';
    my $v = lone_worker("worker.plugins=$other " . scratch() . '/open /none');
    is dial_worker($v, 'ABCDEFGH')->{hello}[6], 'execute,ping',
        'a file that belongs to another user; a folder that anybody may write to';
    is scalar(grep { /belongs to another user|anybody may write|No such file/ }
            $v->log), 3, 'said';
}

# -- in run
write_plugin($dir, @$_) for (
    ['sleeps', '', 'sleep 1000 & trap "" TERM; while :; do sleep 1; done'],
    ['killed', '', 'echo state changed >&3; kill -9 $$'],
    ['noise', '', 'yes nonsense | head -n 200000 >&3; exit 0'],
    ['endless', '', 'head -c 20000000 /dev/zero | tr "\0" x >&3; exit 0'],
    ['random', '', 'head -c 3000000 /dev/urandom >&3; exit 0'],
    ['results', '', 'yes result 1234567 | head -n 100000 >&3'],
    ['progress', '', 'seq -f "progress 50 x%.0f" 200000 >&3'],
    ['facts', '', 'seq -f "set fact%.0f x" 100000 >&3'],
    ['huge', '', '{ printf "result \""; head -c 1100000 /dev/zero | tr "\0" x;'
        . 'echo "\""; echo result 2; } >&3'],
    ['closes', '', 'exec 3>&-; echo ok'],
    ['keeps', '', 'sleep 1000 3>&3 >/dev/null 2>&1 & echo result 5 >&3'],
    ['loud', '', 'yes | head -n 1000000'],
    ['deaf', '', 'exec <&-; echo ok'],
);
unlink map { "$dir/$_->[0]" } @broken;
$d->{load} = [];
$w->signal('HUP');
$d->until(sub { grep { ($_->{ops} || '') =~ /sleeps/ } @{$d->{load}} });
$d->{store} = 64;

my $hung = $d->run('sleeps .timeout 0.5');
my $memory = $w->memory;
for (['killed', '-', 2, qr/^$/, 'signal 9'],
    ['noise', 0, 2, qr/descriptor 3, line 1: it begins nonsense/],
    ['endless', 0, 2, qr/descriptor 3, line 1: it is too long/],
    ['random', 0, 2, qr/descriptor 3, line \d+: /],
    ['results', 0, 0, qr/^$/], ['progress', 0, 0, qr/^$/],
    ['facts', 0, 2, qr/line 65: set fact65: too many facts/],
    ['huge', 0, 2, qr/line 1: a result of more than 1048576 bytes/],
    ['closes', 0, 0, qr/^$/], ['keeps', 0, 0, qr/^$/], ['loud', 0, 0, qr/^$/],
    ['deaf', 0, 0, qr/^$/])
{
    my ($op, $rc, $state, $why, $reason) = @$_;
    my $jid = $d->run($op);
    my $other = $d->run('good');
    my $end = $d->ended($jid, 60);
    is "$end->{rc} $end->{state}", "$rc $state", "$op: $rc, state $state";
    like $end->{why} || '', $why, "$op: why";
    is $end->{reason}, $reason, "$op: reason" if $reason;
    is $d->ended($other)->{state}, 0, 'another job does not mind';
    is scalar(@{$d->results($jid)}), 100_000, 'all results came'
        if $op eq 'results';
    is_deeply $d->results($jid), [2], 'the one after it came' if $op eq 'huge';
    is_deeply $d->results($jid), [5], 'it came' if $op eq 'keeps';
    cmp_ok scalar(@{$d->progress($jid)}), '<', 100, 'but not each of it'
        if $op eq 'progress';
}
is $d->ended($hung)->{reason}, 'timeout', 'what hangs is ended in time';
is_deeply [in_job($hung)], [], 'all of it';
grew_less($w, $memory, 16384, 'the worker stays small');

# made writable after it was found
chmod 0777, "$dir/good";
is $d->refusal($d->run('good')), "plugin $dir/good: anybody may write to it",
    'looked at again before it runs';
unlink "$dir/good";
is $d->refusal($d->run('good')), "plugin $dir/good: No such file or directory",
    'gone meanwhile';
is $d->ended($d->run('ping'))->{rc}, 0, 'and the worker is well';
finish();
