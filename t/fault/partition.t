# A silent partition: a worker that nothing comes from, with no connection
# broken (it is stopped), for less and for more than the dispatcher's patience,
# with a task that goes on running. What is started twice has a higher number,
# and what came of the first run is told, late.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Time::HiRes qw(time);

need_programs(qw(musterd muster-dispatch muster-worker muster));
my $reg = registry();
# a second without an answer, and another one
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1s',
    '-o', 'dispatcher.lost_after=1s');
my %w = map { $_ => worker($reg, $_, '-o', 'worker.grace=100ms') } qw(a b);
ok eventually { $d->knows(2) }, 'both are known';
my $effects = scratch() . '/effects';
my $go = scratch() . '/go';

sub freeze { return kill 'STOP', $w{$_[0]}{pid} }
sub thaw { return kill 'CONT', $w{$_[0]}{pid} }

# Says its fence, waits for the test, and leaves its mark, once
sub task
{
    my ($n) = @_;
    return "execute cmd 'echo fence \$MUSTER_FENCE; "
        . "while [ ! -e $go.$n ]; do sleep 0.02; done; "
        . "echo \$MUSTER_FENCE \$MUSTER_HOST >>$effects.$n'";
}

sub marks { return split /\n/, slurp("$effects.$_[0]") }

# (a) a part of its patience: nothing but a delay (or once more, if it was longer)
my ($c, $jid, @rest);
for (1 .. 5) {
    unlink "$go.a", "$effects.a";
    $c = $d->dial('exec');
    $c->send(task('a') . " .hosts a\n");
    ($jid) = $c->line =~ /^submit (\S+)/;
    $c->until(qr/^out a/);
    my $began = time;
    freeze('a');
    select undef, undef, undef, 0.3;
    spew("$go.a", '');
    thaw('a');
    my $took = time - $began;
    @rest = $c->rest;
    last if $took < 0.8;
}
is_deeply [grep { !/^exit a 0 state 0 / } @rest[0 .. $#rest - 1]], [],
    'a part of its patience: it ends well';
is scalar marks('a'), 1, 'once';
is_deeply [grep { /lost|link/ } $d->ask('exec', "why $jid a\n")], [],
    'nothing else was to be seen';

# (b) three times as long: lost; it says later what came of it
$c = $d->dial('exec');
$c->send(task('b') . " .hosts a\n");
($jid) = $c->line =~ /^submit (\S+)/;
$c->until(qr/^out a/);
freeze('a');
@rest = $c->rest;
like $rest[0], qr/^exit a - state 3 reason lost/, 'as long as it takes: lost';
like $rest[-1], qr/ state 2 ok 0 failed 0 unreachable 1 lost 1$/, 'so the job';
spew("$go.b", '');
ok eventually { marks('b') }, 'it has gone on, and left its mark';
thaw('a');
like eventually { join ' ', grep { /late-rc/ } $d->ask('exec', "job $jid\n") },
    qr/^host a .* state 3 .* reason lost .* late-rc 0 late-state 0/,
    'its true end is told, late, and nothing overwritten';
is scalar marks('b'), 1, 'it has run once';

# .any: no second start while it may have begun
ok eventually { $d->knows(2) }, 'both are there again';
$c = $d->dial('exec');
$c->send(task('c') . " .on all .any 1\n");
my ($first) = join(' ', $c->until(qr/^out/)) =~ /out (\S+) stdout 'fence (\d+)'/;
my $fence = $2;
ok $fence, 'a start that may not be the only one has a number';
freeze($first);
like join(' ', $c->rest), qr/exit $first - state 3 reason lost/,
    '.any: lost, and not started elsewhere';
spew("$go.c", '');
ok eventually { marks('c') }, 'it goes on where it is';
thaw($first);
is_deeply [marks('c')], ["$fence $first"], 'once';

# .any, with the policy rerun: elsewhere, with a higher number
ok eventually { $d->knows(2) }, 'both are there again';
$c = $d->dial('exec');
$c->send(task('d') . " .on all .any 1 .lost rerun\n");
my @said = $c->until(qr/^out/);
($jid) = $said[0] =~ /^submit (\S+)/;
($first) = $said[-1] =~ /^out (\S+) stdout 'fence (\d+)'/;
$fence = $2;
freeze($first);
my ($second) = ($c->until(qr/^out/))[-1] =~ /^out (\S+) stdout 'fence (\d+)'/;
my $higher = $2;
isnt $second, $first, 'rerun: elsewhere';
cmp_ok $higher, '>', $fence, 'with a higher number';
spew("$go.d", '');
like join(' ', $c->rest), qr/exit $second 0 state 0 .* attempt 2/,
    'it is the second attempt that counts';
ok eventually { marks('d') == 2 }, 'the first one has run, too';
thaw($first);
my $record = eventually {
    join ' ', grep { /late\.1/ } $d->ask('exec', "job $jid\n")
};
like $record, qr/^host $second .* attempt 2 .*late\.1 '$first rc 0 state 0 /,
    'its true result is told, late';
like $record, qr/ tried $first fence $higher seed \d+ of 1 /,
    'the record has it all';
is_deeply [sort(marks('d'))], [sort "$fence $first", "$higher $second"],
    'one mark for each number';
finish();
