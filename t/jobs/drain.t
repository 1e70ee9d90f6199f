# drain: a worker that is to get no more is skipped, visibly; it remembers that
# itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker muster));
my $reg = registry();
my $d = dispatcher($reg);
my %w = map {
    $_ => worker($reg, $_, '-o', 'worker.attrs.role=web')
} qw(a b);
ok eventually { $d->knows(2) }, 'both are known';

sub run_on { return $d->ask('exec', "execute cmd 'echo \$MUSTER_HOST' @_\n") }

is_deeply [$d->ask('exec', "drain a 'new disk'\n")], ['ok'], 'drain';
ok eventually { $reg->find("host a drain 'new disk' .names 1") },
    'it is registered, with the reason';
ok eventually { ($d->ask('exec', "ping .on all .expect 1\n"))[0] =~ /^submit/ },
    'it does not count for .expect';
my @said = run_on('.on role=web');
like $said[0], qr/^submit \S+ 2$/, 'it is in the set';
is_deeply [grep { /^exit a/ } @said],
    ["exit a - state 1 reason notstarted why 'drained: new disk'"],
    'it has ended, with the reason';
is_deeply [grep { /^out/ } @said], ['out b stdout b'], 'the other one runs';
like $said[-1], qr/ state 0 ok 1 failed 0 unreachable 0 skipped 1 drained 1$/,
    'which is no failure';
is_deeply [grep { /^out/ } run_on('.on all .any 1')], ['out b stdout b'],
    '.any: never there';
is_deeply [grep { /^out/ } run_on('.hosts a')], ['out a stdout a'],
    'named it runs';
like +(run_on('.on all .min 2'))[0], qr/1 worker matches, \.min is 2/,
    'nor for .min';
like +(run_on('.on host=a'))[0],
    qr/^error: 'no worker matches but 1 that is drained'$/, 'nobody else';

# over a restart
$w{a}->stop;
ok eventually { !$reg->find('host a .names 1') }, 'it is gone';
$w{a}->start;
ok eventually { $reg->find("host a drain 'new disk' .names 1") },
    'it remembers over a restart';

# drained while jobs wait for its slots
my ($slots) = ($reg->find('host b'))[0] =~ / slots (\d+)/;
my @busy = map {
    my $c = $d->dial('exec');
    $c->send("execute cmd 'sleep 60' .hosts b\n");
    my ($jid) = $c->line =~ /^submit (\S+)/;
    $c->line;
    $jid
} 1 .. $slots;
my $waits = $d->dial('exec');
$waits->send("execute cmd true .on host=b\n");
like $waits->line, qr/^submit/, 'one waits for a slot';
is_deeply [$d->ask('exec', "drain b 'power' 3600\n")], ['ok'], 'for an hour';
like join(' ', $waits->rest),
    qr/exit b - state 1 reason notstarted why 'drained: power'/,
    'it does not wait any more';
my ($until) = ($reg->find('host b'))[0] =~ / drain\.until (\d+)/;
ok abs($until - time - 3600) < 60, 'until when is registered';
$d->ask('exec', "cancel $_\n") for @busy;

for my $host (qw(a b)) { # a was away
    ok eventually { ($d->ask('exec', "undrain $host\n"))[0] eq 'ok' },
        "undrain $host";
}
ok eventually { $reg->find('kind worker drain! * .names 1') == 2 },
    'neither is drained';
ok eventually { ($d->ask('exec', "ping .on all .expect 2\n"))[0] =~ /^submit/ },
    'jobs may come again';

# by itself, and what is no request
is_deeply [$d->ask('exec', "drain a soon 1\n")], ['ok'], 'for a second';
ok eventually { !$reg->find('host a drain * .names 1') }, 'it ends by itself';
for (["drain nobody x", qr/no worker nobody/],
    ["drain a ''", qr/a reason, which is not empty/],
    ["drain a x soon", qr/a time, as 600, 10m or 2h/],
    ["drain a", qr/usage: drain HOST REASON \[SECONDS\]/],
    ["undrain", qr/usage: undrain HOST/])
{
    like +($d->ask('exec', "$_->[0]\n"))[0], qr/^error: .*$_->[1]/, $_->[0];
}

# the same by the command
sub muster_at { return muster($reg, @_) }
is_deeply [(muster_at('drain', 'a', 'new disk', '--for', '2h'))[0, 2]], [0, ''],
    'muster drain';
ok eventually { ($d->ask('exec', "explain a all\n"))[0] =~ / drained / },
    'is heard of';
my ($rc, $out) = muster_at('run', 'ping', '--all', '--group');
is "$rc $out", "0 a (1 host): drained: new disk, no output\n"
    . "b (1 host): no output\n", 'no failure, and said';
is +(muster_at('undrain', 'a'))[0], 0, 'muster undrain';
ok eventually { $reg->find('kind worker drain! * .names 1') == 2 }, 'is heard';
is +(muster_at('drain', 'a'))[0], 2, 'a reason is wanted';
finish();
