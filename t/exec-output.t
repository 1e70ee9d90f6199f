# Much output, a line without an end, bytes that are no text, a reader that does
# not read: memory stays bounded, others are not delayed, JSON is valid, and a
# pipe gets every byte.
use strict;
use warnings;
use Test::More;
use JSON::PP ();
use MIME::Base64 ();
use Time::HiRes qw(time);
use Muster;

need_programs(qw(muster musterd muster-dispatch muster-worker));
my $mib = $ENV{MUSTER_TEST_MIB} || 64; # of the flood
my $san = slurp(program('muster')) =~ /__asan_init/;

my $reg = registry();
my $dispatcher = dispatcher($reg);
# slots for both, however few processors there are
my %worker = map { $_ => worker($reg, $_, '-o', 'worker.slots=4') } qw(w1 w2);
ok eventually { (muster($reg, 'run', 'ping', '--all', '--expect', 2))[0]
        == 0 }, 'two workers';

# muster with its output in a pipe: (process, the pipe)
sub open_muster
{
    my (@args) = @_;
    my $pid = open my $pipe, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        open STDERR, '>', scratch() . '/err';
        exec program('muster'), '--registry', $reg->registry_address, @args;
    }
    binmode $pipe;
    return ($pid, $pipe);
}

sub resident
{
    my ($pid) = @_;
    return slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# All of a flood arrives, while another host is heard without delay.
my ($pid, $pipe) = open_muster('exec', '--all', '-c',
    "if test \$MUSTER_HOST = w1; then yes 0123456789abcdef | head -c ${mib}M; "
    . 'else for i in 1 2 3 4 5; do date +%s.%N; sleep 0.1; done; fi');
my ($lines, $late, $memory) = (0, 0, 0);
while (my $line = <$pipe>) {
    if ($line =~ /^w2 \| ([\d.]+)$/) {
        my $delay = time - $1;
        $late = $delay if $delay > $late;
    } elsif ($line eq "w1 | 0123456789abcdef\n") {
        $lines++;
    } elsif ($line =~ /^w1 \+ [0-9a-f]+$/) {
        $lines++;    # the end of one that came in parts
    } else {
        diag("what is this: $line") if $line !~ /^w1 \| [0-9a-f]*$/;
    }
    next if $lines % 100_000;
    for my $m (resident($pid), $dispatcher->memory, $worker{w1}->memory) {
        $memory = $m if $m > $memory;
    }
}
close $pipe;
is $?, 0, 'the flood ends well';
is $lines, int($mib * 1024 * 1024 / 17), 'every line of it came';
cmp_ok $late, '<', deadline(5), 'the other host was not delayed';
cmp_ok $memory, '<', 60_000, 'memory stays bounded (KiB)' unless $san;

# A reader that does not read: nothing grows, and others have their turn.
($pid, $pipe) = open_muster('exec', '-H', 'w1', '-c', "yes 0123456789abcdef | head -c ${mib}M");
my $byte;
sysread $pipe, $byte, 1;
my $last = -1;
ok scalar(eventually {
    my $now = join ' ', map { slurp("/proc/$_/io") =~ /rchar: (\d+)/ ? $1 : 0 }
        $pid;
    my $still = $now eq $last;
    $last = $now;
    select undef, undef, undef, 0.3;
    return $still;
} 30), 'it comes to a stand';
cmp_ok resident($pid), '<', 30_000, 'muster keeps little (KiB)' unless $san;
my ($rc, $out) = muster($reg, 'exec', '--all', '--', 'echo', 'x');
is $rc, 0, 'meanwhile others are served';
my $got = 1;
while (my $n = sysread $pipe, $byte, 1 << 20) {
    $got += $n;
}
close $pipe;
is $?, 0, 'read on, it ends well';
like $got, qr{^\d+\z}, 'to its end';

# A reader that is slow is asked on a signal, too.
($pid, $pipe) = open_muster('exec', '-H', 'w1', '-c', 'yes');
sysread $pipe, $byte, 1;
kill 'TERM', $pid;
1 while sysread $pipe, $byte, 1 << 20;
close $pipe;
is $? >> 8, 128 + 15, 'TERM is heard while output waits';
my ($jid) = slurp(scratch() . '/err') =~ /muster follow (\S+)/;
is((muster($reg, 'cancel', $jid))[0], 0, 'the job is cancelled');

# A line of 10 MB, and no line end at all
($pid, $pipe) = open_muster('exec', '-H', 'w1', '-c',
    q(head -c 10000000 /dev/zero | tr '\0' x; echo; printf end));
{
    local $/;
    $out = <$pipe>;
}
close $pipe;
is length $out, 5 + 10_000_000 + 1 + length("w1 | end\n"), 'one long line';
is substr($out, -10), "\nw1 | end\n", 'and one without its end';

# Every byte there is, but LF
my $bytes = join '', map { chr } grep { $_ != 10 } 0 .. 255;
my $file = spew(scratch() . '/bytes', $bytes);
($rc, $out) = muster($reg, 'exec', '-H', 'w1', '--', 'cat', $file);
is $out, "w1 | $bytes\n", 'a pipe gets bytes as they are';
($rc, $out) = muster($reg, 'exec', '-H', 'w1', '--json', '-c', "cat $file; "
    . 'printf "\n\033[31m\0\t\200"; printf "\nplain \303\274\n"');
my @events = map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
my @out = grep { $_->{event} eq 'out' } @events;
is MIME::Base64::decode($out[0]{base64}), $bytes, 'JSON has them in base64';
is MIME::Base64::decode($out[1]{base64}), "\e[31m\0\t\x80", 'and these';
is $out[2]{text}, "plain \x{fc}", 'UTF-8 is text';
is join(' ', map { $_->{event} } @events), 'submit ack out out out exit done',
    'all valid';

# The random flood, every line of JSON valid
($pid, $pipe) = open_muster('exec', '--all', '--json', '-c',
    'head -c 1000000 /dev/urandom');
my ($bad, $sum) = (0, 0);
while (my $line = <$pipe>) {
    my $e = eval { JSON::PP->new->utf8->decode($line) } or $bad++;
    next unless $e && $e->{event} eq 'out';
    $sum += length(defined $e->{base64} ? MIME::Base64::decode($e->{base64})
        : do { my $t = $e->{text}; utf8::encode($t); $t }) + !$e->{part};
}
close $pipe;
is $bad, 0, 'random bytes: every line is valid';
is $sum, 2_000_000, 'and none is lost';

# Folded, above what is kept
($rc, $out) = muster($reg, 'exec', '--all', '--group', '-c',
    'head -c 3000000 /dev/zero | tr "\0" x | fold -w 99');
like $out, qr/^~ \d+ bytes were not kept$/m, 'the fold is bounded, and says so';

finish();
