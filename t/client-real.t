# libmuster and a real registry, which dies and comes back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver', 'musterd');
my $reg = registry();
my $d = driver($reg->registry_address);
my $w = driver($reg->registry_address);

$w->send("monitor m kind=web\n");
is $w->news, 'm synced 0', 'in sync with nothing';
$d->send("register r a kind web load 1 .volatile load\n");
is $d->news, 'r registered 1', 'registered';
is $w->news, 'm add a kind web load 1', 'seen';
$d->send("set r x 1 load 2\n");
is $w->news, 'm change a kind web load 2 x 1 was a kind web load 1', 'changed';
$d->send("set r load 3\n");
ok eventually { $reg->find('load 3') }, 'a volatile attribute';
ok $w->quiet, 'wakes nobody';
$d->send("register other b kind web\nregister third c kind web\n");
is_deeply [sort map { $w->news } 1, 2],
    ['m add b kind web', 'm add c kind web'], 'two more';
$d->until(qr/^(?:other|third) reg/) for 1 .. 2;
$d->send("free third\n");
is $w->news, 'm gone c kind web', 'freed, it is gone';
$d->send("find f 'kind=web x=1'\n");
is $d->news, 'f service a kind web load 3 x 1', 'found';
is $d->news, 'f done 5', 'as of a revision';

# taken over by another process: it takes it back, and nothing has changed
my $rival = $reg->dial('new');
$rival->send("a kind web load 3 x 1 .replace 1 .ack 1\n");
like $rival->line, qr/^ok/, 'a rival takes the name';
like $d->news, qr/^r refused/, 'which is told';
like $d->news, qr/^r registered/, 'and taken back';
ok $w->quiet, 'no change, nobody is woken';
like $rival->line, qr/^error:/, 'the rival is told';

# the registry dies: what is known stands, and is equal in the end
$reg->kill;
like $w->news, qr/^m error /, 'the registry dies';
$d->send("set r x 2\n");
ok $w->quiet, 'nobody is gone for that';
$reg->restart;
like $d->news, qr/^(?:r|other) registered [12]$/, 'they register again';
like $d->news, qr/^(?:r|other) registered [12]$/, 'both';
ok eventually { $d->send("find f kind=web .names 1\n");
    join(' ', sort grep { /service/ } $d->until(qr/done/))
        eq 'f service a f service b' }, 'both are there';
my @seen = $w->until(qr/^m (?:add|change) a kind web load 3 x 2(?: was|$)/);
ok @seen > 0, 'a watcher catches up';
$d->send("unset r x\n");
push @seen, $w->until(qr/^m change a kind web load 3 was /);
like $seen[-1], qr/^m change a kind web load 3 was a kind web load 3 x 2/,
    'and is live again';
ok !(grep { /^m add a/ } @seen) || (grep { /^m gone a/ } @seen),
    'what it knows is not told anew';
$w->finish;

# a half-open connection of our own: replaced, and nobody woken
$w = driver($reg->registry_address);
$w->send("monitor m kind=web\n");
$w->until(qr/synced/);
$d->send("echo still\n");
$d->until(qr/^still$/);
kill 'STOP', $d->{pid};
my $e = driver($reg->registry_address);
$e->send("register r a kind web load 3 .replace 1 .volatile load\n");
like $e->news, qr/^r registered/, 'replaced while the old one sleeps';
ok $w->quiet, 'equal: nobody is woken';
kill 'KILL', $d->{pid}; # awake it would take the name back
waitpid $d->{pid}, 0;
is $w->news, 'm gone b kind web', 'the old one ends, with what was its own';
ok $w->quiet, 'and no more';
$e->finish;
is $w->news, 'm gone a kind web load 3', 'then the new one';

# persistent ones
$e = driver($reg->registry_address);
$e->send("register p p kind web .persist 1\n");
is $w->news, 'm add p kind web persist 1', 'a persistent one';
$e->until(qr/^p registered/);
$e->finish;
ok $w->quiet, 'outlives its process';
$e = driver($reg->registry_address);
$e->send("register p p kind web .persist 1\n");
like $e->news, qr/^p refused 'duplicate service name'/, 'its name is taken';
$e->send("free p\nregister q p kind web .persist 1 .replace 1\n");
$e->until(qr/^q registered/);
ok $w->quiet, 'taken over, unchanged';
$e->send("free q\n");
is $w->news, 'm gone p kind web persist 1', 'freed, it is removed';
$e->finish;

# a heartbeat keeps what has a ttl
$e = driver($reg->registry_address);
$e->send("register t t kind web .ttl 3\n");
is $w->news, 'm add t kind web', 'with a ttl';
my $lost = eventually { !$reg->find('.name t') } 4.5 / deadline(1);
ok !$lost, 'it stays beyond it';
kill 'STOP', $e->{pid};
is $w->news, 'm gone t kind web', 'a process that sleeps loses it';
kill 'CONT', $e->{pid};
is $w->news(20), 'm add t kind web', 'and has it again when it wakes';
$e->finish;
$w->finish;
finish();
