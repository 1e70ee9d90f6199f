# A dispatcher that takes nothing stops its job, and only that; what is kept
# for it is bounded.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

my $w = lone_worker('worker.window=32K', 'worker.abandon=300ms');
my $d = dial_worker($w, 'ABCDEFGH');
my $other = dial_worker($w, 'OTHER234');
$other->{store} = 1;

sub wrote
{
    my ($jid) = @_;
    my $n = 0;
    for (in_job($jid)) {
        slurp("/proc/$_/io") =~ /^wchar: (\d+)/m and $n += $1;
    }
    return $n;
}

# a loud job whose output nobody acknowledges
my $before = $w->memory;
my $loud = $d->run(q{execute cmd 'exec yes' .idle 3});
my $still = sub { my $n = wrote($loud); select undef, undef, undef, 0.2;
    $n > 0 && $n == wrote($loud) };
ok eventually { $still->() }, 'it stands still';
cmp_ok wrote($loud), '<', 1 << 20, 'after little';
for (1 .. 3) {
    my $begun = time;
    my $jid = $other->run(q{execute cmd 'seq 1000'});
    is $other->ended($jid)->{rc}, 0, 'others run';
    cmp_ok time - $begun, '<', deadline(10), 'and do not wait';
}
select undef, undef, undef, 3.2;    # longer than it may be idle
ok scalar in_job($loud), 'while it waits it is not idle';

# a mistake about it changes nothing
is $d->error("resume $loud 99999999"), "job $loud has no line 99999999",
    'a line that is not there';

# it goes on as its output is stored, and stops again
$d->says($loud, qr/(y\n){100}/);
my $lines = $d->{jobs}{$loud}{lines};
$d->got($loud);
$d->until(sub { $d->{jobs}{$loud}{lines} > $lines + 100 });
ok $d->{jobs}{$loud}{lines} > $lines + 100, 'it goes on';
ok eventually { $still->() }, 'and stands still again';
grew_less($w, $before, 4096, 'little is kept');

# ended while it stands still: the end comes once the rest is taken
$d->{store} = 1;
$d->send("cancel $loud");
$d->got($loud);
is $d->ended($loud)->{reason}, 'cancelled', 'it can be ended';
is_deeply [in_job($loud)], [], 'wholly';

# the tree is gone long before its output is taken
$d->{store} = 0;
my $jid = $d->run(q{execute cmd 'seq 100000 & exec sleep 1000'});
$d->until(sub { ($d->{jobs}{$jid}{lines} || 0) > 100 });
$d->send("cancel $jid");
ok eventually { !in_job($jid) }, 'the tree ends without anybody reading';
ok eventually { $d->list->{$jid} }, 'its output waits';
$d->{store} = 1;
$d->got($jid);
is $d->ended($jid)->{reason}, 'cancelled', 'and then comes its end';

# one whose dispatcher does not come back does not wait for ever
$jid = $d->run(q{execute cmd 'exec yes'});
$d->until(sub { ($d->{jobs}{$jid}{lines} || 0) > 0 });
$d->{conn}->close;
ok eventually { !in_job($jid) }, 'abandoned: it is ended';
my $again = $d->redial($w);
my $have = $again->list;
is_deeply [keys %$have], [$jid], 'its result waits';
$again->{store} = 1;
$again->send("resume $jid $d->{jobs}{$jid}{seq}");
$again->got($jid) if $d->{jobs}{$jid}{seq};
is $again->ended($jid)->{reason}, 'cancelled', 'and is told';
finish();
