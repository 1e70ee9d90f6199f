# Whatever comes on the worker's port: an error line, and everybody else is
# served as before.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker('limits.first_line=3s', 'limits.connections=40');
my $d = dial_worker($w, 'ABCDEFGH');
my $jid = $d->run(q{execute cmd 'echo up; exec sleep 1000'});
$d->says($jid, qr/up/);

# before hello
for (["list\n", 'say hello first'],
    ["run ABCDEFGH-9 ping\n", 'say hello first'],
    ["hello\n", 'usage: hello NAME [.host HOST]'],
    ["hello A B\n", 'usage: hello NAME [.host HOST]'],
    ["hello A .token x\n", 'unknown or expired token'],
    ["hello A-B\n", qr/letters and digits/],
    ["hello ''\n", qr/letters and digits/],
    ['hello ' . 'A' x 33 . "\n", qr/letters and digits/],
    ["hello A\0B\n", qr/letters and digits/],
    ["GET / HTTP/1.1\r\n\r\n", 'unknown request GET'],
    ["hello 'A\n", qr/quote/],
    ["\0\n", qr/unknown request/],
    ['x' x 70000 . "\n", 'line too long']) {
    my ($text, $why) = @$_;
    my $c = $w->dial('worker');
    $c->send($text);
    my ($word, $message) = words($c->line);
    my $name = substr $text, 0, 20;
    $name =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    is $word, 'error:', "$name: an error";
    ref $why ? like $message, $why, $name : is $message, $why, $name;
    ok $c->ends, "$name: and the end";
}

# after it: the link stays
for (['frob', 'unknown request frob'],
    ['hello ABCDEFGH', 'hello again'],
    ['hello OTHER234', 'hello again'],
    ['run', qr/usage: run/], ['run ABCDEFGH-9', qr/usage: run/],
    ['run x ping', 'a job is INSTANCE-N, not x'],
    ['run ABCDEFGH- ping', 'a job is INSTANCE-N, not ABCDEFGH-'],
    ['run ABCDEFGH-1x ping', 'a job is INSTANCE-N, not ABCDEFGH-1x'],
    ['run ../x-1 ping', 'a job is INSTANCE-N, not ../x-1'],
    ['run ABCDEFG-1 ping', "job ABCDEFG-1 is another dispatcher's"],
    ['cancel', 'usage: cancel JID'], ['cancel a b', 'usage: cancel JID'],
    ['cancel ABCDEFGH-77', 'unknown job ABCDEFGH-77'],
    ['resume ABCDEFGH-77 1', 'unknown job ABCDEFGH-77'],
    ["resume $jid", 'usage: resume JID SEQ'],
    ["resume $jid -1", 'a line has a number, not -1'],
    ["resume $jid 99999999999999999999999", qr/a line has a number/],
    ["resume $jid 99", "job $jid has no line 99"],
    ["got $jid 99", "job $jid has no line 99"],
    ["got $jid ''", qr/a line has a number/],
    ['list all', 'usage: list'],
    ["run $jid-1 'x", qr/quote/],
    ['x' x 70000, 'line too long']) {
    my ($text, $why) = @$_;
    my $message = $d->error($text);
    my $name = substr $text, 0, 30;
    ref $why ? like $message, $why, $name : is $message, $why, $name;
}
is_deeply [keys %{$d->list}], [$jid], 'the job is as it was';

# bytes at random
srand 1;
for (1 .. 30) {
    my $c = $w->dial('worker');
    $c->send("hello RANDOM\n") if rand > 0.5;
    $c->send(join '', map { chr rand 256 } 1 .. rand 3000);
    rand > 0.5 ? $c->reset : $c->close;
}
is $d->ended($d->run('ping'))->{rc}, 0, 'bytes at random';

# half a line, for ever
my @slow = map { my $c = $w->dial('worker'); $c->send('hell'); $c } 1 .. 20;
my $c = pop @slow;
is((words($c->line))[0], 'error:', 'a first line that does not come');
ok $c->ends, 'ends the connection';
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'others are served';
ok $_->ends, "so do all" for @slow;

# a line a byte at a time, CRLF, no end of line
$c = $w->dial('worker');
$c->send($_) for split //, "hello BYTEWISE\r\n";
is((words($c->line))[0], 'hello', 'a byte at a time');
$c->send("run BYTEWISE-1 ping\r\nlist");
$c->end;
is_deeply [grep { !/^load/ } $c->rest], ['ack BYTEWISE-1',
    'exit BYTEWISE-1 1 0 state 0 reason exited duration 0.000',
    'have BYTEWISE-1 1 exited', '.end'], 'the last line needs no end';

# more connections than it takes
my @many;
for (1 .. 60) {
    my $conn = eval { $w->dial('worker') } or next;
    push @many, $conn;
}
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'too many connections';
$_->close for @many;

# one that never reads
my $deaf = dial_worker($w, 'DEAF2345');
my $before = $w->memory;
my $sent = 0;
eval { $deaf->{conn}->send("frob\n" x 10000, 1) for 1 .. 200; };
grew_less($w, $before, 8192, 'one that never reads costs little');
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'and holds up nobody';
$deaf->{conn}->close;
$d->send("cancel $jid");
$d->ended($jid);
finish();
