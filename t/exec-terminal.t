# muster exec on a terminal: aligned columns, one status line, nothing of a
# host's reaches the terminal raw; Ctrl-C asks.
use strict;
use warnings;
use Test::More;
use Muster;
use Terminal;

need_programs(qw(muster musterd muster-dispatch muster-worker));
plan skip_all => 'no script(1)' unless Terminal::available();

my $reg = registry();
my $dispatcher = dispatcher($reg);
worker($reg, $_, '-o', 'worker.grace=300ms') for qw(w1 worker2);
ok eventually { (muster($reg, 'run', 'ping', '--all', '--expect', 2))[0]
        == 0 }, 'two workers';

sub terminal
{
    return Terminal->new(program('muster'), '--registry',
        $reg->registry_address, @_);
}

# To take the status line out of what is seen
sub without_status { my ($text) = @_; $text =~ s/\r\e\[K//g; return $text }

my $t = terminal('exec', '--all', '--color', 'never', '-c',
    'echo hello; echo bad >&2');
my $shown = $t->rest;
is $t->status, 0, 'ok';
# where it takes long there is a status line, which comes and goes
$shown =~ s/\r\w+-\d+  \d\/2 done[^\r]*//g;
$shown =~ s/\r\e\[K//g;
my @shown = split /^/, $shown;
like pop @shown, qr/\Amuster: 2 ok \(.*\)\r\n\z/, 'a closing line';
is join('', sort @shown), "w1      ! bad\r\nw1      | hello\r\n"
    . "worker2 ! bad\r\nworker2 | hello\r\n", 'aligned ones before';

$t = terminal('exec', '-H', 'w1', '--color', 'never', '-c',
    'printf "\033[31mred\033]0;title\007\rx\302\233y\377\tz\r\n"');
$shown = $t->rest;
like $shown, qr/^w1 \| \Q\x1b[31mred\x1b]0;title\x07\x0dx\xc2\x9by\xff\E\tz\r\n/,
    'control characters are shown, not obeyed';
unlike $shown, qr/[\e\a]/, 'and none comes through';

$t = terminal('exec', '-H', 'w1', '--json', '-c', 'printf "\302\233\033[1m\n"');
unlike $t->rest, qr/[\e\xc2]/, 'nor by JSON';

$t = terminal('exec', '--all', '-c', 'echo one');
like $t->rest, qr/\e\[\d+mw1 +\|\e\[0m one/, 'in colour';

# Whom it waits for
{
    my $hold = scratch() . '/hold';
    spew($hold, '');
    my $w = terminal('exec', '--all', '--color', 'never', '-c',
        "test \$MUSTER_HOST = w1 || while test -e $hold; do sleep 0.05; done");
    ok $w->until(qr/\r\w+-\d+  1\/2 done, 1 running, \d+\.\d\/s  \S+ s  waiting for worker2\e\[K/),
        'how many end in a second, and who is slow';
    unlink $hold;
    $w->rest;
    is $w->status, 0, 'and ends';
}

# The status line
my $go = scratch() . '/go';
sub job { spew($go, ''); return "echo begin; while test -e $go; do sleep 0.05; "
        . 'done; echo end' }
$t = terminal('exec', '--all', '--color', 'never', '-c', job());
ok $t->until(qr/\r\w+-\d+  0\/2 done, 2 running  \S+ m?s\e\[K/),
    'a status line';
unlink $go;
$shown = $t->rest;
is $t->status, 0, 'ends well';
like $shown, qr/\r\e\[K(?:w1|worker2) +\| end/, 'it makes room for output';
my ($tail) = $shown =~ /(?:.*running|\A)(.*)/s;
like $tail, qr/\r\e\[K.*muster: 2 ok [^\n]*\n\z/s, 'and is gone in the end';

$t = terminal('exec', '--all', '-q', '-c', job());
ok $t->until(qr/begin.*begin/s), 'quiet';
select undef, undef, undef, 0.7;
unlink $go;
unlike $t->rest, qr/done/, 'has no status line';

# Ctrl-C asks: o continues, d detaches, c and another Ctrl-C cancel.
$t = terminal('exec', '--all', '-c', job());
$t->until(qr/begin.*begin/s);
$t->press("\x03");
ok $t->until(qr/\[d\]etach, \[c\]ancel, c\[o\]ntinue\?/), 'Ctrl-C asks';
$t->press('x');
$t->press('o');
unlink $go;
like $t->rest, qr/end.*end/s, 'o continues';
is $t->status, 0, 'to the end';

$t = terminal('exec', '--all', '-c', job());
$t->until(qr/begin.*begin/s);
$t->press("\x03");
$t->until(qr/ntinue\?/);
$t->press('c');
$shown = $t->rest;
is $t->status, 5, 'c cancels: 5';
like $shown, qr/cancelling \w+-\d+.*cancelled: (?:w1|worker2) /s, 'says so';

$t = terminal('exec', '--all', '-c', job());
$t->until(qr/begin.*begin/s);
$t->press("\x03");
$t->until(qr/ntinue\?/);
$t->press("\x03");
is $t->status, 5, 'another Ctrl-C cancels: 5';

$t = terminal('exec', '--all', '-c', job());
$t->until(qr/begin.*begin/s);
$t->press("\x03");
$t->until(qr/ntinue\?/);
$t->press('d');
$shown = $t->rest;
is $t->status, 0, 'd detaches: 0';
my ($jid) = $shown =~ /muster follow (\w+-\d+)/;
ok $jid, 'says how to see it again';
like((muster($reg, 'job', $jid))[1], qr/ state 1 /, 'and the job goes on');
$t = terminal('follow', $jid);
$t->until(qr/begin.*begin/s);
unlink $go;
like $t->rest, qr/end.*end/s, 'followed';
is $t->status, 0, 'to its end';

# Ctrl-C before there is a job
$t = terminal('exec', '-s', 'role=none', '--wait', 60, '-c', 'x');
ok $t->until(qr/waiting for a worker/), 'a status line while waiting';
$t->press("\x03");
$t->until(qr/ntinue\?/);
$t->press('c');
is $t->status, 5, 'given up: 5';

# The tables
$t = terminal('jobs', '--color', 'never');
like $t->rest, qr/^job +state +hosts +failed +started +took +on +command\r\n/,
    'jobs is a table';
$t = terminal('job', $jid, '--color', 'never');
like $t->rest, qr/^job +$jid\r\nstate +done\r\n.*\r\nhost +state +exit +reason/s,
    'job is one, too';
$t = terminal('find', 'kind=worker', '--table=host,os,nothing');
like $t->rest, qr/\e\[1mname .*\e\[0m\r\ntcp!/, 'find --table has a heading';

finish();
