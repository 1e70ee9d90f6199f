# Jobs that wait take no more memory together than dispatcher.jobs_size says,
# those that name hosts by the thousand too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.jobs_size=8M');
my $hosts = join ',', map { "h$_" } 1 .. 10000;
my $before = $d->memory;
my (%answer, $refused);
for (1 .. 30) {
    my ($line) = $d->ask('exec', "ping .hosts $hosts .wait 1000 .detach 1\n");
    $refused = $line if $line !~ /^submit/;
    $answer{$line =~ /^submit/ ? 'taken' : 'refused'}++;
}
is $refused, "error: 'no room for more jobs (dispatcher.jobs_size)'", 'refused';
cmp_ok $answer{taken}, '<=', 4, 'few were taken';
SKIP: {
    skip 'sanitizers keep what is freed', 1 if deadline(1) > 1;
    cmp_ok $d->memory - $before, '<', 3 * 8192, 'and memory is bounded';
}
my ($jid) = $d->ask('exec', "jobs\n");
like +($d->ask('exec', 'cancel ' . (split ' ', $jid)[0] . "\n"))[0], qr/^ok/,
    'one ends';
ok +(eventually {
    +($d->ask('exec', "ping .hosts $hosts .wait 1000 .detach 1\n"))[0] =~ /^submit/
}), 'and there is room again';
finish();
