# Secrets reach the program by its environment, and nobody else: not its
# arguments, not what it writes, not a log, an audit log, a record or a list.
use strict;
use warnings;
use Digest::MD5;
use File::Find ();
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Muster;
use MusterAudit;
use MusterHttp;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my %audit = map { $_ => audit_file($_) } qw(dispatch work);
my $reg = registry();
my $w = worker($reg, 'w1', '-o', "audit.to=file:$audit{work}",
    '-o', 'log.level=debug', '-o', 'worker.spool=' . scratch() . '/spool');
my $d = dispatcher($reg, '-o', "audit.to=file:$audit{dispatch}",
    '-o', 'log.level=debug');
my $secret = "hunter2;\$(x) 'q'";
my $file = scratch() . '/secret';
spew($file, "$secret\n");
my @everything;

sub cli
{
    my ($options, @args) = @_;
    $options->{env}{MUSTER_DISPATCHER} = $d->address('exec');
    my ($rc, $out, $err) = muster($reg, $options, @args);
    push @everything, $out, $err;
    return ($rc, $out, $err);
}
sub run_it { return cli($_[0], 'exec', '-H', 'w1', @_[1 .. $#_]) }

my ($rc, $out, $err) = run_it({}, '--secret', "pw=\@$file", '-c',
    'printf %s "$MUSTER_SECRET_pw" | md5sum; echo "pw=$MUSTER_SECRET_pw."; '
    . 'echo "$MUSTER_SECRET_pw" >&2; tr "\0" " " </proc/$$/cmdline; echo');

my $md5 = Digest::MD5::md5_hex($secret);
like $out, qr/^w1 \| $md5  -$/m, 'the program has it';
like $out, qr/^w1 \| pw=\*\*\*\.$/m, 'its output has it masked';
like $out, qr/^w1 ! \*\*\*$/m, 'its errors too';

($rc, $out) = run_it({}, '--secret', "pw=\@$file", '-c',
    'exec env -i MUSTER_SECRET_pw="$MUSTER_SECRET_pw" perl -e \'$| = 1; '
    . '$s = $ENV{MUSTER_SECRET_pw}; for (split //, "a${s}b$s$s\n") '
    . '{ print; select undef, undef, undef, 0.12 if ord($_) % 5 == 0 } '
    . 'print substr($s, 0, 6)\'');
like $out, qr/a\*\*\*b\*\*\*$/m, 'byte by byte, and in parts of a line';
unlike $out, qr/hunter/, 'no part of it';
($rc, $out) = run_it({in => "line one of it\nline two of it"}, '--secret',
    'key=-', '-c', 'echo "$MUSTER_SECRET_key" | sed "s/^/> /"; '
    . 'echo "$MUSTER_SECRET_key"');
is $out, "w1 | > ***\nw1 | > ***\nw1 | ***\n", 'of several lines';
($rc, $out) = run_it({env => {VAULT => $secret, other => $secret}},
    '--secret-env', 'pw=VAULT', '--secret-env', 'other', '-c',
    'echo "$MUSTER_SECRET_pw+$MUSTER_SECRET_other"');
is $out, "w1 | ***+***\n", 'from the environment';
($rc, $out) = run_it({}, '--secret', "pw=\@$file", '--json', '-c',
    'echo "{\"a\":\"$MUSTER_SECRET_pw\"}"');
like $out, qr/\*\*\*/, 'as JSON';

my ($jid) = (cli({}, 'exec', '-H', 'w1', '--detach', '--secret', "pw=\@$file",
    '-c', 'sleep 0.2; echo "$MUSTER_SECRET_pw"'))[1] =~ /(\S+)/;
cli({}, 'jobs', '--json');
cli({}, 'job', $jid);
($rc, $out) = cli({}, 'follow', $jid);
is $out, "w1 | ***\n", 'followed';
cli({}, 'job', $jid, '--json');
cli({}, 'why', $jid, 'w1');

sub ask
{
    my ($text) = @_;
    my $c = $d->dial('exec');
    $c->send("$text\n");
    $c->end;
    return [$c->rest];
}
my $b64 = encode_base64($secret, '');
like ask("execute argv 'printenv MUSTER_SECRET_pw' pw: $b64 .secret pw "
        . '.on all')->[2], qr/^out w1 stdout \*\*\*$/, 'by hand';
my %wrong = (
    "execute cmd x .secret pw .on all" => 'secret pw has no value',
    "execute cmd x pw abc .secret pw .on all" =>
        'secret pw: fewer than 4 bytes',
    "execute cmd x pw abcd pw abcd .secret pw .on all" => 'secret pw twice',
    "execute cmd x p-w abcd .secret p-w .on all" =>
        '.secret takes names of arguments',
    "execute cmd x pw: YWJjAGQ= .secret pw .on all" => 'NUL in secret pw',
);
for (sort keys %wrong) {
    like ask($_)->[0], qr/^error: '\Q$wrong{$_}\E/, "refused: $wrong{$_}";
}
like ask("ping pw abcd .secret pw .on all")->[-2],
    qr/refused.*ping takes no secrets/, 'an operation that has no use for it';
like ask("execute cmd abcdef .secret cmd .on all")->[-2],
    qr/refused.*either cmd or argv/, 'what must be an argument';

# over HTTP
my $posted = http($d, 'POST', '/execute', face => 'http',
    headers => {'Content-Type' => 'application/json'}, body => JSON::PP::encode_json(
        {targets => ['w1'], cmd => 'echo "<$MUSTER_SECRET_pw>"',
            secrets => {pw => $secret}}));
is $posted->{status}, 201, 'a job with a secret by HTTP' or diag $posted->{body};
my $http_jid = JSON::PP::decode_json($posted->{body})->{jid};
ok +(grep { /^out w1 stdout <\*\*\*>$/ } @{ask("follow $http_jid")}), 'is masked';
push @everything, map { http($d, 'GET', "/jobs/$http_jid$_", face => 'http')->{body} }
    '', '?outputs=1', '/events';
is http($d, 'POST', '/execute', face => 'http', headers => {'Content-Type' =>
    'application/json'}, body => '{"targets":["w1"],"cmd":"x","secrets":{"pw":"ab"}}')
    ->{status}, 400, 'one that cannot be masked is refused';

# a store has it as long as the job needs it, over kill -9, and no longer
my $db = scratch() . '/jobs.db';
sub in_store { return scalar(() = map { slurp($_) =~ /hunter2/g } glob "$db*") }
my $kept = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db",
    '-o', 'dispatcher.lost_after=60s');
ok +(eventually { $kept->knows(1) }), 'a dispatcher with a store';
my $hold = scratch() . '/hold';
spew($hold, '');
my ($before) = map { /^submit (\S+)/ } $kept->ask('exec', "execute cmd 'while "
    . "test -e $hold; do sleep 0.05; done' .on all .detach 1\n");
($jid) = map { /^held (\S+)/ ? $1 : () } $kept->ask('exec', "execute cmd 'printf "
    . "%s \"\$MUSTER_SECRET_pw\" | md5sum; echo \$MUSTER_SECRET_pw' pw: $b64 "
    . ".secret pw .on all .after $before .detach 1\n");
ok $jid, 'a job that begins later';
cmp_ok in_store(), '>', 0, 'its secret is kept for it';
is_deeply [map { (stat)[2] & 077 } glob "$db*"], [map { 0 } glob "$db*"],
    'where nobody else may read';
$kept->kill;
$kept->restart;
unlink $hold;
my @life = $kept->ask('exec', "follow $jid\n");
ok +(grep { /^out w1 stdout '$md5  -'$/ } @life), 'it begins with it'
    or diag explain \@life;
ok +(grep { /^out w1 stdout \*\*\*$/ } @life), 'and shows nothing';
unlike join("\n", $kept->ask('exec', "job $jid\n")), qr/hunter2/, 'nor does its record';
$kept->stop;
is in_store(), 0, 'and nothing is left of it';

# what a worker keeps while a job runs
spew($hold, '');
my ($running) = $d->ask('exec', "execute cmd 'echo \$MUSTER_SECRET_pw; while "
    . "test -e $hold; do sleep 0.05; done' pw: $b64 .secret pw .on all .detach 1\n");
$running =~ s/^submit (\S+).*/$1/;
my @spool;
sub in_spool
{
    @spool = ();
    File::Find::find({no_chdir => 1, wanted => sub {
        push @spool, slurp($_) if -f $_ && m{/spool};
    }}, scratch());
    return join '', @spool;
}
ok +(eventually { in_spool() =~ qr{ stdout \*\*\*} }),
    'a worker has the output of a running job in its spool';
unlike in_spool(), qr/hunter2|\Q$b64\E/, 'and no secret';
unlink $hold;
$d->ask('exec', "follow $running\n");

my $seen = join '', @everything, map { slurp($_) }
    values %audit, $w->{log}, $d->{log}, $reg->{log};
cmp_ok length $seen, '>', 2000, 'all that was written';
unlike $seen, qr/hunter2|\Q$b64\E|line two of it/, 'holds no secret';
finish();
