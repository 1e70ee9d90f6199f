# libmuster runs a job through a dispatcher: nothing of its life is lost or
# told twice, whatever becomes of the connection.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
my $dis = fake();
my $d = driver($reg->name, $dis->address);

# The next connection to the dispatcher, and what it asks
sub asked
{
    my $c = $dis->accept or die 'nobody asks';
    return ($c, $c->line);
}

$d->send("exec e execute cmd 'echo it''s' .on 'role=web os linux'\n");
my ($c, $q) = asked();
is $q, "execute cmd 'echo it''s' .on 'role=web os linux'", 'the request';
$c->send("submit AB-1 2\nack web1\nout web1 stdout 'a b'\n"
    . "out web1 stderr 'it''s'\npart web1 stdout '\0\e[1m '\n"
    . "cut web1 stdout 99\nexit web1 0 state 4 reason exited took 1\n"
    . "exit web2 - state 3 reason 'signal 9'\n"
    . "done AB-1 state 2 ok 0 failed 0 unreachable 1 changed 1 odd x\n");
is $d->news, 'e submit AB-1 2', 'submitted';
is $d->news, 'e ack web1', 'taken';
is $d->news, "e out web1 stdout 'a b'", 'a line';
is $d->news, "e out web1 stderr 'it''s'", 'a line of errors';
is $d->news, "e part web1 stdout '\0\e[1m '", 'any byte';
is $d->news, 'e cut web1 stdout 99', 'what was not kept';
is $d->news, 'e exit web1 0 state 4 reason exited took 1', 'an end';
is $d->news, "e exit web2 -1 state 3 reason 'signal 9'", 'another';
is $d->news, 'e done 2 ok 0 skipped 0 failed 0 unreachable 1 changed 1',
    'the end of it all';
is $c->line, undef, 'the connection is closed';

# -- results, in pieces or not, over a connection that breaks
$d->send("follow e AB-2\n");
($c, $q) = asked();
$c->send("submit AB-2 1\nprogress web1 7 ''\nresult web1 '[1]'\n"
    . "result+ web1 '{\"a\":'\nresult+ web1 ' \"it'\n");
is $d->news, 'e submit AB-2 1', 'followed';
is $d->news, "e progress web1 7 ''", 'how far it is';
is $d->news, 'e result web1 [1]', 'a result';
$c->close;
($c, $q) = asked();
$c->send("submit AB-2 1\nprogress web1 7 ''\nresult web1 '[1]'\n"
    . "result+ web1 '{\"a\": \"it''s'\nresult web1 '\"}'\n"
    . "progress web1 100 done\ncut web1 result 10\nresult web1 '1]'\n"
    . "result web1 2\ndone AB-2 state 0\n");
my @told = $d->until(qr/^e done/);
is_deeply [grep { !/^link / } @told],
    [q{e result web1 '{"a": "it''s"}'}, 'e progress web1 100 done',
        'e cut web1 result 10', 'e cut web1 result 3', 'e result web1 2',
        'e done 0 ok 0 skipped 0 failed 0 unreachable 0 changed 0'],
    'one whole result of pieces told twice; half a one is none';

# -- errors before anything ran
$d->send("exec e execute cmd x\n");
($c) = asked();
$c->send("error: 'no target'\n");
is $d->news, "e error 'no target' refused", 'a refusal';
$d->send("exec e execute cmd x\n");
($c) = asked();
$c->close;
like $d->news, qr/^e error '.*may have been started, or not' unreachable$/,
    'lost before an answer: not tried again';
for my $bad ('hello', 'ack h', 'submit', "submit A-1 1\nout h what x",
    "submit A-1 2\nack h\nack i\nack j", "submit A-1 1\ndone B-1 state 0",
    "submit A-1 1\nsubmit B-1 1")
{
    $d->send("exec e execute cmd x\n");
    ($c) = asked();
    $c->send("$bad\n");
    my @l = $d->until(qr/^e error/);
    like $l[-1], qr/refused$/, "'$bad' is an error";
}
$d->send("exec e execute cmd 'a\0b'\n");
($c, $q) = asked();
is $q, 'execute cmd a', '(the driver takes C strings)';
$d->send("free e\n");
is $c->line, undef, 'detached';
$d->send("exec e ''\n");
like $d->news, qr/^e bad /, 'no operation';

# -- detached
$d->send("exec e execute cmd x .detach 1\n");
($c, $q) = asked();
is $q, 'execute cmd x .detach 1', 'to run by itself';
$c->send("submit AB-3 1\n");
is $d->news, 'e submit AB-3 1', 'submitted';
is $d->news, 'e done 0 ok 0 skipped 0 failed 0 unreachable 0 changed 0',
    'that is all';

# -- a job whose connection breaks
$d->send("exec e execute cmd x\n");
($c) = asked();
$c->send("submit AB-4 2\nack a\nout a stdout one\nout a stdout two\n"
    . "part a stdout thr\nout b stdout one\n");
is_deeply [map { $d->news } 1 .. 6], ['e submit AB-4 2', 'e ack a',
    'e out a stdout one', 'e out a stdout two', 'e part a stdout thr',
    'e out b stdout one'], 'the first part';
$c->reset;
($c, $q) = asked();
is $q, 'follow AB-4', 'lost: it is followed';
$c->send("submit AB-4 2\nack a\nout a stdout one\n");
ok $d->quiet, 'what was told is not told again';
$c->close;
($c, $q) = asked();
is $q, 'follow AB-4', 'lost again';
$c->send("submit AB-4 2\nack a\ncut a stdout 4\nout a stdout two\n"
    . "out a stdout three\nout a stdout four\nack b\nout b stdout one\n"
    . "out b stdout two\nexit a 0 state 0\n");
is $d->news, 'e out a stdout ee', 'the rest of a line';
is $d->news, 'e out a stdout four', 'the next';
is $d->news, 'e ack b', 'what is told for the first time';
is $d->news, 'e out b stdout two', 'the other host';
is $d->news, 'e exit a 0 state 0 reason exited', 'an end';
$c->reset;
($c, $q) = asked();
$c->send("submit AB-4 2\nack a\ncut a stdout 500\nout a stdout end\n"
    . "exit a 0 state 0\nexit b 1 state 2\n"
    . "done AB-4 state 2 ok 1 failed 1 unreachable 0\n");
is $d->line, "link down 'dispatcher, job AB-4: the peer closed the connection'",
    'a loss is told';
is $d->line, "link up 'dispatcher, job AB-4: found again'", 'and its end';
is $d->news, 'e cut a stdout 481', 'what was cut meanwhile, but for the told';
is $d->news, 'e out a stdout end', 'then what was kept';
is $d->news, 'e exit b 1 state 2 reason exited', 'each end once';
is $d->news, 'e done 2 ok 1 skipped 0 failed 1 unreachable 0 changed 0',
    'done';

$d->send("exec e execute cmd x\n");
($c) = asked();
$c->send("submit AB-5 1\n");
is $d->news, 'e submit AB-5 1', 'submitted';
$c->close;
($c, $q) = asked();
$c->send("error: 'no such job'\n");
is $d->news, "e error 'no such job' refused", 'a job that was forgotten';

# -- followed from the start
$d->send("follow e AB-6\n");
($c, $q) = asked();
is $q, 'follow AB-6', 'a job of others';
$c->close;
($c, $q) = asked();
is $q, 'follow AB-6', 'asked for again, for that does no harm';
$c->send("submit AB-6 1\nexit a 0 state 0\ndone AB-6 state 0 ok 1\n");
is $d->news, 'e submit AB-6 1', 'its life';
is $d->news, 'e exit a 0 state 0 reason exited', 'from the start';
like $d->news, qr/^e done 0 ok 1 /, 'to the end';

# -- cancelled
$d->send("exec e execute cmd x\n");
($c) = asked();
$d->send("cancel e\n");
is $d->news, 'e cancel no', 'not before it is submitted';
$c->send("submit AB-7 1\n");
is $d->news, 'e submit AB-7 1', 'submitted';
$d->send("cancel e\n");
is $d->news, 'e cancel asked', 'now';
my ($k, $kq) = asked();
is $kq, 'cancel AB-7', 'on a connection of its own';
$k->reset;
($k, $kq) = asked();
is $kq, 'cancel AB-7', 'once more, if that is lost';
$k->send("ok AB-7\n");
$k->close;
$c->send("exit a - state 2 reason cancelled\ndone AB-7 state 2 failed 1\n");
is $d->news, 'e exit a -1 state 2 reason cancelled', 'its end comes';
like $d->news, qr/^e done 2 /, 'as usual';

# -- paused
$d->send("exec e execute cmd x\nat e output pause\n");
($c) = asked();
$c->send("submit AB-8 1\n" . "out a stdout x\n" x 3);
is $d->news, 'e submit AB-8 1', 'submitted';
is $d->news, 'e out a stdout x', 'a line, and a pause';
ok $d->quiet, 'nothing more';
$d->send("resume e\n");
is $d->news, 'e out a stdout x', 'then the next';
is $d->news, 'e out a stdout x', 'and the next';
$d->send("pause e\n");
ok $d->quiet, 'paused again';
$c->send("out a stdout y\ndone AB-8 state 0\n");
$c->close;
ok $d->quiet, 'not even the end';
$d->send("resume e\n");
is $d->news, 'e out a stdout y', 'comes before';
like $d->news, qr/^e done 0 /, 'it goes on';
$d->finish;

# -- freed in each of its callbacks
my %say = (submit => "submit A-1 2\n", ack => "ack a\n",
    output => "out a stdout x\n", cut => "cut a stdout 1\n",
    exit => "exit a 0 state 0\n", done => "done A-1 state 0\n",
    error => "error: x\n");
for my $do ('free e', 'end') {
    for my $event (qw(submit ack output cut exit done error)) {
        next if $event =~ /done|error/ && $do ne 'end';
        $d = driver($reg->name, $dis->address);
        $d->send("exec e execute cmd x\nat e $event $do\n");
        ($c) = asked();
        my @order = $event eq 'error' ? ('error') :
            qw(submit ack output cut exit done);
        $c->send(join '', map { $say{$_} } @order);
        my $word = $event eq 'output' ? 'out' : $event;
        like $d->until(qr/^e $word/) ? 'yes' : 'no', qr/yes/,
            "$event: $do";
        ok $d->quiet, 'silence';
        $d->finish;
    }
}
done_testing();
