# libmuster follows a selection: what is told is what really changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
my $d = driver($reg->name);

# The next connection, with its question read
sub asked
{
    my $c = $reg->event or die 'nobody asks';
    $c->send("READY\n");
    is $c->line, '.detail 1 .since 0 .sync 1 kind web', 'everything is asked for';
    return $c;
}

$d->send("monitor m kind=web\n");
my $c = asked();
$c->send("00000004\nREADY 4\n+ 4 a kind web\n+ 4 b kind web x 1\n");
is $d->news, 'm add a kind web', 'the present ones first';
is $d->news, 'm add b kind web x 1', 'all of them';
ok $d->quiet, 'not in sync before the registry says so';
$c->send("= 4\n");
is $d->news, 'm synced 4', 'in sync';
$c->send("= 5 b kind web x 2\n+ 6 c kind web\n- 7 a kind web\n");
is $d->news, 'm change b kind web x 2 was b kind web x 1', 'a change';
is $d->news, 'm add c kind web', 'one comes';
is $d->news, 'm gone a kind web', 'one goes';
$c->send("= 8 b x 2 kind web\n- 9 unheard\n= 9\n");
ok $d->quiet, 'what is no change is not told';

$c->close;
is $d->news, "m error 'the peer closed the connection'", 'lost';
$c = asked();
$c->send("READY 2\n+ 2 b kind web x 2\n+ 2 c kind web y 1\n+ 2 e kind web\n");
is $d->news, 'm change c kind web y 1 was c kind web',
    'a registry with a lower revision: only differences';
is $d->news, 'm add e kind web', 'are told';
ok $d->quiet, 'until it is in sync';
$c->send("= 2\n");
is $d->news, 'm synced 2', 'again';
$c->close;
like $d->news, qr/^m error /, 'lost';
$c = asked();
$c->send("READY 3\n+ 3 e kind web\n= 3\n");
is_deeply [sort map { $d->news } 1, 2],
    ['m gone b kind web x 2', 'm gone c kind web y 1'],
    'who did not come back is gone';
is $d->news, 'm synced 3', 'then in sync';

$c->send("! 9\n+ 10 late kind web\n");
is $c->line, undef, 'events were dropped: that connection is done with';
$c = asked();
$c->send("READY 12\n+ 12 f kind web\n= 12\n");
is $d->news, 'm add f kind web', 'what came';
is $d->news, 'm gone e kind web', 'what went';
is $d->news, 'm synced 12', 'and no error was told';

$c->send("! 13\n");
is $c->line, undef, 'dropped again';
$c = asked();
$c->send("READY 14\n+ 14 f kind web\n");
$c->close;
like $d->news, qr/^m error /, 'lost while catching up';
$c = asked();
$c->send("READY 15\n= 15\n");
is $d->news, 'm gone f kind web', 'it is caught up with';
is $d->news, 'm synced 15', 'all the same';

for my $bad ('error: \'no such luck\'', 'what is this', 'READY 15', '+ 1 b k')
{
    $c->send("$bad\n");
    like $d->news, qr/^m error /, "'$bad' is told";
    is $c->line, undef, 'and ends the connection';
    $c = asked();
    $c->send("READY 15\n= 15\n");
    is $d->news, 'm synced 15', 'it goes on';
}
$c->send("error: x\n");
is $d->news, 'm error x', 'an error';
$c = asked();
$c->send("error: x\n");
$c = asked();
$c->send("+ 3 q\n");
$c = asked();
ok $d->quiet, 'is told once in an outage';
$d->send("free m\n");
is $c->line, undef, 'freed: the connection ends';
$d->finish;

# freed in its callbacks
sub synced
{
    my ($d, @at) = @_;
    $d->send("monitor m kind=web\n");
    my $c = asked();
    $c->send("READY 4\n+ 4 a\n+ 4 b\n+ 4 c\n= 4\n");
    1 while $d->news !~ /synced/;
    $d->send("at m @at\n");
    ok $d->quiet, "at @at";
    return $c;
}

for my $do ('free m', 'end') {
    for my $event (qw(add change gone synced error)) {
        $d = driver($reg->name);
        $c = synced($d, $event, $do);
        if ($event eq 'synced' || $event eq 'gone') {
            $c->send("! 9\n");
            $c = asked();
            $c->send("READY 9\n+ 9 a\n= 9\n");
            1 while ($d->news || "m $event") !~ /^m $event/;
        } else {
            $c->send("= 5 a x 1\n+ 5 d\n- 5 d\n");
            $c->close if $event eq 'error';
            1 while ($d->news || "m $event") !~ /^m $event/;
        }
        ok $d->quiet, 'silent after it';
        $d->finish;
    }
}

# two monitors, one freed by the other; and the first word must be READY
$d = driver($reg->name);
$c = synced($d, 'add', 'free', 'n');
$d->send("monitor n kind=web\n");
my $n = asked();
$n->send("READY 1\n+ 1 z\n= 1\n");
1 while $d->news !~ /^n synced/;
$c->send("+ 5 d\n");
is $d->news, 'm add d', 'told';
is $n->line, undef, 'the other one ends';
$d->send("monitor bad 'a~('\n");
like $d->news, qr/^bad bad /, 'a bad selector';
$d->finish;
done_testing();
