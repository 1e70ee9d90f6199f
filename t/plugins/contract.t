# A plugin: found, described, asked with its arguments, heard on descriptor 3.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterWorker;
use POSIX ();
use Test::More;

need_programs('muster-worker');
my $dir = scratch() . '/plugins';
my $out = scratch() . '/out';
write_plugin($dir, 'show', "args a,b?,_c2? doc 'it shows'", <<'END');
[ "$1" = run ] || exit 9
cat
echo
env | LC_ALL=C grep -a ^MUSTER_ | grep -av WORKER= | LC_ALL=C sort
pwd
echo complaint >&2
END
write_plugin($dir, 'ends', 'args with,rc? mutex 0',
    'echo "state $MUSTER_ARG_with" >&3; exit ${MUSTER_ARG_rc:-0}');
write_plugin($dir, 'tells', '', <<'END');
echo "progress 10 'to begin with'" >&3
echo 'result {"a": [1, "it'"'"'s"]}' >&3
echo "result '{\"b\":\"it''s\"}'" >&3
for i in 1 2 3 4 5 6 7 8 9; do echo "progress $i$i x" >&3; done
printf 'result 7' >&3
END
write_plugin($dir, 'large', '',
    q(printf 'result "%s"\n' "$(head -c 300000 /dev/zero | tr '\0' x)" >&3));
write_plugin($dir, 'alone', 'mutex 1', "echo up; read x <$out.fifo");
write_plugin($dir, 'daemon', 'leaves 1 args wait?', <<"END");
sleep 1000 >/dev/null 2>&1 3>&- &
echo \$! >$out.pid
echo up
[ -z "\$MUSTER_ARG_wait" ] || sleep 1000
END
write_plugin($dir, 'leaves', '',
    'echo result 1 >&3; sleep 1000 >/dev/null 2>&1 & exit 0');
spew("$dir/README.md", 'no plugin: it has a dot in its name');
spew("$dir/notes", 'nor is this: it is not executable');
mkdir "$dir/folder";
POSIX::mkfifo("$out.fifo", 0600) or die "$out.fifo: $!";

my $w = lone_worker("worker.plugins=$dir");
my $d = dial_worker($w, 'ABCDEFGH');
is $d->{hello}[6], 'execute,ping,alone,daemon,ends,large,leaves,show,tells',
    'they are operations, by their names';
ok grep({ m{plugin \Q$dir\E/notes: it is not executable} } $w->log),
    'what cannot be run is named';

# -- what it gets
my $jid = $d->run(q{show a 'it''s' b '$(x) "y" ü'});
is $d->ended($jid)->{rc}, 0, 'it runs';
my ($json, @rest) = split /\n/, $d->text($jid, 'stdout');
my @settings = grep { /^MUSTER_(?:STATE|COPY|RELEASE|ANSIBLE)/ } @rest;
ok grep({ $_ eq 'MUSTER_STATE=' . scratch() . '/state' } @settings),
    'settings that plugins go by';
@rest = grep { !/^MUSTER_(?:STATE|COPY|RELEASE|ANSIBLE)/ } @rest;
is_deeply JSON::PP::decode_json($json),
    { jid => $jid, op => 'show', host => lone_host(),
        args => { a => q(it's), b => qq(\$(x) "y" \x{fc}) } },
    'the job on standard input';
is_deeply \@rest,
    [q(MUSTER_ARG_a=it's), 'MUSTER_ARG_b=$(x) "y" ü',
        'MUSTER_HOST=' . lone_host(), "MUSTER_JOB=$jid", 'MUSTER_OP=show',
        (getpwuid $<)[7]],
    'arguments in a clean environment, byte for byte';
is $d->text($jid, 'stderr'), "complaint\n", 'its output is as any';
is $d->{jobs}{$jid}{exit}{state}, 0, 'well, unless it says otherwise';

$jid = $d->run("show a '\xff\x01'");
$d->ended($jid);
($json) = split /\n/, $d->text($jid, 'stdout');
is_deeply JSON::PP::decode_json($json)->{args}, { 'a:' => '/wE=' },
    'bytes that are no text, in base64';
like $d->text($jid, 'stdout'), qr/^MUSTER_ARG_a=\xff\x01$/m,
    'and as they are in the environment';

# -- secrets
my $secret = 'hunter2 "it"';
require MIME::Base64;
$jid = $d->run('show a 1 pass: ' . MIME::Base64::encode_base64($secret, '')
    . ' .secret pass');
$d->ended($jid);
($json) = split /\n/, $d->text($jid, 'stdout');
is_deeply JSON::PP::decode_json($json)->{args}, { a => 1 }, 'no argument';
like $json, qr/"secrets":\{"pass":"\*\*\*"\}/,
    'but a secret, masked in what it writes';
like $d->text($jid, 'stdout'), qr/^MUSTER_SECRET_pass=\*\*\*$/m,
    'in the environment, too';
$jid = $d->run('ends with ok pass: ' . MIME::Base64::encode_base64($secret, '')
    . ' .secret pass');
is $d->ended($jid)->{state}, 0, 'whichever plugin it is';

# -- arguments
is $d->refusal($d->run('show')), 'show needs an argument a', 'one is missing';
is $d->refusal($d->run('show a 1 z 2')), 'show takes no argument z', 'unknown';
is $d->refusal($d->run('show a 1 a 2')), 'argument a twice', 'twice';
is $d->refusal($d->run('show a')), 'odd attribute/value pairs', 'odd';
is $d->refusal($d->run('tells a 1')), 'tells takes no argument a', 'it has none';
is $d->refusal($d->run('notes')), 'no operation notes', 'no plugin';

# -- how it ends
for (['ok', 0, 0], ['skipped', 0, 1], ['failed', 0, 2], ['unreachable', 0, 3],
    ['changed', 0, 4], ['changed', 3, 2], ['ok', 1, 2], ['unreachable', 1, 3])
{
    my ($with, $rc, $state) = @$_;
    $jid = $d->run("ends with $with rc $rc");
    my $end = $d->ended($jid);
    is "$end->{rc} $end->{state}", "$rc $state", "$with, exit $rc: $state";
}

# -- what it tells
$jid = $d->run('tells');
$d->ended($jid);
is_deeply $d->results($jid), [q({"a": [1, "it's"]}), q({"b":"it's"}), 7],
    'results, quoted or not';
is $d->progress($jid)->[0], '10 to begin with', 'how far it is';
is $d->progress($jid)->[-1], '99 x', 'the latest';
cmp_ok scalar(@{$d->progress($jid)}), '<=', 4, 'not each of it';
$jid = $d->run('large');
$d->ended($jid);
is_deeply $d->results($jid), ['"' . 'x' x 300_000 . '"'], 'a large result';
$jid = $d->run('leaves');
my $end = $d->ended($jid);
is "$end->{rc} $end->{leftover}", '0 1', 'what it leaves behind is ended';
is_deeply $d->results($jid), [1], 'and does not hold its end up';

# -- daemons
$jid = $d->run('daemon');
$end = $d->ended($jid);
is "$end->{rc} " . ($end->{leftover} || 0), '0 0', 'one that may leave others';
my ($pid) = slurp("$out.pid") =~ /^(\d+)$/m;
ok kill(0, $pid), 'they live on';
is $d->ended($d->run('ping'))->{rc}, 0, 'the worker goes on';
$jid = $d->run(q{execute cmd 'echo up; sleep 1000'});
$d->says($jid, qr/up/);
my ($monitor) = grep { my %of = %{MusterWorker::children_of($_)}; %of }
    grep { MusterWorker::children_of($w->{pid})->{$_} =~ /^muster/ }
    keys %{MusterWorker::children_of($w->{pid})};
kill 'KILL', $monitor;
is $d->ended($jid)->{reason}, 'lost', 'when a monitor is killed, its job is';
is_deeply [in_job($jid)], [], 'with all of it';
ok kill(0, $pid), 'and not those that were left on purpose';
kill 'KILL', $pid;
$jid = $d->run('daemon wait 1');
$d->says($jid, qr/up/);
($pid) = slurp("$out.pid") =~ /^(\d+)$/m;
$d->send("cancel $jid");
is $d->ended($jid)->{reason}, 'cancelled', 'one that is cancelled';
ok !in_job($jid), 'ends with all of it';

# -- one at a time
$jid = $d->run('alone');
$d->says($jid, qr/up/);
is $d->refusal($d->run('alone')), 'no free slot: alone is running', 'mutex';
is $d->ended($d->run('ends with ok'))->{rc}, 0, 'others go on';
spew("$out.fifo", "x\n");
$d->ended($jid);
my $again = $d->run('alone');
$d->says($again, qr/up/);
pass 'and after it the next one';
$d->send("cancel $again");
is $d->ended($again)->{reason}, 'cancelled', 'which can be cancelled';

# -- looked for again
unlink "$dir/large";
write_plugin($dir, 'fresh', '', 'echo new');
write_plugin($dir, 'ends', 'args none?', 'exit 0');
$d->{load} = [];
$w->signal('HUP');
ok $d->until(sub { grep { ($_->{ops} || '')
        eq 'execute,ping,alone,daemon,ends,fresh,leaves,show,tells' } @{$d->{load}} }),
    'SIGHUP: dispatchers are told of others';
is $d->ended($d->run('fresh'))->{rc}, 0, 'a new one';
is $d->refusal($d->run('large')), 'no operation large', 'one that is gone';
is $d->refusal($d->run('ends with ok')), 'ends takes no argument with',
    'one that is another';
finish();
