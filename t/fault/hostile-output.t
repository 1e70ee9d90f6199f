# Hosts whose output is an attack on whoever reads it: one that floods, one that
# never ends its line, one with random bytes, one with what terminals and web
# pages obey, one with a secret, one that closes its streams and runs on. All of
# them in one job, and a quiet host beside.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Muster;
use Terminal;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $mib = $ENV{MUSTER_TEST_MIB} || 64;
my $reg = registry();
my %env = (ASAN_OPTIONS => join ':', $ENV{ASAN_OPTIONS} || (),
    'quarantine_size_mb=1');
my $d = dispatcher($reg, {env => \%env}, '-o', 'dispatcher.output=256K');
my @hosts = qw(close escape flood long quiet random secret);
my %w = map { $_ => worker($reg, $_, {env => \%env}, '-o', 'worker.slots=4',
    '-o', 'worker.grace=200ms') } @hosts;
ok +(eventually { $d->knows(scalar @hosts) }), 'it knows its workers';

# -- what they run ---------------------------------------------------------------

my $hold = scratch() . '/hold';
my $gone = scratch() . '/gone';
my $random = scratch() . '/random';
my $bytes = join '', map { pack 'V', ($_ * 2654435761) & 0xffffffff } 1 .. 16384;
$bytes .= join '', map { chr } 0 .. 255;
$bytes =~ tr/\n/\0/;
spew($random, $bytes . "\n");
my $escape = scratch() . '/escape';
my $evil = "\e[2J\e]0;owned\a\e[31mred\x{9b}31m\r\x08\x7f\x07"
    . "<script>alert(1)</script>&amp;\"'\xe2\x80\xae\xc2\x9b\xff\xfe";
spew($escape, "$evil\n");
my $line = 'x' x 1023;
my $lines = $mib * 1024;
my $long = 10 * 1024 * 1024;
my $script = <<"END";
case \$MUSTER_HOST in
flood) yes $line | head -n $lines;;
long) head -c $long /dev/zero | tr '\\0' y; while test -e $hold; do sleep 0.05; done;;
random) cat $random;;
escape) cat $escape; cat $escape >&2;;
secret) echo "token=\$MUSTER_SECRET_token"; printf %s "\$MUSTER_SECRET_token" >&2;;
close) exec >&- 2>&-; while test -e $hold; do sleep 0.05; done; : >$gone; exit 7;;
quiet) echo quiet;;
esac
END
my $b64 = MIME::Base64::encode_base64($script, '');
my $secret = 'correct-horse-battery';

sub submit
{
    my ($c, $more) = @_;
    $c->send("execute cmd: $b64 token $secret .secret token .on all"
        . ($more || '') . "\n");
    return ($c->line =~ /^submit (\S+)/)[0];
}

# -- nobody reads: the flood waits, the others do not ------------------------------

spew($hold, '');
my %before = map { $_->[0] => $_->[1]->memory }
    ['dispatcher', $d], map { [$_, $w{$_}] } qw(flood long random);
my $c = $d->dial('exec');
my $jid = submit($c);
ok $jid, 'all of it in one job';
for my $round (1 .. 5) {
    my ($rc, $out, $err) = muster($reg, { env => {
        MUSTER_DISPATCHER => $d->address('exec') } }, 'exec', '-H', 'quiet',
        '--', 'echo', $round);
    is $out, "quiet | $round\n", 'another host answers meanwhile';
    ($rc, $out) = muster($reg, { env => {
        MUSTER_DISPATCHER => $d->address('exec') } }, 'exec', '-H', 'flood',
        '--', 'echo', $round);
    is $out, "flood | $round\n", 'and so does another job of the one that floods';
}
my ($record) = $d->ask('exec', "jobs .name $jid\n");
like $record, qr/ state 1 /, 'while the job waits for its reader';

# -- now it is read ---------------------------------------------------------------

my (%came, %text, %exit, $done);
sub take
{
    my ($text) = @_;
    if ($text =~ /^(out|part) (\w+) (stdout|stderr) (.*)/s) {
        my ($kind, $host, $stream, $word) = ($1, $2, $3, $4);
        $word =~ s/^'(.*)'$/(my $t = $1) =~ s|''|'|g; $t/es;
        $came{$host}{$stream} += length($word) + ($kind eq 'out');
        $text{$host}{$stream} .= $word . ($kind eq 'out' ? "\n" : '')
            if $host !~ /^(?:flood|long)$/;
    } elsif ($text =~ /^exit (\w+) (.*)/) {
        $exit{$1} = $2;
    } elsif ($text =~ /^done/) {
        $done = $text;
    }
    return;
}
while (!$exit{flood} && defined(my $text = $c->line(120))) {
    take($text);
}
is $came{flood}{stdout}, $lines * 1024, "all $mib MiB came to who reads";
ok !$exit{close}, 'who closed its streams still runs';
ok !-e $gone, 'truly';
unlink $hold;
while (defined(my $text = $c->line(120))) {
    take($text);
}
like $exit{close}, qr/^7 state 2 reason exited/,
    'the end is that of the process, not of its streams';
ok -e $gone, 'which ran on';
is $came{long}{stdout}, $long, 'a line of 10 MiB without an end came whole';
is $text{random}{stdout}, "$bytes\n", 'random bytes came as they are';
is $text{escape}{stdout}, "$evil\n", 'escapes too, for who reads bytes';
is $text{secret}{stdout}, "token=***\n", 'but no secret';
is $text{secret}{stderr}, '***', 'on no stream';
like $done, qr/ ok 6 failed 1 /, 'and the job says what became of whom';

SKIP: {
    skip 'sanitizers keep what is freed', 4 if deadline(1) > 1;
    for (['dispatcher', $d], map { [$_, $w{$_}] } qw(flood long random)) {
        my ($name, $daemon) = @$_;
        my $more = $daemon->memory - $before{$name};
        cmp_ok $more, '<', 16 * 1024, "memory of $name grew by $more KiB";
    }
}

# -- what is kept -----------------------------------------------------------------

my (%kept, %cut, $lost);
my $f = $d->dial('exec');
$f->send("follow $jid\n");
while (defined(my $text = $f->line(60))) {
    if ($text =~ /^(out|part) (\w+) stdout (.*)/s) {
        my ($kind, $host, $word) = ($1, $2, $3);
        $word =~ s/^'(.*)'$/(my $t = $1) =~ s|''|'|g; $t/es;
        $kept{$host} += length($word) + ($kind eq 'out');
    } elsif ($text =~ /^cut (\w+) stdout (\d+)$/) {
        $cut{$1} += $2;
    }
}
is $kept{flood} + $cut{flood}, $lines * 1024, 'what is cut of the flood is counted';
is $kept{long} + $cut{long}, $long, 'and of the long line, to the byte';
cmp_ok $kept{flood}, '<=', 256 * 1024, 'the rest is bounded';
cmp_ok $kept{long}, '<=', 256 * 1024, 'of both';
ok !$cut{random}, 'nothing is cut that is short';

# -- shown to people and programs -------------------------------------------------

my %cli = (env => { MUSTER_DISPATCHER => $d->address('exec') }, seconds => 120);
my ($rc, $out, $err) = muster($reg, { %cli }, 'follow', $jid, '--json');
my ($json, $bad, %shown) = (JSON::PP->new->utf8, 0);
for my $text (split /\n/, $out) {
    my $long_one = length $text > 40_000;
    # it is slow, and these are all alike
    $bad++ if $text =~ /[^\x20-\x7e]/ || $text !~ /^\{.*\}$/;
    next if $text =~ /"host":"(?:flood|long)"/ || $long_one;
    my $e = eval { $json->decode($text) };
    $bad++ if !$e;
    next if !$e || $e->{event} ne 'out' || $e->{stream} ne 'stdout';
    $shown{$e->{host}} .= defined $e->{base64} ? decode_base64($e->{base64})
        : do { my $t = $e->{text}; utf8::encode($t); $t };
    $shown{$e->{host}} .= "\n" unless $e->{part};
}
is $bad, 0, 'each line is JSON, in plain characters';
is $shown{random}, "$bytes\n", 'random bytes come back from it';
is $shown{escape}, "$evil\n", 'and escapes';
is $shown{secret}, "token=***\n", 'and no secret';
unlike $out, qr/\Q$secret\E/, 'nowhere';
SKIP: {
    skip 'no script(1)', 3 unless Terminal::available();
    my $t = Terminal->new(program('muster'), '--registry',
        $reg->registry_address, 'exec', '-H', 'escape,random', '--color',
        'never', '-c', "case \$MUSTER_HOST in escape) cat $escape; cat $escape "
            . ">&2;; random) head -c 3000 $random;; esac");
    my $seen = $t->rest;
    $seen =~ s/\r\e\[K//g; # the status line goes
    $seen =~ s/\r[^\r\n]*(?=\r)//g;
    ok utf8::decode($seen), 'what a terminal is shown is text';
    unlike $seen, qr/[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\x{202a}-\x{202e}]/,
        'of which it obeys nothing';
    like $seen, qr/<script>alert\(1\)<\/script>/, 'and shows it';
}
my $logs = join '', map { slurp($_->{log}) } $d, $reg, values %w;
unlike $logs, qr/\Q$secret\E/, 'the secret is in no log';
unlike $logs, qr/\e\[2J/, 'nor an escape';
finish();
