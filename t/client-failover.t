# Of several registries one that answers is used; a refusal is an answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my ($a, $b) = (fake_registry(), fake_registry());

my $d = driver($a->name . ',' . $b->name);
$d->send("register r x\n");
my $c = $a->new;
is $c->line, 'x .ack 1', 'the first of the list';
$c->send("error: 'duplicate service name'\n");
$c->close;
is $d->news, "r refused 'duplicate service name'", 'refuses';
$c = $a->new;
is $c->line, 'x .ack 1', 'another has no say in that';
$c->send("ok 1\n");
is $d->news, 'r registered 1', 'it is registered there';

$a->{$_}->close for qw(new find event);
$c->close;
$c = $b->new;
is $c->line, 'x .ack 1 .replace 1', 'lost: the next one';
$c->send("ok 7\n");
is $d->news, 'r registered 7', 'answers';
$d->send("monitor m ''\n");
my $e = $b->event;
is $e->line, '.detail 1 .since 0 .sync 1', 'what comes later goes there at once';

$b->{$_}->close for qw(new find event);
$a->{$_}->reopen for qw(new find event);
$c->close;
$c = $a->new;
is $c->line, 'x .ack 1 .replace 1', 'and round again';
$c->send("ok 1\n");
is $d->news, 'r registered 1', 'registered';
$e->close;
like $d->news, qr/^m error /, 'a monitor is told that its link is lost';
$e = $a->event;
is $e->line, '.detail 1 .since 0 .sync 1', 'all of them';
$d->finish;

$d = driver('127.0.0.1:1:1:1');
$d->send("register r x\n");
like $d->line, qr/^link down 'registry 127.0.0.1:1 \(new\): .*refused'/,
    'nobody there is told';
ok $d->quiet, 'once';
$d->finish;

for my $bad ('', ' , ', 'h:x', 'h:1:2:3:4') {
    $d = driver($bad);
    like $d->line, qr/^bad '/, "registries '$bad'";
}
done_testing();
