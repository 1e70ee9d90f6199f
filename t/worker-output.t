# Output as it comes: lines, parts, every byte but LF, long lines, much of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::MD5 qw(md5_hex);
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

my $w = lone_worker('worker.window=64K');
my $d = dial_worker($w, 'ABCDEFGH');
$d->{store} = 1;

# live: told while it runs, a line as soon as it is one, a part soon after
my $jid = $d->run(q{execute cmd 'echo line; printf prompt; exec sleep 1000'});
# (a process that is just becoming sleep shows no environment for a moment)
$d->says($jid, qr/line\n/);
ok eventually { scalar in_job($jid) }, 'a line is told while the job runs';
$d->says($jid, qr/prompt$/);
ok eventually { scalar in_job($jid) }, 'text without its newline, too';
is $d->{jobs}{$jid}{parts}, 1, 'as a part';
$d->send("cancel $jid");
$d->ended($jid);

$jid = $d->run(q{execute cmd 'printf "a"; printf "b\nc\n\n\nd"'});
$d->ended($jid);
is $d->text($jid, 'stdout'), "ab\nc\n\n\nd", 'lines and the rest';
is $d->{jobs}{$jid}{lines}, 4, 'four lines';

# bytes
my $bytes = join '', map { chr } grep { $_ != 10 } 0 .. 255;
spew(scratch() . '/bytes', ($bytes . "\n") x 200, "\0" x 5000, "\n", "\r\n",
    "it''s \e[31m<script>\n", "'" x 40000);
my $want = slurp(scratch() . '/bytes');
$jid = $d->run('execute argv ' . quote('cat ' . scratch() . '/bytes'));
$d->ended($jid);
ok $d->text($jid, 'stdout') eq $want, 'every byte passes through';

# a line of 10 MB
$jid = $d->run(
    q{execute cmd 'head -c 10000000 /dev/zero | tr "\\000" x; echo; echo next'});
$d->ended($jid, 60);
ok $d->text($jid, 'stdout') eq 'x' x 10_000_000 . "\nnext\n", 'a line of 10 MB';
cmp_ok $d->{jobs}{$jid}{longest}, '<=', 16384, 'in parts that fit a line';

# much, with a reader that takes everything
my $mb = $ENV{MUSTER_TEST_MB} || 32;
my $before = $w->memory;
$d->{store} = 64;
$jid = $d->run(qq{execute cmd 'head -c ${mb}M /dev/urandom | tee /dev/fd/3 3>&1 >&2 | md5sum > }
        . scratch() . q{/sum'});
my $begun = time;
$d->ended($jid, 300);
my $took = time - $begun;
is md5_hex($d->text($jid, 'stderr')) . "  -\n", slurp(scratch() . '/sum'),
    "$mb MB of random bytes";
grew_less($w, $before, 16384, 'the worker stays small');
diag sprintf '%.0f MB/s', $mb / $took;
finish();
