# A job runs on exactly what matches, and its life comes as lines.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my %role = (web1 => 'web', web2 => 'web', db1 => 'db', db2 => 'db', x => 'x');
worker($reg, $_, '-o', "worker.attrs.role=$role{$_}", '-o',
    'worker.slots=4') for sort keys %role;
my $d = dispatcher($reg);
ok eventually { $d->knows(5) }, 'it knows five workers';

my @lines = $d->ask('exec', "execute cmd 'echo \$MUSTER_HOST; echo e >&2' "
    . ".on role=web\n");
like shift @lines, qr/^submit [A-Z2-7]{8}-\d+ 2$/, 'submit: two hosts';
like pop @lines, qr/^done \S+ state 0 ok 2 failed 0 unreachable 0$/, 'done';
for my $host (qw(web1 web2)) {
    my @own = grep { / $host / || / $host$/ } @lines;
    is shift @own, "ack $host", "$host: ack first";
    like pop @own, qr/^exit $host 0 state 0 reason exited/, "$host: exit last";
    is_deeply [sort @own],
        ["out $host stderr e", "out $host stdout $host"], "$host: output";
}
is scalar(@lines), 8, 'and no line more';

@lines = $d->ask('exec', "execute cmd 'echo a; printf b; exit 3' .on host=x\n");
is_deeply [@lines[1 .. 3]],
    ['ack x', 'out x stdout a', 'part x stdout b'], 'output without an LF';
like $lines[4], qr/^exit x 3 state 2 reason exited/, 'an exit status';
like $lines[5], qr/^done \S+ state 2 ok 0 failed 1 unreachable 0$/, 'failed';

@lines = $d->ask('exec', "execute cmd 'kill -9 \$\$' .on host=x\n");
like "@lines", qr/exit x - state 2 reason 'signal 9'/, 'a signal';

@lines = $d->ask('exec', "execute argv 'echo ''two words'' \$x' .hosts x\n");
is $lines[2], 'out x stdout \'two words $x\'', 'words without a shell';

@lines = $d->ask('exec', "execute cmd true .on role=web .any 1\n");
is scalar(grep({ /^exit web[12] 0/ } @lines)), 1, '.any: one of them';
like $lines[0], qr/^submit \S+ 1$/, '.any: one host';

@lines = $d->ask('exec', "execute cmd true .on all\n");
is scalar(grep({ /^exit \S+ 0/ } @lines)), 5, '.on all: every one';

is_deeply [$d->ask('exec', "execute cmd true .on role=none\n")],
    ["error: 'no worker matches'"], 'nobody matches';
is_deeply [$d->ask('exec', "execute cmd true .on role=none .any 1\n")],
    ["error: 'no worker matches'"], 'nobody matches for any';
is_deeply [$d->ask('exec', "execute cmd true .on 'mem>= 1000T'\n")],
    ["error: 'no worker matches'"], 'no number is so big';

@lines = $d->ask('exec', "execute cmd true .hosts web1,web9\n");
like "@lines", qr/exit web9 - state 3 reason unreachable/, 'one is not there';
like "@lines", qr/exit web1 0 state 0/, 'the other runs';
like $lines[-1], qr/^done \S+ state 2 ok 1 failed 0 unreachable 1$/, 'done';

@lines = $d->ask('exec', "reboot now 1 .on role=web\n");
is scalar(grep({ /^exit web\d - state 2 reason refused why / } @lines)), 2,
    'an operation that they do not have';
like $lines[-1], qr/^done \S+ state 2 ok 0 failed 2 unreachable 0 refused 2$/,
    'refused';
@lines = $d->ask('exec', "reboot .on role=web .any 1\n");
like "@lines", qr/exit - - state 2 reason refused why 'no worker has /,
    'nor any';

@lines = $d->ask('exec', "execute cmd 'sleep 30' .on host=x .timeout 0.2\n");
like "@lines", qr/exit x - state 2 reason timeout/, '.timeout';
like $lines[-1], qr/ timeout 1$/, 'is counted';
@lines = $d->ask('exec', "execute cmd 'sleep 30' .on host=x .idle 200ms\n");
like "@lines", qr/exit x - state 2 reason idle/, '.idle';

for my $n (1, 6) {
    is_deeply [$d->ask('exec', "ping .on all .expect $n\n")],
        ["error: '5 workers match, .expect is $n'"], ".expect $n";
}
is_deeply [$d->ask('exec', "ping .on all .min 6\n")],
    ["error: '5 workers match, .min is 6'"], '.min 6';
like join(' ', $d->ask('exec', "ping .on all .min 5\n")), qr/ ok 5 /, '.min 5';

@lines = $d->ask('exec', "ping .on all .detach 1\n");
is scalar(@lines), 1, '.detach: one line';
like $lines[0], qr/^submit \S+ 5$/, '.detach: submit';
is_deeply [map { (split)[0] } $reg->find('kind dispatcher .names 1')],
    ['tcp!' . join('!', split /:/, $d->address('exec'))], 'it is registered';
finish();
