# Strangers at a port of TLS: plain text, garbage, handshakes that never end,
# and a crowd of them; everybody else is served.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd', 'muster', 't/driver/tls-pipe');
my $reg = registry({tls => 'server'}, '-o', 'limits.handshake=60s',
    '-o', 'limits.handshakes=20', '-o', 'limits.handshakes_per_turn=2');
my $held = $reg->register('a kind web');
sub logged { my ($re) = @_; return eventually { grep { /$re/ } $reg->log } }
sub raw
{
    my ($face, $daemon) = @_;
    my ($port) = ($daemon || $reg)->address($face) =~ /!(\d+)$/;
    return connect_to("127.0.0.1:$port");
}
sub served { is_deeply [$reg->find('kind web')], ['a kind web'], $_[0] }

# Plain text
my $c = raw('find');
$c->send("kind web\n");
is_deeply [$c->rest],
    ["error: 'this port speaks TLS: dial it as tls!HOST!PORT'"],
    'who speaks plain text is told';
ok logged(qr/find#\d+: refused: plain text came to a port of TLS; it was told so \(from 127\.0\.0\.1:\d+\)/),
    'and it is in the log';
$c = raw('new');
$c->send("GET / HTTP/1.1\r\n\r\n");
like join('', $c->rest), qr/^error: 'this port speaks TLS/, 'HTTP, too';
is scalar(grep { !/^a / } $reg->find('')), 0, 'nothing came of it';
is((muster($reg, '--registry', $reg->registry_address =~ s/^tls!//r,
    'find'))[0], 8, 'our own client in plain text');

# And TLS to a port of plain text
my $plain = registry({name => 'plain'});
my ($rc, $out, $err) = muster($plain, {env => {MUSTER_TLS_CA => certs()
        . '/ca.pem'}}, '--registry', 'tls!' . $plain->registry_address, 'find');
is $rc, 8, 'TLS to a port of plain text';
like $err, qr/handshake of TLS|not in TLS/, 'is seen for what it is';

# One that says nothing, and one that says it slowly: where a handshake may take
# a second, which one of ours took before
my $hasty = registry({tls => 'server', name => 'hasty'},
    '-o', 'limits.handshake=1s');
my $quick;
ok eventually {
    $quick = $hasty->dial('find');
    $quick->send(".keep 1\n");
    return defined $quick->line;
}, 'somebody who is quicker';
my $began = time;
my $silent = raw('find', $hasty);
my $slow = raw('new', $hasty);
$slow->send("\x16\x03\x01");
$quick->send(".count 1\n");
is $quick->line, 0, 'is served beside them';
ok $silent->ends, 'a silent one ends';
ok $slow->ends, 'and a slow one';
cmp_ok time - $began, '>=', 0.9, 'not before its time';
ok eventually {
    grep { /refused: no handshake of TLS in time \(from 127/ } $hasty->log
}, 'it is said why';
$quick->close;
$hasty->stop;

# Garbage
srand 42;
for my $n (1 .. 40) {
    $c = raw($n % 2 ? 'find' : 'new');
    $c->send(join '', map { chr int rand 256 } 1 .. 1 + int rand 600);
    $n % 3 ? $c->end : $c->close;
}
$c = raw('find');
$c->send("\x16\x03\x01\x02\x00" . "\x00" x 512);
ok $c->ends, 'a handshake that is none ends';
$c = raw('find');
$c->send("\x16\x03\x01\x40\x00" . join '', map { chr int rand 256 } 1 .. 100);
served('after garbage');

# A crowd of them: the oldest make way
my @crowd = map { raw('find') } 1 .. 60;
served('through a crowd of half-open ones');
my @there = grep { !$_->ends(0.01) } @crowd[0 .. 9];
is @there, 0, 'the oldest of them are gone';
served('again');
@crowd = ();

# Many good ones at once take their turns
my @good = map { $reg->dial('find') } 1 .. 15;
$_->send("\n") for @good;
is_deeply [map { join '', $_->rest } @good], [('a kind web') x 15],
    'fifteen at once are all served';
ok eventually { $reg->descriptors < 40 }, 'no descriptor is left behind';
ok $held->silent, 'and who was there all the time noticed nothing';
$held->send("kind db\n");
is $held->line, 'ok 2', 'and is heard';
finish();
