# Rollout arithmetic: 30 hosts in 3 racks, so many at once, one in a rack, stop
# after so many failures; by exit code, lost and timed out, each counts. Never
# more than may run, no start after the one failure too many, each host in the
# report once, and rerun of the rest touches exactly the rest.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use IO::Select;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch muster));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h',
    '-o', 'dispatcher.lost_after=20ms');
my @hosts = map { sprintf 'h%02d', $_ } 1 .. 30;
my (%w, %rack);
for my $i (0 .. $#hosts) {
    $rack{$hosts[$i]} = $i % 3;
    $w{$hosts[$i]} = FakeWorker->new($reg, $hosts[$i],
        attrs => "rack r$rack{$hosts[$i]}")->link;
}

# What ends the host, by its fate
my %end = (
    ok => sub { $_[0]->say("exit $_[1] 1 0 state 0 reason exited") },
    code => sub { $_[0]->say("exit $_[1] 1 7 state 2 reason exited") },
    timeout => sub { $_[0]->say("exit $_[1] 1 - state 2 reason timeout") },
    lost => sub { $_[0]->deaf; $_[0]->hang_up },
);

# Plays a job: its hosts end one at a time, lowest first; what was seen
sub play
{
    my ($request, $fate, $limit) = @_;
    my %seen = (most => 0, rack => 0, started => [], fails => 0);
    my $c = $d->dial('exec');
    $c->send("$request\n");
    my $first = $c->line;
    my ($jid, $n) = $first =~ /^submit (\S+) (\d+)$/ or die $first;
    my (%running, %ended);
    while (settle($jid, \%running, \%seen, scalar keys %ended)) {
        my ($host) = sort keys %running;
        my $how = $fate->($host);
        $seen{fails} += $how ne 'ok';
        $seen{after} = @{$seen{started}}
            if $seen{fails} > $limit && !defined $seen{after};
        $end{$how}->($w{$host}, $jid);
        delete $running{$host};
        $ended{$host} = $how;
    }
    my @rest = $c->rest;
    $seen{jid} = $jid;
    $seen{done} = $rest[-1];
    $seen{exits} = {map { /^exit (\S+) (.*)/ } @rest};
    $seen{lines} = grep { /^exit / } @rest;
    for my $host (grep { $ended{$_} eq 'lost' } keys %ended) {
        $w{$host}->listen->nudge->link;
        $w{$host}->expect(qr/^list$/);
        $w{$host}->say('.end');
    }
    return \%seen;
}

# Reads what was started until that is all; false when the job is over.
sub settle
{
    my ($jid, $running, $seen, $ended) = @_;
    while (1) {
        my ($record) = $d->ask('exec', "job $jid\n");
        my ($waiting, $active) =
            $record =~ / waiting (\d+) running (\d+) / or die $record;
        take($jid, $running, $seen);
        my $all = $record =~ / hosts (\d+) / ? $1 : 0;
        return 0 if $record !~ / state 1 /;
        return 1 if $active == keys %$running && $active
            && $all - $waiting - $active >= $ended;
    }
}

sub take
{
    my ($jid, $running, $seen) = @_;
    for my $host (@hosts) {
        my $w = $w{$host};
        next unless $w->{conn};
        $w->{conn}->fill(0);
        $w->{conn}{in} =~ s/^(?:got .*|list)\n//mg;
        next unless $w->{conn}{in} =~ s/^run \Q$jid\E .*\n//m;
        $w->say("ack $jid");
        $running->{$host} = 1;
        push @{$seen->{started}}, $host;
        my %in;
        $in{$rack{$_}}++ for keys %$running;
        for (values %in) { $seen->{rack} = $_ if $_ > $seen->{rack} }
        $seen->{most} = keys %$running if keys %$running > $seen->{most};
    }
    return;
}

my %three = (h04 => 'code', h09 => 'lost', h14 => 'timeout');
my @rows = (
    # name, directives, fates, most at once, most in a rack, failures,
    # at least and at most so many started, limit of failures
    ['10 %, one in a rack, two may fail', '.parallel 10% .per rack=1 .fail 2',
        sub { $three{$_[0]} || 'ok' }, 3, 1, 3, 14, 20, 2],
    ['no limit of failures', '.parallel 10% .per rack=1',
        sub { $three{$_[0]} || 'ok' }, 3, 1, 3, 30, 30, 99],
    ['limit 0', '.parallel 10% .per rack=1 .fail 0',
        sub { $three{$_[0]} || 'ok' }, 3, 1, 1, 4, 10, 0],
    ['limit 100 %', '.parallel 10% .per rack=1 .fail 100%',
        sub { 'code' }, 3, 1, 30, 30, 30, 30],
    ['10 % of 30 may fail', '.parallel 1 .fail 10%',
        sub { 'code' }, 1, 1, 4, 4, 4, 3],
    ['a batch larger than the set', '.parallel 100 .fail 2',
        sub { $three{$_[0]} || 'ok' }, 30, 10, 3, 30, 30, 2],
    ['all of one batch fail', '.parallel 5 .fail 4',
        sub { 'code' }, 5, 5, 9, 5, 9, 4],
    ['1 % of 30 is one at a time', '.parallel 1% .per rack=1 .fail 2',
        sub { $three{$_[0]} || 'ok' }, 1, 1, 3, 14, 30, 2],
);
for my $row (@rows) {
    my ($name, $with, $fate, $most, $rack, $fails, $min, $max, $limit) = @$row;
    subtest $name => sub {
        my $s = play("execute cmd x .on kind=worker $with", $fate, $limit);
        is $s->{lines}, 30, 'each host has ended, once';
        is $s->{most}, $most, 'so many at once';
        cmp_ok $s->{rack}, '<=', $rack, 'in a rack';
        my $n = @{$s->{started}};
        cmp_ok $n, '>=', $min, "$n have started: at least $min";
        cmp_ok $n, '<=', $max, "at most $max";
        is $n, $s->{after}, 'none after the one failure too many'
            if defined $s->{after};
        my %sum = $s->{done} =~ /(\w+) (\d+)/g;
        my $bad = $sum{failed} + $sum{unreachable};
        is $bad, $fails, 'failures' if $name !~ /batch fail/;
        is $sum{ok} + $bad + ($sum{notstarted} || 0), 30, 'the report adds up';
        is +($sum{notstarted} || 0), 30 - $n, 'not started';
        my @rest = sort grep { $s->{exits}{$_} !~ / state 0 / }
            keys %{$s->{exits}};
        @rest or return;
        my ($again) = $d->ask('exec',
            "rerun $s->{jid} .where failed,unreachable,notstarted .detach 1\n");
        my ($jid) = $again =~ /^submit (\S+) / or die $again;
        $d->ask('exec', "cancel $jid\n");
        is_deeply [sort map { /^host (\S+)/ } $d->ask('exec', "job $jid\n")],
            \@rest, 'rerun of the rest touches exactly these';
        drop_runs($jid);
    };
}

# Those of the rerun that were started before it was cancelled
sub drop_runs
{
    my ($jid) = @_;
    eventually {
        for my $w (values %w) {
            $w->{conn}->fill(0);
            $w->{conn}{in} =~ s/^(?:got .*|list)\n//mg;
            $w->say("ack $jid", "exit $jid 1 - state 2 reason cancelled")
                if $w->{conn}{in} =~ s/^run \Q$jid\E .*\n//m;
            $w->{conn}{in} =~ s/^cancel .*\n//mg;
        }
        return +($d->ask('exec', "job $jid\n"))[0] !~ / state 1 /;
    } or die 'the rerun does not end';
    return;
}

# the command line says what it came to: 6, stopped
my $pid = fork;
if (!$pid) {
    my ($rc) = muster($reg, 'exec', '--all', '--parallel', '1', '--fail', '0',
        '--', 'true');
    POSIX::_exit($rc);
}
my $first = eventually {
    for my $w (values %w) {
        $w->{conn}->fill(0);
        return $w if $w->{conn}{in} =~ /^run /m;
    }
    return 0;
};
$first->run_one(1);
waitpid $pid, 0;
is $? >> 8, 6, 'muster exec: 6, stopped by --fail';
finish();
