# A dispatcher that has just been started does not say that nobody is there
# before it knows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my @w = map { FakeWorker->new($reg, "w$_") } 1 .. 20;
my $d = dispatcher($reg);
my @c = map { my $c = $d->dial('exec'); $c->send("$_\n"); $c }
    'ping .on all', 'ping .hosts w7';
$_->link for @w;
$_->run_one for @w;
$w[6]->run_one;
like +($c[0]->rest)[-1], qr/ ok 20 failed 0 unreachable 0$/, 'all of them';
like +($c[1]->rest)[-1], qr/ ok 1 failed 0 unreachable 0$/, 'one by name';

my $lost = daemon('muster-dispatch', {name => 'without registry'},
    '-o', 'dispatcher.exec=127.0.0.1:0', '-o', 'dispatcher.registry=127.0.0.1:1');
is_deeply [$lost->ask('exec', "ping .on all\n")],
    ["error: 'the registry has not answered yet'"], 'without a registry';
finish();
