# What may be run by whom, with which arguments: every token with every request,
# on the job port, over HTTP and at a worker; raw commands, a plugin, a named
# action. Each cell of the table stands there. Then what smugglers try: whatever
# gets through has its effect in a file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Muster;
use MusterAudit;
use MusterHttp;
use MusterWorker;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $base = "register: ['*']\nset: ['*']\nfind: all\nwatch: all";
my %ops = (
    any => "['*']",
    noraw => "['*', '!execute']",
    uptime => "['execute cmd=uptime']",
    svc => "['svc name=web-* state=restarted graceful?=*']",
    open => "['svc name=web-* *', ping]",
    act => '[restart]',
    act1 => "['restart unit=a*']",
);
my @tokens = (worker => $base, finder => '{find: all}',
    map { ($_ => "$base\nexec: all\nops: $ops{$_}") } sort keys %ops);
my $reg = registry('-o', 'auth.anonymous=none', '-o', 'auth.tokens='
    . tokens_file(@tokens));
my @closed = ('-o', 'auth.anonymous=none', '-o');
my $plugins = scratch() . '/plugins';
write_plugin($plugins, 'svc', 'args name,state?,graceful?',
    'echo "$MUSTER_ARG_name"');
my $mark = scratch() . '/mark';
my %log = map { $_ => audit_file($_) } qw(dispatch work raw);
sub start
{
    my ($host, $log, $more) = @_;
    return worker($reg, $host, {unregistered => 1, conf => <<"END"}, @closed,
worker:
$more
  actions:
    restart:
      argv: [sh, -c, 'echo "restarted \$1"', sh, '{unit}']
      args: {unit: word}
END
        'token_file=' . token_file('worker'), '-o',
        "worker.plugins=$plugins", '-o', "audit.to=file:$log");
}
my $w = start('w1', $log{work}, "  ops: [all]");
my $raw = start('w2', $log{raw}, "  ops: [all, '!execute']");
my $d = dispatcher($reg, @closed, 'token_file=' . token_file('any'),
    '-o', "audit.to=file:$log{dispatch}");

sub exec_port
{
    my ($token, $line) = @_;
    my $c = $d->dial('exec');
    $c->send(".token $token.secret\n") if $token ne 'none';
    $c->send("$line\n");
    $c->end;
    return [$c->rest];
}
ok +(eventually {
    exec_port('any', 'ping .on all .expect 2')->[0] =~ /^submit/
}), 'two workers';

# In a word: ran, or who said no
sub told
{
    my ($life) = @_;
    my $text = join "\n", @$life;
    return 'token' if $text =~ /^error: 'unknown or expired token/;
    return 'right' if $text =~ /no right to /;
    return 'worker' if $text =~ /^exit .* refused .*token does not allow/m;
    return 'off' if $text =~ /^exit .* refused .*no operation/m;
    return 'ran' if $text =~ /^exit \S+ 0 state 0 /m;
    return $text;
}
my $n = 0;
# The same request of a dispatcher with that token, at the worker itself
sub at_worker
{
    my ($token, $request) = @_;
    my $c = $w->dial('worker');
    $c->send(".token $token.secret\n") if $token ne 'none';
    my $name = 'D' . ++$n;
    $c->send("hello $name\n");
    my $hello = $c->line;
    return 'right' if !defined $hello || $hello =~ /^error: 'no right/;
    $c->send("run $name-1 $request\n");
    while (defined(my $line = $c->line)) {
        return 'right' if $line =~ /^refuse .*token does not allow/;
        return $line if $line =~ /^(?:refuse|error)/;
        return 'ran' if $line =~ /^exit \S+ \d+ 0 state 0/;
    }
    return 'nothing';
}

my @who = qw(none finder any noraw uptime svc open act act1);
my $ok = 'ran';
my $no = 'right';
my @table = (
    # request                          none finder any  noraw uptime svc open act act1
    ['ping',                           $no, $no, $ok, $ok, $no, $no, $ok, $no, $no],
    ['execute cmd true',               $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ['execute cmd uptime',             $no, $no, $ok, $no, $ok, $no, $no, $no, $no],
    ['execute cmd uptime cwd /',       $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ["execute cmd uptime env 'A=b'",   $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ['execute cmd uptime stdin x',     $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ['execute argv uptime',            $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ['execute cmd: dXB0aW1l',          $no, $no, $ok, $no, $ok, $no, $no, $no, $no],
    ['execute cmd: dXB0aW1lCg==',      $no, $no, $ok, $no, $no, $no, $no, $no, $no],
    ['svc name web-1 state restarted', $no, $no, $ok, $ok, $no, $ok, $ok, $no, $no],
    ['svc name web-1 state restarted graceful 1',
                                       $no, $no, $ok, $ok, $no, $ok, $ok, $no, $no],
    ['svc name web-1 state stopped',   $no, $no, $ok, $ok, $no, $no, $ok, $no, $no],
    ['svc name web-1',                 $no, $no, $ok, $ok, $no, $no, $ok, $no, $no],
    ['svc name db-1 state restarted',  $no, $no, $ok, $ok, $no, $no, $no, $no, $no],
    ['svc name: d2ViLTEAZGI= state restarted',
                                       $no, $no, undef, undef, $no, $no, $no, $no, $no],
    ['restart unit a1',                $no, $no, $ok, $ok, $no, $no, $no, $ok, $ok],
    ['restart unit b1',                $no, $no, $ok, $ok, $no, $no, $no, $ok, $no],
);
for my $row (@table) {
    my ($request, @cells) = @$row;
    is scalar(@cells), scalar(@who), "$request: a cell for every token";
    for my $i (0 .. $#who) {
        next if !defined $cells[$i]; # not a question of rights
        is told(exec_port($who[$i], "$request .on host=w1")), $cells[$i],
            "$who[$i]: $request: $cells[$i]";
        is at_worker($who[$i], $request), $cells[$i],
            "... and at the worker itself";
    }
}

# the same over HTTP
sub over_http
{
    my ($token, $path, $body) = @_;
    my $a = http($d, 'POST', $path, face => 'http', headers => {
            'Content-Type' => 'application/json',
            $token eq 'none' ? () : (Authorization => "Bearer $token.secret")},
        body => JSON::PP::encode_json({targets => ['w1'], %$body}));
    return $a->{status} =~ /^2/ ? 'ran' : $a->{status} =~ /^40[13]$/ ? 'right'
        : "$a->{status} $a->{body}";
}
for (['none', $no, $no], ['finder', $no, $no], ['any', $ok, $ok],
    ['noraw', $ok, $no], ['uptime', $no, $no], ['open', $ok, $no]) {
    my ($token, $ping, $execute) = @$_;
    is over_http($token, '/ping', {}), $ping, "HTTP: $token: ping: $ping";
    is over_http($token, '/execute', {cmd => 'true'}), $execute,
        "HTTP: $token: execute: $execute";
}
is over_http('uptime', '/execute', {cmd => 'uptime'}), $ok,
    'HTTP: uptime: execute uptime';
is over_http('uptime', '/execute', {cmd => "uptime\ntouch $mark"}), $no,
    'HTTP: and no more';

# a worker whose own settings leave raw commands out
is told(exec_port('any', 'execute cmd true .hosts w2')), 'off',
    'worker.ops: no raw commands, whoever asks';
is told(exec_port('any', 'restart unit a1 .hosts w2')), 'ran', 'but actions';
is told(exec_port('any', 'svc name x .hosts w2')), 'ran', 'and plugins';

# -- smugglers -------------------------------------------------------------------

my $uptime = encode_base64("uptime\0; touch $mark", '');
my $two = encode_base64("uptime\nexecute cmd 'touch $mark' .on all", '');
for my $line (
    "execute cmd 'uptime; touch $mark' .on host=w1",
    "execute cmd uptime cmd 'touch $mark' .on host=w1",
    "execute cmd 'touch $mark' cmd uptime .on host=w1",
    "execute cmd uptime argv 'touch $mark' .on host=w1",
    "execute cmd: $uptime .on host=w1",
    "execute cmd: $two .on host=w1",
    "execute cmd uptime cmd: " . encode_base64("touch $mark", '')
        . ' .on host=w1',
    "execute 'cmd uptime' 'touch $mark' .on host=w1",
    "execute cmd uptime .on host=w1 .body 6\ntouch x",
    "execute cmd uptime x 'touch $mark' .secret x .on host=w1",
    "execute cmd uptime env 'PATH=/tmp' .on host=w1",
    "Execute cmd 'touch $mark' .on host=w1",
    "'execute ' cmd 'touch $mark' .on host=w1",
    "execute cmd uptime .on host=w1 .by any",
    "execute cmd uptime .on host=w1 .only ''",
    "../execute cmd uptime .on host=w1",
    ) {
    my $life = exec_port('uptime', $line);
    unlike join("\n", @$life), qr/^submit/m, 'nothing begins: '
        . $line =~ s/\n/\\n/r;
}
for my $line ("restart unit 'a;touch\${IFS}$mark' .on host=w1",
    "restart unit 'a\$(touch\${IFS}$mark)' .on host=w1",
    "restart unit a argv 'touch $mark' .on host=w1",
    "restart unit 'a x' .on host=w1", "restart unit 'a' unit '-c' .on host=w1") {
    exec_port('act1', $line);
}
# through the worker's port, behind a request that is allowed
my $c = $w->dial('worker');
$c->send(".token uptime.secret\nhello SMUGGLER\nrun SMUGGLER-1 execute cmd: "
    . "$two\nrun SMUGGLER-2 execute cmd 'touch $mark'\n"
    . "run SMUGGLER-3 execute cmd uptime .body 40\nrun SMUGGLER-4 execute cmd "
    . "'touch $mark'      \n" . "list\n");
my @said = $c->until(qr/^\.end/);
is scalar(grep { /^refuse SMUGGLER-[123] / } @said), 3, 'nor at the worker';
ok !(grep { /SMUGGLER-4/ } @said), 'where a body is no request';
ok !-e $mark, 'and nothing of all this had an effect';

# who was refused what stands in the audit logs, without the arguments
my $text = slurp($log{dispatch});
like $text, qr/"who":"uptime".*no right to execute execute with these arguments/,
    'the dispatcher has written down who';
unlike $text, qr/touch/, 'but no argument';
like slurp($log{work}), qr/does not allow this operation with these arguments/,
    'the worker, too';

# tokens are made and shown with such rights
my $file = scratch() . '/made.yaml';
my ($rc, $out, $err) = muster($reg, 'token', 'create', 'new', '--file', $file,
    '--exec', 'all', '--ops', 'ping', '--ops',
    "svc name=web-* 'state=re started' *", '--ops', '!execute');
is $rc, 0, 'token create' or diag $err;
($rc, $out) = muster($reg, 'token', 'show', 'new', '--file', $file, '--json');
is_deeply JSON::PP::decode_json($out)->{ops},
    ['ping', "svc name=web-* 'state=re started' *", '!execute'], 'token show';
($rc, $out, $err) = muster($reg, 'token', 'create', 'bad', '--file', $file,
    '--exec', 'all', '--ops', 'svc name');
is $rc, 2, 'what is no argument';
like $err, qr/'name' is no ARGUMENT=GLOB/, 'is told';
finish();
