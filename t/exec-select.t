# Which workers a job runs on: a selector, hosts, any, all, one that comes late,
# none.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Muster;

need_programs(qw(muster musterd muster-dispatch muster-worker));

my $reg = registry();
my $dispatcher = dispatcher($reg);
my %role = (w1 => 'web', w2 => 'web', d1 => 'db', d2 => 'db', m1 => 'mail');
worker($reg, $_, '-o', "worker.attrs.role=$role{$_}") for sort keys %role;
ok eventually { (muster($reg, 'run', 'ping', '--all', '--expect', 5))[0]
        == 0 }, 'the dispatcher knows all five';

# The hosts that printed their own name
sub ran_on
{
    my ($rc, $out) = muster($reg, 'exec', @_, '-c', 'echo $MUSTER_HOST');
    my @hosts = sort map { /^(\S+) \| (\S+)$/ && $1 eq $2 ? $1 : "? $_" }
        split /\n/, $out;
    return "$rc @hosts";
}

is ran_on('-s', 'role=web'), '0 w1 w2', 'on exactly those two';
is ran_on('-s', 'role web os linux'), '0 w1 w2', 'pairs';
is ran_on('-s', 'role=web', '-s', 'host~2$'), '0 w2', 'all must hold';
is ran_on('-s', 'role!=web'), '0 d1 d2 m1', 'the others';
is ran_on('-s', 'role=web,mail'), '0 m1 w1 w2', 'one of';
is ran_on('--all'), '0 d1 d2 m1 w1 w2', 'all';
is ran_on('-s', 'all'), '0 d1 d2 m1 w1 w2', 'the word all';
is ran_on('-H', 'w1,d2', '-H', 'm1'), '0 d2 m1 w1', 'by name';
like ran_on('-s', 'role=web', '--any'), qr/^0 w[12]$/, 'any: on one';
like ran_on('--all', '--any'), qr/^0 \w\w$/, 'any of all';
is ran_on('-s', 'role=web', '--min', 3), '1 ', 'fewer than --min: refused';
is ran_on('-s', 'role=web', '--expect', 1), '1 ', 'not --expect: refused';

my ($rc, $out, $err) = muster($reg, 'exec', '-H', 'w1,gone', '-c', 'echo x');
is "$rc $out", "4 w1 | x\n", 'a host that is not there: 4, the other ran';
like $err, qr{unreachable \(the host is not there\): gone}, 'and is named';

my $began = time;
($rc, $out, $err) = muster($reg, 'exec', '-s', 'role=none', '--', 'true');
is "$rc $out", '3 ', 'nobody matches: 3';
cmp_ok time - $began, '<', deadline(10), 'at once';
like $err, qr/no worker matches.*\n.*--wait/s, 'and what to do';
($rc, $out) = muster($reg, 'exec', '-s', 'role=none', '--json', '--', 'true');
is $rc, 3, 'the same with JSON';
like $out, qr/^\{"error":"exec: no worker matches[^\n]*"exit":3\}\n\z/, 'is JSON';

($rc) = muster($reg, 'exec', '-s', 'role=none', '--wait', '300ms', '-c', 'x');
is $rc, 3, 'nobody came in time: 3';

# One that registers while the job waits for it
my $pid = fork;
if (!$pid) {
    ($rc, $out) = muster($reg, 'exec', '-s', 'role=late', '--wait', 20, '-c',
        'echo $MUSTER_HOST');
    spew(scratch() . '/late', "$rc $out");
    POSIX::_exit(0);
}
select undef, undef, undef, 0.3;
worker($reg, 'l1', '-o', 'worker.attrs.role=late');
waitpid $pid, 0;
is slurp(scratch() . '/late'), "0 l1 | l1\n", 'a late worker gets it';

($rc, $out, $err) = muster($reg, 'exec', '-s', 'role=web', '--', 'sh', '-c',
    'printf "%s|" "$@"', 'x', 'a b', "it's", '', '$HOME;');
is $rc, 0, 'words';
is join(';', sort split /\n/, $out),
    join(';', map { "w$_ | a b|it's||\$HOME;|" } 1, 2),
    'arrive as they were, without a shell';

($rc, $out) = muster($reg, {in => "one\ntwo\0\xff\n"}, 'exec', '-H', 'w1',
    '--stdin', '--', 'od', '-An', '-c');
like $out, qr/^w1 \|    o   n   e  \\n   t   w   o  \\0 377  \\n$/, 'stdin';
($rc, $out) = muster($reg, 'exec', '-H', 'w1', '--env', 'A=b c', '--env', 'D=',
    '--cwd', '/usr', '-c', "echo \"\$A:\$D\"\npwd");
is $out, "w1 | b c:\nw1 | /usr\n", 'environment, directory, lines of shell';

($rc, $out, $err) = muster($reg, 'exec', '-s', 'role=web', '-c',
    'echo $MUSTER_HOST; test $MUSTER_HOST = w1');
is $rc, 1, 'one failed: 1';
like $err, qr/1 ok, 1 failed.*\n +exit 1: w2/, 'named';
($rc) = muster($reg, 'exec', '-H', 'w1', '--timeout', '200ms', '--', 'sleep', 9);
is $rc, 7, 'timed out: 7';
($rc) = muster($reg, 'exec', '-H', 'w1', '--idle', '200ms', '--', 'sleep', 9);
is $rc, 7, 'idle for too long: 7';
($rc, $out, $err) = muster($reg, 'exec', '--all', '--parallel', 1, '--fail', 1,
    '-c', 'exit 2');
is $rc, 6, 'stopped by --fail: 6';
like $err, qr/not started: \w+/, 'the rest was not started';
($rc, $out, $err) = muster($reg, 'exec', '-H', 'w1', '--', '/no/such/program');
is $rc, 1, 'no such program: 1';
like $err, qr/not started \(exec: No such file or directory\): w1/, 'and why';

finish();
