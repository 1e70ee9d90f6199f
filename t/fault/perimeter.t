# What somebody can do who does not belong: one without a token, and one whose
# token may find and nothing else. Whatever they try is refused with its own
# reason, stands in the audit logs, and has no effect.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use MusterHttp;
use Test::More;
use Tokens;

need_programs('musterd', 'muster-dispatch', 'muster-worker', 'muster');
my $tokens = tokens_file(
    finder => '{find: all}',
    work => "{register: ['*'], set: ['*']}",
    desk => "{find: all, watch: all, exec: all, ops: ['*']}",
    boss => "{register: ['*'], set: ['*'], find: all, watch: all, exec: all, "
        . "ops: ['*'], admin: on}");
my %log = map { $_ => audit_file($_) } qw(reg dispatch work);
my @auth = ('-o', 'auth.anonymous=none', '-o', "auth.tokens=$tokens");
my $reg = registry(@auth, '-o', "audit.to=file:$log{reg}",
    '-o', 'registry.admin=127.0.0.1:0');
my $work = worker($reg, 'w1', {unregistered => 1}, @auth,
    '-o', "audit.to=file:$log{work}", '-o', 'token_file=' . token_file('work'));
my $dispatch = dispatcher($reg, @auth, '-o', "audit.to=file:$log{dispatch}",
    '-o', 'token_file=' . token_file('desk'));

my $mark = scratch() . '/mark';    # what no stranger's command may make

# a connection that has shown a token, or none
sub speak
{
    my ($daemon, $face, $token) = @_;
    my $c = $daemon->dial($face);
    $c->send(".token $token.secret\n") if $token ne 'none';
    return $c;
}

# the first line of the answer to one
sub answer_to
{
    my ($daemon, $face, $token, $line) = @_;
    my $c = speak($daemon, $face, $token);
    $c->send("$line\n");
    $c->end;
    my ($first) = $c->rest;
    return defined $first ? $first : '';
}

sub quoted { return "'" . $_[0] =~ s/'/''/gr . "'" }

# -- what there is, by those who may ---------------------------------------------

my $owner = speak($reg, 'new', 'boss');
$owner->send("victim kind web persist 1 .ack 1\n");
like $owner->line, qr/^ok/, 'a service';
ok +(eventually {
    answer_to($dispatch, 'exec', 'boss', 'ping .on all .expect 1') =~ /^submit/;
}), 'a worker, and a dispatcher that knows it';
my $job = speak($dispatch, 'exec', 'boss');
$job->send("execute cmd 'echo confidential; echo x >> $mark.ran' .on all\n");
my @life = $job->rest;
my ($jid) = $life[0] =~ /^submit (\S+)/ or diag "@life";
like "@life", qr/confidential/, 'a job with its output';
is slurp("$mark.ran"), "x\n", 'which ran';

my $registered = join "\n", sort map { s/ (?:load|slots_free) \S+//gr } found();
my $jobs = jobs();

# -- what strangers try ----------------------------------------------------------

for my $token (qw(none finder)) {
    my $who = $token eq 'none' ? 'without a token' : 'who may find only';
    for my $line ('evil kind web', 'evil kind web persist 1',
        'victim kind evil .replace 1', '.of victim kind evil',
        '.of victim .unset kind', '.remove victim') {
        like answer_to($reg, 'new', $token, $line), qr/^error: 'no right to /,
            "new, $who: $line";
    }
    for my $line ("execute cmd 'touch $mark' .on all",
        "execute argv 'touch $mark' .hosts w1", 'ping .on all', 'ping .hosts w1',
        "cancel $jid", "delete $jid", "follow $jid", "job $jid", 'jobs') {
        my @told = do {
            my $c = speak($dispatch, 'exec', $token);
            $c->send("$line\n");
            $c->end;
            $c->rest;
        };
        like $told[0] || '', $line eq 'jobs' ? qr/^(?:error: 'no right|$)/
            : qr/^error: '(?:no right to |no job )/, "exec, $who: $line";
        unlike "@told", qr/confidential|touch/, 'and is told nothing';
    }
    for my $line ("run $jid execute cmd 'touch $mark'", 'hello evil', 'list',
        "resume $jid 0", "cancel $jid") {
        like answer_to($work, 'worker', $token, $line),
            qr/^error: '(?:no right to |say hello first)/,
            "worker, $who: $line";
    }
    my %header = $token eq 'none' ? ()
        : (Authorization => "Bearer $token.secret");
    for my $try (['GET', '/debug/state'], ['GET', '/v1/tokens'],
        ['POST', '/v1/tokens', '{"name":"evil","admin":"on"}'],
        ['DELETE', '/v1/tokens/boss']) {
        my ($method, $path, $body) = @$try;
        is http($reg, $method, $path, headers => {%header,
            $body ? ('Content-Type' => 'application/json') : ()},
            body => $body)->{status}, $token eq 'none' ? 401 : 403,
            "admin, $who: $method $path";
    }
}
like answer_to($reg, 'find', 'none', 'kind *'), qr/^(?:error: 'no right|$)/,
    'find, without a token';
like answer_to($reg, 'find', 'finder', '.name victim'), qr/^victim kind web/,
    'find is what the finder may';

# -- a browser that was lured ------------------------------------------------------

for my $try (
    ['another site', 403, {Origin => 'https://evil.example'}],
    # (who knows the token is no such page, and may use any name of ours)
    ['a name that is none of ours', 421, {Host => 'evil.example',
        Authorization => undef}],
    ['a form', 415, {'Content-Type' => 'text/plain'}],
    ) {
    my ($what, $status, $headers) = @$try;
    is http($reg, 'POST', '/v1/tokens', body => '{"name":"evil"}',
        headers => {Authorization => 'Bearer boss.secret',
            'Content-Type' => 'application/json', %$headers})->{status},
        $status, "admin, a POST from $what";
}

# -- names and texts that would be something else ------------------------------------

for my $name ('../evil', 'a/../../etc/passwd', '/etc/passwd', 'error:') {
    like answer_to($reg, 'new', 'boss', "$name kind web"),
        qr/^error: 'bad (?:character in )?service name/, "no service is called $name";
}
like answer_to($reg, 'new', 'boss', "evil kind 'a\0b'"), qr/^error: /,
    'no NUL in a value';
for my $op ('../../bin/sh', '/bin/sh', '..', 'sh;touch') {
    my $c = speak($dispatch, 'exec', 'boss');
    $c->send("$op x y .on all\n");
    my $life = join "\n", $c->rest;
    like $life, qr/^error: |^exit w1 - state [23] reason (?:refused|unreachable)/m,
        "no operation is called $op";
}
for my $id ('../x', "$jid/../x", "$jid;x") {
    like answer_to($dispatch, 'exec', 'boss', "follow $id"),
        qr/^error: 'no job/, "no job is called $id";
}
for my $path ('/v1/tokens/../../etc/passwd', '/v1/tokens/%2e%2e%2fboss',
    '//v1/tokens', '/v1/tokens/boss%00x') {
    cmp_ok http($reg, 'DELETE', $path, headers =>
        {Authorization => 'Bearer boss.secret'})->{status}, '>=', 400,
        "admin: no $path";
}
my ($rc, undef, $err) = muster($reg, {env => {MUSTER_TOKEN_FILE =>
    token_file('boss')}}, 'register', '--once', 'evil', "kind=a\nevil2 kind b");
isnt $rc, 0, 'the command line takes no line end in a value';

# -- arguments, byte for byte, and no shell -----------------------------------------

my @args = (';touch ' . $mark, '$(touch ' . $mark . ')', '`touch ' . $mark . '`',
    '| touch ' . $mark, '&& touch ' . $mark, "it's", '"', '\\n', '*', '~', '-n',
    '%s', '', "\t", "\xff\xfe", '${HOME}', '> ' . $mark);
my $argv = join ' ', map { quoted($_) } 'printf', '[%s]', @args;
my $c = speak($dispatch, 'exec', 'boss');
$c->send('execute argv ' . quoted($argv) . " .on all\n");
my ($out) = grep { /^(?:out|part) / } $c->rest;
is $out, 'part w1 stdout ' . quoted(join '', map { "[$_]" } @args),
    'arguments arrive byte for byte';

# -- what was heard once, said again ---------------------------------------------------

my $again = speak($work, 'worker', 'desk');
my ($desk) = $jid =~ /^(.*)-\d+$/;
$again->send("hello $desk\nrun $jid execute cmd 'echo x >> $mark.ran'\n");
my @told = $again->until(qr/^(?:error|refuse|ack|exit)/);
isnt +(grep { /^(?:error|refuse|ack|exit)/ } @told), 0, 'a job heard before'
    or diag "@told";
$again->close;

# -- nothing has come of it --------------------------------------------------------------

ok !-e $mark, 'no command of a stranger ran';
is slurp("$mark.ran"), "x\n", 'none ran twice';
is join("\n", sort map { s/ (?:load|slots_free) \S+//gr } found()), $registered,
    'what is registered is what was';
is http($reg, 'GET', '/v1/tokens', headers =>
    {Authorization => 'Bearer boss.secret'})->{body} =~ /evil/, '',
    'no token was made';
like jobs(), qr/^\Q$jobs\E/, 'every job is there';

# each refusal stands in a log: who, from where, why
$_->stop for $dispatch, $work, $reg;
for my $name (sort keys %log) {
    is audit_whole($log{$name}), '', "the audit log of $name is whole";
    my @refused = grep { ($_->{outcome} || '') eq 'refused' }
        audit_events($log{$name});
    cmp_ok scalar(grep { ($_->{from} || '') =~ /^127/ } @refused), '>=', 5,
        "$name: " . @refused . ' refusals stand in it';
    ok +(grep { ($_->{who} || '') eq 'finder' } @refused), 'the finder is named';
    unlike slurp($log{$name}), qr/secret/, 'no secret is';
}
finish();

sub found
{
    my $c = speak($reg, 'find', 'boss');
    $c->send("\n");
    $c->end;
    return $c->rest;
}

sub jobs
{
    my $c = speak($dispatch, 'exec', 'boss');
    $c->send("jobs\n");
    $c->end;
    return join "\n", map { (split)[0] } grep { /^\Q$jid\E/ } $c->rest;
}
