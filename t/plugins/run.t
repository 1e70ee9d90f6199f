# muster run: any operation from the command line, with the options of exec; a
# plugin's results, progress, mutex and end, the whole way.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Muster;
use MusterWorker;
use POSIX ();
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $dir = scratch() . '/plugins';
write_plugin($dir, 'show', 'args a,b?', <<'END');
echo "progress 50 half" >&3
echo "result {\"a\":\"$MUSTER_ARG_a\",\"host\":\"$MUSTER_HOST\"}" >&3
echo "b is ${MUSTER_ARG_b-not there}"
echo "state changed" >&3
END
my $locks = scratch() . '/locks';
mkdir $locks;
write_plugin($dir, 'alone', 'mutex 1', <<"END");
mkdir "$locks/\$MUSTER_HOST" || exit 1
sleep 0.1
rmdir "$locks/\$MUSTER_HOST"
END
write_plugin($dir, 'bad', '', 'echo nonsense >&3');
my $fifo = scratch() . '/fifo';
POSIX::mkfifo($fifo, 0600) or die "$fifo: $!";
write_plugin($dir, 'held', 'mutex 1', "echo up; read x <$fifo");
my $reg = registry();
my $d = dispatcher($reg);
worker($reg, $_, '-o', "worker.plugins=$dir", '-o', 'worker.slots=4')
    for qw(web1 web2);
ok eventually { $d->knows(2) }, 'the workers are known';

sub run_op { return muster($reg, 'run', @_) }

my ($rc, $out, $err) = run_op('show', 'a=1', 'b=x y', '-H', 'web1');
is $rc, 0, 'it ran';
is_deeply [sort split /\n/, $out],
    ['web1 = {"a":"1","host":"web1"}', 'web1 | b is x y'],
    'its result and its output';
($rc, $out) = run_op('show', 'a', 'one', '--all', '--json');
my @events = map { decode_json($_) } split /\n/, $out;
is_deeply [sort { $a->{host} cmp $b->{host} }
        map { $_->{event} eq 'result' ? $_->{result} : () } @events],
    [map { { a => 'one', host => $_ } } qw(web1 web2)], 'results as JSON';
is_deeply [map { $_->{event} eq 'progress' ? $_->{percent} : () } @events],
    [50, 50], 'progress';
is $events[-1]{changed}, 2, 'both changed something';

for (["show needs an argument a", 'show', 'b=1'],
    ["show takes no argument c", 'show', 'a=1', 'c=2'])
{
    my ($why, @args) = @$_;
    ($rc, $out, $err) = run_op(@args, '--all');
    is $rc, 1, "$why: refused";
    like $err, qr/\Q$why\E/, 'and told';
}
($rc, $out, $err) = run_op('none', '--all');
isnt $rc, 0, 'an operation that nobody has';
($rc, $out, $err) = run_op('bad', '-H', 'web2');
is $rc, 1, 'nonsense on descriptor 3';
like $err, qr/descriptor 3, line 1/, 'is why it failed';

# one at a time on each worker; the others wait for their turn
my @children = map {
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    exec(program('muster'), 'run', 'alone', '--all', '--registry',
        $reg->registry_address) if !$pid;
    $pid;
} 1 .. 3;
my $failed = 0;
for (@children) {
    waitpid $_, 0;
    $failed++ if $?;
}
is $failed, 0, 'one at a time, and all of them in the end';

# one that waits for its turn keeps nobody else from theirs
my @held = map { $d->dial('exec') } 1 .. 2;
$_->send("held .hosts web1\n") for @held;
ok eventually { 1 == grep { /^\S+ .* running 1 / }
    $d->ask('exec', "jobs op=held\n") }, 'one of two runs';
for (1 .. 5) {
    ($rc) = run_op('show', 'a=1', '-H', 'web1');
    is $rc, 0, 'another operation runs meanwhile';
}
spew($fifo, "x\n");
ok eventually { 1 == grep { / state 0 / } $d->ask("exec", "jobs op=held\n") },
    "one ends";
spew($fifo, "x\n");
like(($_->until(qr/^done/))[-1], qr/^done \S+ state 0 ok 1/, 'both end')
    for @held;

# mistakes on the command line
for ([qr/no target/, 'show', 'a=1'], [qr/are for muster exec/, 'show', '--all',
        '-c', 'x'], [qr/are for muster exec/, 'show', '--all', '--user', 'x'],
    [qr/usage|needs/i], [qr/no option --op/, 'show', '--all', '--op', 'x'])
{
    my ($what, @args) = @$_;
    ($rc, $out, $err) = run_op(@args);
    is $rc, 2, "run @args: a mistake";
    like $err, $what, 'which is named';
}
finish();
