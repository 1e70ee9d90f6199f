# Named actions: a worker's configuration says what is run, callers fill its
# holes. Whatever they say, nothing else is run; raw execute is off.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $reg = registry();
my $file = scratch() . '/worker.yaml';
my $mark = scratch() . '/mark';
my $root = $> == 0;
my $hex = 'print join " ", map unpack("H*", $_), @ARGV';

sub actions
{
    my ($more) = @_;
    return <<"END" . ($more || '');
worker:
  ops: [all, '!execute']
  plugins: off
  actions:
    show:
      argv: [perl, -e, '$hex', --, '{word}', 'n={n}', '{{}}']
      args: {word: word, n: int 1 9}
      defaults: {n: 5}
      doc: shows what it was given
    say:
      argv: [sh, -c, 'printf "%s" "\$1"; printf "%s" "\$X" >&2', sh, '{text}']
      args: {text: text, x: enum a b}
      env: {X: '{x}'}
      defaults: {x: a}
      cwd: /
      stdin: on
    where:
      argv: [pwd]
      cwd: /
    count:
      argv: [wc, -c]
      stdin: on
    slow:
      argv: [sleep, 60]
      timeout: 300ms
    pick:
      argv: [cat, '{file}']
      args: {file: path @{[scratch()]}/files}
    login:
      argv: [sh, -c, 'echo "\$MUSTER_SECRET_pw"']
      secrets: [pw]
    loud:
      argv: [yes]
      output: 1000
    over:
      argv: [head, -c, 1001, /dev/zero]
      output: 1000
    quiet:
      argv: [head, -c, 1000, /dev/zero]
      output: 1000
    who:
      argv: [id, -un]
      user: nobody
END
}
my $w = worker($reg, 'w1', {conf => actions()});
my $d = dispatcher($reg);
mkdir scratch() . '/files';
spew(scratch() . '/files/a', "file a\n");

sub ask
{
    my ($text) = @_;
    my $c = $d->dial('exec');
    $c->send("$text .on all\n");
    $c->end;
    return $c->rest;
}
# What came of it: its output, or why it was refused
sub came
{
    my @lines = ask(@_);
    my ($why) = map { /^exit w1 .*refused.* why '(.*)'$/ ? $1 : () } @lines;
    return "refused: $why" if defined $why;
    return join '', map { /^(?:out|part) w1 \w+ (.*)$/ ? (words($1))[0] : () }
        @lines;
}
sub hex_of { return join ' ', map { unpack 'H*', $_ } @_ }

my ($worker) = $reg->find('kind worker');
like $worker, qr/ ops ping,count,login,loud,over,pick,quiet,say,show,slow,where,who /,
    'they are listed as operations';
like $worker, qr/ action\.show 'word word n ''int 1 9'''/, 'with their arguments';
like $worker, qr/ action\.show\.doc 'shows what it was given'/, 'and what they do';
unlike $worker, qr/unpack|printf/, 'but not what is run';

is came('show word x'), hex_of('x', 'n=5', '{}'), 'a hole and a default';
is came('show word x n 7'), hex_of('x', 'n=7', '{}'), 'two holes';
for my $word (';', "\$(touch\${IFS}$mark)", "`touch`", q{'}, q{"}, '{n}', '}}',
    'a--', '*', "x;touch$mark", '=', '&') {
    my $quoted = "'" . $word =~ s/'/''/gr . "'";
    is came("show word $quoted"), hex_of($word, 'n=5', '{}'), "as it is: $word";
}
is came(q{say text 'a;b $(c) ''d''' x b}), q{a;b $(c) 'd'} . 'b',
    'a text for a shell stays an argument';
my %refused = (
    "show word 'a b'" => 'word takes word',
    "show word -e" => 'word takes word',
    "show word ''" => 'word takes word',
    "show word: YQpi" => 'word takes word',
    "show word: YQBi" => 'NUL in argument word',
    "show word a n 10" => 'n takes int 1 9',
    "show word a n 1e0" => 'n takes int 1 9',
    "show n 1" => 'show needs an argument word',
    "show word a word b" => 'argument word twice',
    "show word a argv ls" => 'show takes no argument argv',
    "show word a cmd ls" => 'show takes no argument cmd',
    "show word a user root" => 'show takes no argument user',
    "show word a env 'A=b'" => 'show takes no argument env',
    "show word a cwd /" => 'show takes no argument cwd',
    "show word a stdin x" => 'show takes no argument stdin',
    "say text a x c" => 'x takes enum a b',
    "pick file /etc/passwd" => 'file takes path ' . scratch() . '/files',
    'pick file ' . scratch() . '/files/../worker.yaml' =>
        'file takes path ' . scratch() . '/files',
    "show word abcd .secret word" => 'show needs an argument word',
    "login other hunter2 .secret other" => 'login takes no secret other',
    "login pw hunter2" => 'login takes no argument pw',
);
is came($_), "refused: $refused{$_}", "refused: $_" for sort keys %refused;
is came('execute cmd true'), 'refused: the worker has no operation execute',
    'raw execute is off';
is came('pick file ' . scratch() . '/files/a'), 'file a', 'a path below';
is came('where'), '/', 'its directory';
is came('count stdin abc'), 3, 'standard input, where it is taken';
is came('login pw hunter2 .secret pw'), '***', 'a secret that it names';
like join("\n", ask('slow')), qr/reason timeout/, 'its own timeout';
like join("\n", ask('slow .timeout 100')), qr/reason timeout/,
    'which nobody makes longer';
my @loud = ask('loud');
is scalar(grep { /^out w1 stdout y$/ } @loud), 500, 'no more output than it may';
like $loud[-2], qr/^exit w1 - state 2 reason output /, 'which ends it';
like +(ask('over'))[-2], qr/ state 2 reason output /,
    'and that of one that was quicker';
like +(ask('quiet'))[-2], qr/^exit w1 0 state 0 /, 'as much as it may';
like came('who'), $root ? qr/^nobody$/ : qr/^refused: who runs as nobody/,
    'its user';

# a reload
spew($w->{conf}, actions("    extra:\n      argv: [echo, new]\n"));
$w->signal('HUP');
ok +(eventually { ($reg->find('kind worker'))[0] =~ /count,extra,login/ } 20),
    'one more after SIGHUP';
is came('extra'), 'new', 'which runs';
spew($w->{conf}, actions("    extra:\n      argv: [echo, '{x}']\n"));
$w->signal('HUP');
ok +(eventually { slurp($w->{log}) =~ /\{x\} is no argument/ } 20),
    'one that is wrong is told';
is came('extra'), 'new', 'and changes nothing';

# config check says all of it
my %wrong = (
    '{argv: [sh, -c, "echo {x}"], args: {x: word}}' => 'in the text of a shell',
    '{args: {x: word}}' => 'argv is missing',
    '[ls]' => 'takes a map',
    'ls' => 'takes a map',
    '{argv: [ls, "{x}"], args: {x: wrod}}' => 'a type is word',
);
for (sort keys %wrong) {
    spew($file, "worker:\n  actions:\n    a: $_\n");
    my ($rc, $out, $err) = run_program(program('muster'), 'config', 'check',
        '-c', $file);
    isnt $rc, 0, "config check: $_";
    like "$out$err", qr/worker\.yaml:3: .*\Q$wrong{$_}\E/, "says $wrong{$_}";
}
spew($file, "worker:\n  actions:\n    a: {argv: [x, 'y z', \"q\\\"'\"]}\n");
my ($rc, $out) = run_program(program('muster'), 'config', 'show', '-c', $file);
like $out, qr/worker\.actions\.a: .*argv/, 'config show';
($rc, $out) = run_program(program('muster'), 'config', 'show', '-c', $file,
    '-o', 'worker.actions.b={argv: [true]}', '--json');
like $out, qr/argv: \[true\]/, 'and an action of -o';
finish();
