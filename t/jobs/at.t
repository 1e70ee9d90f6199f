# .at and .after: jobs that begin later.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
worker($reg, $_) for qw(a b);
my $d = dispatcher($reg);
ok eventually { $d->knows(2) }, 'it knows its workers';

sub ask { return $d->ask('exec', "@_\n") }

# .at, from now on: held, then its life
my $before = time;
my $one = $d->dial('exec');
$one->send("execute cmd 'date +%s.%N' .on all .at +1500ms\n");
my @life = $one->line;
my $heard = time;
push @life, $one->rest;
my ($jid, $next) = $life[0] =~ /^held (\S+) next (\d+)$/;
ok defined $jid, 'held JID next TIME' or diag $life[0];
ok $before + 0.5 <= $next && $next <= $heard + 2.5, 'at that time'
    or diag "$before $next $heard";
is $life[1], "submit $jid 2", 'then submit';
my @ran = map { /^out \w stdout (\S+)/ } @life;
is scalar(@ran), 2, 'it ran on both';
cmp_ok $_ - $before, '>=', 1.5, 'not before its time' for @ran;
like $life[-1], qr/^done $jid state 0 ok 2 /, 'and well';

# a time that is over already is now; RFC 3339, and one of today
for my $at (strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 5)),
    strftime('%Y-%m-%dT%H:%M:%S.5Z', gmtime(time - 1)), '+0') {
    @life = ask("ping .on host=a .at $at");
    like $life[0], qr/^held /, "$at: held";
    like $life[-1], qr/^done \S+ state 0 ok 1 /, 'and run at once';
}
@life = ask('ping .on host=a .missed skip .at '
    . strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 3600)));
is $life[1], "error: 'its time was missed (.missed skip)'",
    '.missed skip: not an hour later';

# what it has while it is held
@life = ask('ping .on host=a .at 2099-01-01T00:00Z .detach 1');
is scalar(@life), 1, '.detach: the answer ends';
($jid) = $life[0] =~ /^held (\S+) next 4070908800$/;
ok defined $jid, 'with held';
like +(ask("job $jid"))[0],
    qr/^$jid op ping state 1 hosts 0 .* held 1 next 4070908800$/, 'job JID';
is_deeply [map { (split)[0] } ask('jobs held 1')], [$jid], 'jobs held 1';
my $c = $d->dial('exec');
$c->send("follow $jid\n");
like $c->line, qr/^held $jid /, 'follow tells it';
is_deeply [ask("cancel $jid")], ['ok'], 'it is cancelled';
is $c->line, "error: cancelled", 'and ends';
is_deeply [ask('jobs held 1')], [], 'none is held';

# .after: when that one has ended well, or however it ends
my $first = $d->dial('exec');
my $go = scratch() . '/go';
$first->send("execute cmd 'until test -e $go; do sleep 0.05; done; exit 3' "
    . ".on host=a .at +300ms\n");
($jid) = $first->line =~ /^held (\S+)/;
my %wait = map { ($_ => $d->dial('exec')) } '', '=ok', '=any';
$wait{$_}->send("ping .on host=b .after $jid$_\n") for keys %wait;
my $after_any = $jid . '=any';
is $wait{''}->line =~ s/ \S+ / /r, "held after $jid", 'held after JID';
is $wait{'=any'}->line =~ s/ \S+ / /r, "held after $after_any",
    'held after JID=any';
$wait{'=ok'}->line;
spew($go, '');
like join("\n", $first->rest), qr/^exit a 3 /m, 'the first one fails';
is $wait{''}->line,
    "error: 'job $jid, after which it was to begin, failed'", 'so not this';
is $wait{'=ok'}->line,
    "error: 'job $jid, after which it was to begin, failed'", 'nor with =ok';
like(($wait{'=any'}->rest)[-1], qr/^done \S+ state 0 ok 1/, '=any is run');
@life = ask("ping .on host=b .after $jid=any");
like $life[-1], qr/^done \S+ state 0 ok 1/, 'after one that has ended: at once';
@life = ask("ping .on host=b .after $jid");
like $life[-1], qr/^error: .* failed'$/, 'or not at all';

# its target is looked for when it begins
@life = ask('ping .on role=new .at +0');
is $life[1], "error: 'no worker matches'", 'nobody is there then';

my %wrong = (
    '.at soon' => '.at takes a time: 2026-11-22T09:30:00Z (RFC 3339), 09:30'
        . ' or +10m',
    '.after NOJOB-1' => 'no job NOJOB-1',
    '.after =any' => '.after takes JID, JID=ok or JID=any',
    '.missed later .at +1' => '.missed takes skip or once',
    '.missed skip' => '.missed needs .every or .at',
    '.times 3' => '.overlap, .until and .times need .every',
    '.overlap 1' => '.overlap, .until and .times need .every',
    '.parent X' => 'unknown directive .parent',
    '.planned +1' => 'unknown directive .planned',
);
for my $request (sort keys %wrong) {
    is_deeply [ask("ping .on all $request")], ["error: '$wrong{$request}'"],
        $request;
}
finish();
