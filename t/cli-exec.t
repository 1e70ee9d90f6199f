# muster exec on a scripted dispatcher: what is asked, what is printed, exit
# statuses.
use strict;
use warnings;
use Test::More;
use MIME::Base64 qw(encode_base64);
use Muster;
use Fake;
use JSON::PP;

need_programs('muster');

my $log = scratch() . '/asked';
my $fake = fake(sub {
    my ($line) = @_;
    open my $f, '>>', $log;
    print $f "$line\n";
    close $f;
    return join('', map { "$_\n" } @{answer($line)});
});

sub answer
{
    my ($line) = @_;
    return ["error: 'no worker matches role=none'"] if $line =~ /role=none/;
    my $script = scratch() . '/script';
    my @lines = split /\n/, slurp($script);
    return \@lines;
}

# exec ARGUMENT... while the dispatcher says those lines
sub run_exec
{
    my ($lines, @args) = @_;
    spew(scratch() . '/script', map { "$_\n" } @$lines);
    unlink $log;
    my ($rc, $out, $err) = muster(undef, 'exec', '--dispatcher',
        $fake->address, @args);
    return ($rc, $out, $err, slurp($log));
}

my @two = ('submit AB-1 2', 'ack web1', 'ack web2', 'out web1 stdout hello',
    "out web2 stderr 'it''s bad'", 'exit web1 0 state 0 reason exited');

my ($rc, $out, $err, $asked) = run_exec(
    [@two, 'exit web2 0 state 0 reason exited',
     'done AB-1 state 0 ok 2 failed 0 unreachable 0'],
    '-s', 'role=web', '--', 'echo', 'a b', '');
is $rc, 0, 'all ok';
is $out, "web1 | hello\nweb2 ! it's bad\n", 'host | line';
is $err, '', 'nothing else said';
is $asked, "execute argv 'echo ''a b'' ''''' .on role=web\n", 'as argv';

($rc, $out, $err) = run_exec(
    [@two, 'exit web2 3 state 2 reason exited',
     'done AB-1 state 2 ok 1 failed 1 unreachable 0'],
    '--all', '-c', 'false');
is $rc, 1, 'one failed';
like $err, qr/^muster: 1 ok, 1 failed \(.*\)\n +exit 3: web2\n$/, 'which, why';

my %status = ('exit web2 - state 3 reason lost' => 4,
    'exit web2 - state 3 reason unreachable' => 4,
    "exit web2 - state 2 reason 'signal 9'" => 1,
    'exit web2 - state 2 reason cancelled' => 5,
    'exit web2 - state 1 reason notstarted' => 6,
    'exit web2 - state 2 reason timeout' => 7,
    'exit web2 - state 2 reason idle' => 7,
    'exit web2 - state 2 reason refused' => 1,
    'exit web2 0 state 4 reason exited' => 0);
for my $line (sort keys %status) {
    my $state = $status{$line} ? 2 : 0;
    ($rc) = run_exec([@two, $line, "done AB-1 state $state ok 1 failed 1 "
        . 'unreachable 0'], '--all', '-c', 'x');
    is $rc, $status{$line}, "status of $line";
}

($rc, $out, $err) = run_exec([], '-s', 'role=none', '--', 'true');
is $rc, 3, 'nobody matched';
like $err, qr/no worker matches role=none/, 'and that is said';

($rc, $out, $err, $asked) = run_exec(
    ['submit AB-1 0', 'done AB-1 state 0 ok 0 failed 0 unreachable 0'],
    '-s', 'role=web', '-s', "os 'lin ux'", '-H', 'a,b', '-H', 'c', '--any',
    '--timeout', '1500ms', '--idle', '2m', '--wait', 10, '--parallel', '25%',
    '--fail', 2, '--per', 'rack=1', '--min', 1, '--expect', 2, '--lost',
    'wait', '--user', 'joe', '--cwd', '/tmp', '--env', 'A=b c', '--env',
    'D=e', '-c', "echo 'x'");
is $asked, q{execute cmd 'echo ''x''' env '''A=b c'' D=e'}
    . q{ user joe cwd /tmp .on 'role=web os ''lin ux''' .hosts a,b,c .any 1 .timeout 1.500}
    . q{ .idle 120 .wait 10 .parallel 25% .fail 2 .per rack=1 .min 1}
    . qq{ .expect 2 .lost wait\n}, 'every option';

($rc, $out) = run_exec(['submit AB-1 2', 'ack web1', 'out web1 stdout hi',
    "part web1 stderr \xff", 'cut web1 stdout 12',
    'exit web1 0 state 0 reason exited',
    'exit web2 - state 3 reason lost',
    'done AB-1 state 2 ok 1 failed 0 unreachable 1'],
    '--all', '--json', '-c', 'x');
is $out, <<'END', 'every event as JSON';
{"event":"submit","jid":"AB-1","hosts":2}
{"event":"ack","host":"web1"}
{"event":"out","host":"web1","stream":"stdout","text":"hi"}
{"event":"out","host":"web1","stream":"stderr","base64":"/w==","part":true}
{"event":"cut","host":"web1","stream":"stdout","bytes":12}
{"event":"exit","host":"web1","rc":0,"state":0,"reason":"exited"}
{"event":"exit","host":"web2","rc":null,"state":3,"reason":"lost"}
{"event":"done","jid":"AB-1","state":2,"ok":1,"skipped":0,"failed":0,"unreachable":1,"changed":0,"exit":4}
END

($rc, $out) = run_exec(['submit AB-1 1', 'part w stdout 10%',
    'part w stdout 20%', "out w stdout ' done'", 'part w stdout end',
    'cut w stderr 5', 'exit w 0 state 0 reason exited',
    'done AB-1 state 0 ok 1 failed 0 unreachable 0'], '--all', '-c', 'x');
is $out, "w | 10%20% done\nw | end\nw ~ 5 bytes of stderr were not kept\n",
    'parts of a line are put together in a pipe';

($rc, $out) = run_exec(['submit AB-1 2', 'part w stdout 10%',
    'out v stdout x', 'part w stdout 20%', 'part w stderr e', "out w stdout ''",
    'out w stderr x', 'out w stdout y', 'done AB-1 state 0 ok 0 failed 0 '
    . 'unreachable 0'], '--all', '-c', 'x');
is $out, "w | 10%\nv | x\nw + 20%\nw ! e\nw + \nw + x\nw | y\n",
    'what was torn apart is marked';

($rc, $out) = run_exec(['submit AB-1 4', 'out w10 stdout same',
    'out w9 stdout same', 'out w1 stdout other', 'exit w10 0 state 0 reason '
    . 'exited', 'exit w1 2 state 2 reason exited', 'exit w9 0 state 0 reason '
    . 'exited', 'exit w0 0 state 0 reason exited',
    'done AB-1 state 2 ok 3 failed 1 unreachable 0'],
    '--all', '--group', '-c', 'x');
is $out, <<'END', 'equal outputs folded';
w9,w10 (2 hosts):
same
w0 (1 host): no output
w1 (1 host): exit 2
other
END

# Alike but for names, addresses and numbers; and the difference from the most
my @says = (w1 => "unit nginx\nhost w1\nup 3 days\nactive\nport 80",
    w2 => "unit nginx\nhost w2\nup 12 days\nactive\nport 80",
    w3 => "unit nginx\nhost w3\nup 9 days\nfailed\nport 80",
    w4 => "unit nginx\nhost w4\nup 3 days\nactive\nport 80");
my @life = ('submit AB-1 4');
for (my $i = 0; $i < @says; $i += 2) {
    push @life, (map { "out $says[$i] stdout '$_'" } split /\n/, $says[$i + 1]),
        "exit $says[$i] 0 state 0 reason exited";
}
push @life, 'done AB-1 state 0 ok 4 failed 0 unreachable 0';
($rc, $out) = run_exec(\@life, '--all', '--group', '-c', 'x');
is $out, <<'END', 'alike ones folded, others as their difference';
w1,w2,w4 (3 hosts): 3 texts, alike but for each *
unit nginx
host *
up * days
active
port 80
w3 (1 host): unlike the 3 above
@ line 4
-active
+failed
END
($rc, $out) = run_exec(\@life, '--all', '--group', '--verbose', '-c', 'x');
is $out, (join '', map { my ($host, $text) = @says[2 * $_, 2 * $_ + 1];
        "$host (1 host):\n$text\n" } 0, 1, 3, 2),
    'each whole with --verbose';
($rc, $out) = run_exec(\@life, '--all', '--group', '--json', '-c', 'x');
is join(' ', map { "$_->{hosts}[0]:$_->{family}" }
    grep { $_->{event} eq 'group' } map { decode_json($_) } split /\n/, $out),
    'w1:1 w2:1 w4:1 w3:2', 'and to programs, with its family';

($rc, $out, $err, $asked) = run_exec(['submit AB-7 2'], '--all', '--detach',
    '-c', 'x');
is "$rc $out", "0 AB-7\n", 'detached: the id';
like $asked, qr/\.detach 1/, 'asked for';
($rc, $out) = run_exec(['submit AB-7 2'], '--all', '--detach', '--json',
    '-c', 'x');
is $out, qq({"event":"submit","jid":"AB-7","hosts":2}\n), 'the same as JSON';

($rc, $out, $err, $asked) = run_exec(['submit A-1 0',
    'done A-1 state 0 ok 0 failed 0 unreachable 0'],
    '--all', '-c', "echo 'a\\b'\necho c");
is $asked, 'execute cmd: ' . encode_base64("echo 'a\\b'\necho c", '')
    . " .on all\n", 'shell text of several lines';
($rc, $out, $err, $asked) = run_exec(['submit A-1 0',
    'done A-1 state 0 ok 0 failed 0 unreachable 0'],
    '--all', '--', 'printf', "a\nb", "'");
is $asked, 'execute argv: ' . encode_base64("printf 'a\nb' ''''", '')
    . " .on all\n", 'a word of several lines';

spew(scratch() . '/script', "submit A-1 0\n",
    "done A-1 state 0 ok 0 failed 0 unreachable 0\n");
unlink $log;
muster(undef, {in => "a\nb\0"}, 'exec', '--dispatcher', $fake->address, '--all',
    '--stdin', '--', 'cat');
eventually { slurp($log) =~ /^a$/m };
is slurp($log), "execute argv cat .on all .body 4\na\n",
    'standard input';

for (['no target', '-c', 'x'], ['no command', '--all'],
    ['empty selector', '-s', ' ', '-c', 'x'],
    ['has no value', '-s', 'role', '-c', 'x'],
    ['not both', '--all', '-c', 'x', '--', 'y'],
    ['holds a line end', '--all', '--per', "a\nb=1", '-c', 'x'],
    ['write --secret NAME=@FILE', '--all', '--secret', 'pw=hunter2', '-c', 'x'],
    ['no such variable', '--all', '--secret-env', 'NOT_SET', '-c', 'x'],
    ['NAME=VALUE', '--all', '--env', 'x', '-c', 'x'],
    ['not a number', '--all', '--parallel', '101%', '-c', 'x'],
    ['not one of', '--all', '--lost', 'found', '-c', 'x'],
    ['unexpected word', '--all', 'uptime']) {
    my ($text, @args) = @$_;
    ($rc, $out, $err, $asked) = run_exec([], @args);
    is "$rc$asked", '2', "usage: $text";
    like $err, qr/\Q$text\E/, 'and that is said';
}

finish();
