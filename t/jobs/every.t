# .every: one run for each planned time, no overlap, missed ones told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $w = FakeWorker->new($reg, 'a', slots => 8);
my $d = dispatcher($reg);
$w->link;

sub ask { return $d->ask('exec', "@_\n") }

sub record
{
    my ($jid) = @_;
    my ($line) = ask("job $jid");
    return { $line =~ /^\S+ /g ? $line =~ /\G(\S+) ('[^']*'|\S+) ?/g : () };
}

sub end { $w->say("ack $_[0]", "exit $_[0] 1 0 state 0 reason exited") }

# three runs, each of its own planned time
my $c = $d->dial('exec');
$c->send("execute cmd x .on all .every 2s .times 3\n");
my ($jid) = $c->line =~ /^held (\S+) next \d+ every 2s$/;
ok defined $jid, 'held JID next TIME every 2s';
my (%planned, @runs);
for (1 .. 3) {
    my ($run) = $w->expect(qr/^run (\S+) execute cmd x$/);
    end($run);    # before the next one is due
    my $r = record($run);
    is $r->{parent}, $jid, "$run says whose it is";
    is $planned{$r->{planned}}++, 0, 'and its planned time, no other has it';
    is_deeply [grep { /^(?:every|times|held)$/ } keys %$r], [],
        'it is no schedule itself';
    push @runs, $run;
}
like $c->line, qr/^done $jid state 0 /, '.times 3: then it is done';
is record($jid)->{runs}, 3, 'and has made three';
is record($jid)->{missed}, undef, 'and missed none';
is_deeply [map { (split)[0] } ask("jobs parent $jid")], \@runs,
    'jobs parent JID lists them';
like join(' ', ask("why $jid")), qr/ sent '\S+Z as $runs[1]' .* $runs[2]'/,
    'why JID tells them';

# no overlap: the next ones are missed until it ends
($jid) = (ask('execute cmd x .on all .every 1s .detach 1'))[0] =~ /^held (\S+)/;
my ($run) = $w->expect(qr/^run (\S+) /);
ok eventually { (record($jid)->{missed} || 0) >= 2 }, 'a slow one: missed';
is record($jid)->{runs}, 1, 'no other began';
like join(' ', ask("why $jid")), qr/missed '1: $run had not ended'/,
    'why tells which had not ended';
end($run);
($run) = $w->expect(qr/^run (\S+) /);
is_deeply [ask("cancel $jid")], ['ok'], 'it is cancelled';
ok eventually { record($jid)->{state} == 2 }, 'it is over';
is record($jid)->{error}, 'cancelled', 'cancelled';
is record($run)->{state}, 1, 'the run that it made goes on';
end($run);

# .missed once: the run that could not begin begins when the other has ended
($jid) = (ask('execute cmd x .on all .every 1s .missed once .detach 1'))[0]
    =~ /^held (\S+)/;
($run) = $w->expect(qr/^run (\S+) /);
my $first = record($run)->{planned};
ok eventually { (record($jid)->{missed} || 0) >= 2 }, 'three seconds later';
end($run);
my ($second) = $w->expect(qr/^run (\S+) /);
my $r = record($second);
cmp_ok $r->{planned}, '>=', $first + 3, 'the newest of them runs';
ask("cancel $jid");
end($second);

# .overlap 1
($jid) = (ask('execute cmd x .on all .every 1s .overlap 1 .detach 1'))[0]
    =~ /^held (\S+)/;
my ($one) = $w->expect(qr/^run (\S+) /);
my ($two) = $w->expect(qr/^run (\S+) /);
is record($one)->{state}, 1, '.overlap 1: two at once';
is record($jid)->{missed}, undef, 'and none missed';
ask("cancel $jid");
end($_) for $one, $two;

# cron, with a zone; .until; a first time
($jid) = (ask("ping .on all .every 'TZ=Europe/Rome 30 2 * * *' .detach 1"))[0]
    =~ /^held (\S+) next (\d+)/;
like strftime('%M:%S', gmtime $2), qr/^[03]0:00$/, 'cron: at a full minute';
ask("cancel $jid");
my @life = ask("ping .on all .every 1h .until +1m");
like $life[0], qr/^held /, '.until before the first';
like $life[1], qr/^done \S+ state 0 /, 'then there is none';
$c = $d->dial('exec');
$c->send("ping .on all .every 1h .at +0 .times 1\n");
like $c->line, qr/^held /, '.every .at +0';
($run) = $w->expect(qr/^run (\S+) ping/);
end($run);
like $c->line, qr/^done /, 'begins at once';

# a run that cannot be is a missed one
($jid) = (ask('execute cmd x .on role=none .every 1s .detach 1'))[0]
    =~ /^held (\S+)/;
ok eventually { record($jid)->{missed} }, 'nobody matches: missed';
like join(' ', ask("why $jid")), qr/missed '1: no worker matches'/, 'and why';
is record($jid)->{runs}, 0, 'it has no run';
ask("cancel $jid");

for my $wrong ('61m x', '* * * *', '0 0 30 2 *', 'TZ=Mars/Base 0 0 * * *',
    '500ms', '') {
    like +(ask("ping .on all .every '$wrong'"))[0],
        qr/^error: '\.every takes /, "not $wrong";
}
finish();
