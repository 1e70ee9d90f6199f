# F12, the schedule: jobs that begin later, schedules and keys over kill -9 of the
# dispatcher, some of it at a tick: no planned time twice, none lost silently.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
worker($reg, 'a');
my $file = scratch() . '/ran';
my $d = dispatcher($reg, '-o', 'dispatcher.store=sqlite:' . scratch() . '/j.db');
ok eventually { $d->knows(1) }, 'it knows its worker';

sub ask { return $d->ask('exec', "@_\n") }

sub record
{
    my ($jid) = @_;
    my ($line) = ask("job $jid");
    return { $line =~ /^\S+ /g ? $line =~ /\G(\S+) ('[^']*'|\S+) ?/g : () };
}

sub again
{
    $d->kill('KILL');
    $d->start;
    ok eventually { $d->knows(1) }, 'killed and started again';
}

sub jid { return (ask(@_))[0] =~ /^(?:held|submit) (\S+)/ ? $1 : undef }

my $run = "execute cmd 'echo \$MUSTER_JOB >>$file' .on all .detach 1";

# held jobs of every kind
my $at = jid("$run .at +3s");
my $skip = jid("$run .at +1s .missed skip");
my $far = jid("$run .at +1h");
my $every = jid("execute cmd 'echo tick >>$file.ticks' .on all .every 1s"
    . ' .detach 1');
my $first = jid("execute cmd 'sleep 30' .on all .timeout 2 .detach 1");
my $after = jid("$run .after $first");
my $any = jid("$run .after $first=any");
my $done = jid("$run .key done");
my $held = jid("$run .key held .at +2h");
ok eventually { record($done)->{state} == 0 }, 'one with a key has ended';
ok eventually { (record($every)->{runs} || 0) >= 2 }, 'two ticks';
again();
is record($far)->{held}, 1, 'a held one is held';
like record($far)->{next}, qr/^\d+$/, 'until its time';
is_deeply [ask("$run .key held .at +2h")], ["merged $held", "held $held next "
    . record($held)->{next}], 'its key is known';
is +(ask("$run .key done"))[0], "merged $done", 'and that of one that ended';
ok eventually { record($at)->{state} == 0 }, 'its time has come: it ran';
ok eventually { record($any)->{state} == 0 }, '.after: the other has ended';
is record($after)->{error},
    "'job $first, after which it was to begin, failed'", 'but not well';
ok eventually { record($skip)->{state} =~ /^[02]$/ }, 'late by less than 60 s';

# the schedule, killed again and again, some of the time just at a tick
my $n = record($every)->{runs};
for my $pause (0, 0.35, 0.7, 0.95) {
    my $tick = time;
    eventually { time - int(time) >= $pause };
    again();
    ok eventually { record($every)->{runs} > $n }, 'ticks go on';
    $n = record($every)->{runs};
}
ask("cancel $every");
ok eventually { record($every)->{state} == 2 }, 'it is over';
my @runs = ask("jobs parent $every");
ok eventually { !grep { / state 1 / } ask("jobs parent $every") }, 'all ended';
my %planned;
$planned{$_}++ for map { / planned (\d+)/ } ask("jobs parent $every");
is scalar(grep { $_ > 1 } values %planned), 0, 'no planned time has two runs';
my $r = record($every);
is scalar(keys %planned), $r->{runs}, 'the record counts them';
my @times = sort { $a <=> $b } keys %planned;
is $times[-1] - $times[0] + 1, $r->{runs} + ($r->{missed} || 0),
    'each planned time was run, or counted as missed';
is scalar(split /\n/, slurp("$file.ticks")), $r->{runs},
    'and each run ran once';

# what came of the others, once each
my %ran;
$ran{$_}++ for split /\n/, slurp($file);
is_deeply \%ran, { map { ($_ => 1) } $at, $skip, $any, $done },
    'each ran once, none besides';
like join(' ', ask("why $at")), qr/ submitted .* held .* matched /,
    'why tells of the time before';
like join(' ', ask("why $every")), qr/ cancelled /, 'of the schedule, too';
ask("cancel $_") for $far, $held;
finish();
