# muster register: while it runs, while a command runs, for ever; removing.
use strict;
use warnings;
use Test::More;
use Muster;

need_programs(qw(muster musterd));
my $reg = registry();

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
        exec program('muster'), '--registry', $reg->registry_address,
            'register', @args;
    }
    return $pid;
}

sub status { my ($pid) = @_; waitpid $pid, 0; return $? >> 8; }

my $pid = begin('tcp!h!80', 'kind=web', 'note', "it's two");
ok eventually { $reg->find('.names 1') }, 'registers';
is join(';', $reg->find), "tcp!h!80 kind web note 'it''s two'", 'as told';
my ($rc, $out, $err) = muster($reg, 'register', 'tcp!h!80', 'kind=db');
is $rc, 1, 'the name is taken: 1';
like $err, qr/duplicate service name.*\n.*--replace/, 'and what to do';
my $other = begin('--replace', 'tcp!h!80', 'kind=db', '--json');
ok eventually { ($reg->find)[0] eq 'tcp!h!80 kind db' }, 'taken over';
ok eventually { slurp(scratch() . '/out') =~ /\n/ }, 'that is told';
like slurp(scratch() . '/out'),
    qr/^\{"event":"registered","name":"tcp!h!80","revision":\d+\}\n$/, 'as JSON';
is status($pid), 1, 'who held it ends: 1';
kill 'INT', $other;
is status($other), 0, 'Ctrl-C ends it: 0';
ok eventually { !$reg->find }, 'and the service is gone';

# It comes back by itself.
$pid = begin('a', 'kind=web', '--ttl', '500ms', '--volatile', 'load,x');
ok eventually { $reg->find }, 'registered';
$reg->kill;
$reg->restart;
ok scalar(eventually { $reg->find } 20), 'again, when the registry is back';
kill 'TERM', $pid;
is status($pid), 0, 'TERM ends it: 0';

# While a command runs
for (['exit 0', 0], ['exit 7', 7], ['kill -9 $$', 137]) {
    my ($command, $status) = @$_;
    spew(scratch() . '/go', '');
    $pid = begin('job', 'kind=note', '--', 'sh', '-c', "while test -e "
        . scratch() . "/go; do sleep 0.02; done; $command");
    ok eventually { $reg->find }, 'there while a command runs';
    unlink scratch() . '/go';
    is status($pid), $status, "its exit status: $status";
    ok eventually { !$reg->find }, 'gone after it';
}
$pid = begin('job', '--', 'sh', '-c', 'trap "exit 3" TERM; echo up; '
    . 'while :; do sleep 0.02; done');
ok eventually { slurp(scratch() . '/out') eq "up\n" }, 'a command';
kill 'TERM', $pid;
is status($pid), 3, 'TERM is handed on';
is status(begin('job', '--', '/no/such')), 127, 'no such command: 127';
like slurp(scratch() . '/err'), qr{cannot run /no/such: No such file}, 'said';

# The command does not outlive a muster that was killed.
$pid = begin('job', '--', 'sh', '-c', 'echo $$; exec sleep 98');
ok eventually { slurp(scratch() . '/out') =~ /\d\n/ }, 'a command';
my ($child) = slurp(scratch() . '/out') =~ /(\d+)/;
kill 'KILL', $pid;
waitpid $pid, 0;
ok eventually { !-e "/proc/$child" || slurp("/proc/$child/stat") =~ /\) Z/ },
    'ends with it';
ok eventually { !$reg->find }, 'and so does the service';

# For ever
is join('|', muster($reg, 'register', 'keep/it')), join('|', 2, '',
    "muster: keep/it: bad character in service name\n"), 'no name: 2';
($rc, $out, $err) = muster($reg, 'register', 'keep*', 'kind=note', '--persist');
is "$rc|$out|$err", '0||', 'registered for ever';
muster($reg, 'register', 'keeper', '--persist');
is join(';', $reg->find), 'keep* kind note persist 1;keeper persist 1',
    'it is there';
($rc, $out, $err) = muster($reg, 'register', 'keep*', '--remove');
is "$rc|$out|$err", '0||', 'removed';
is join(';', $reg->find), 'keeper persist 1', 'it alone';
($rc, undef, $err) = muster($reg, 'register', '--remove', 'keep*');
is $rc, 3, 'there is none: 3';
$pid = begin('held');
ok eventually { $reg->find('.name held') }, 'held by a connection';
($rc, undef, $err) = muster($reg, 'register', '--remove', 'held');
is $rc, 1, 'what a connection holds is not removed: 1';
like $err, qr/belongs to a connection/, 'and that is said';
kill 'INT', $pid;
is status($pid), 0, 'it was left alone';

($rc, undef, $err) = muster($reg, 'register', 'x', 'kind');
is $rc, 2, 'an attribute without a value: 2';
($rc, undef, $err) = muster($reg, 'register', 'x', 'a>=5');
is $rc, 2, 'an attribute that is none: 2';
($rc, undef, $err) = muster(undef, 'register', '--registry', '127.0.0.1:1:1:1',
    'x');
is $rc, 8, 'no registry: 8';
like $err, qr/127\.0\.0\.1.*refused/i, 'and why';

finish();
