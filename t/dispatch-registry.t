# The registry's death touches nothing that runs, and it is found again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg);
worker($reg, $_) for qw(w1 w2);
ok eventually { $d->knows(2) }, 'it knows its workers';

my $c = $d->dial('exec');
$c->send("execute cmd 'echo one; sleep 1; echo two' .on all\n");
my @lines = $c->until(qr/one$/);
push @lines, $c->until(qr/one$/);
$reg->kill;
ok eventually { grep { /registry is away/ } $d->log }, 'the registry is away';
like join(' ', $d->ask('exec', "execute cmd 'echo three' .on all\n")),
    qr/ ok 2 failed 0/, 'what is known is used';
push @lines, $c->rest;
is scalar(grep({ /two$/ } @lines)), 2, 'what runs goes on';
like $lines[-1], qr/ ok 2 failed 0 unreachable 0$/, 'to its end';

$reg->restart;
ok eventually { $reg->find('kind dispatcher') }, 'it registers again';
like join(' ', $d->ask('exec', "execute cmd true .on all\n")), qr/ ok 2 /,
    'workers that are not back yet, but linked, are still there';
ok eventually { 2 == $reg->find('kind worker') }, 'they are back';
ok $d->knows(2), 'each once';
worker($reg, 'w3');
ok eventually { $d->knows(3) }, 'and the view is live again';
finish();
