# Much over TLS: readers that are slow, new keys in the middle of it, and ends
# that are cut off instead of said.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use Test::More;

need_programs('musterd', 'muster', 'muster-worker', 'muster-dispatch',
    't/driver/tls-pipe');
my $reg = registry({tls => 'server'});

# Registered over one connection, in lines that come together
my $count = 3000;
my $value = 'x' x 900;
my $new = $reg->dial('new');
$new->send("s0 kind many v $value .ack 1\n" . join '',
    map { ".new s$_ kind many v $value\n" } 1 .. $count - 1);
is scalar(grep { /^ok / } $new->lines($count, 60)), $count,
    "$count services over one connection";

my $expected = join '', map { "s$_ kind many v $value\n" } 0 .. $count - 1;
sub whole { is_deeply [length $_[0], $_[0] eq $expected], [length $expected, 1], $_[1] }
my $c = $reg->dial('find');
$c->send("kind many\n");
whole($c->bytes(60), 'all of them in one answer');
is(($c->pipe_end)[0], 0, 'which ends with a close_notify');

# A reader that does not read for a while; others go on
my $slow = $reg->dial('find');
$slow->send("kind many\n");
my $other = $reg->dial('find');
$other->send("kind many\n");
whole($other->bytes(60), 'beside one that does not read');
whole($slow->bytes(60), 'which gets it all the same');

# New keys each 50000 bytes, both ways; asked for while records are under way
for my $every (50_000, 1_000_000) {
    my $c = $reg->dial('find', update => $every);
    $c->send(".keep 1 kind many\n" x 3);
    my $bytes = '';
    for my $n (1 .. 3) {
        my @lines = $c->lines($count + 1, 60);
        whole(join('', map { "$_\n" } @lines[0 .. $count - 1]),
            "answer $n with new keys after $every bytes");
    }
    $c->end;
    is $c->bytes, '', 'and the end';
}
my $updating = $reg->dial('new', update => 1000);
$updating->send("u0 kind keys .ack 1\n" . join '',
    map { "n $_ pad $value\n" } 1 .. 500);
is scalar(grep { /^ok / } $updating->lines(501, 60)), 501,
    'new keys after each line that is sent';

# A pipeline larger than what any socket holds, answered while it is sent
my $pipelined = $reg->dial('find');
$pipelined->send(join('', map { ".keep 1 .names 1 kind keys pad $value\n" }
    1 .. 5000), 60);
is scalar(grep { $_ eq 'u0' } $pipelined->lines(10000, 60)), 5000,
    'five thousand queries on one connection';

# What is cut off is no line, though the end of a plain stream would make it one
my $cut = $reg->dial('new', cut => 1);
$cut->send("whole kind cut .ack 1 persist 1\n");
like $cut->line, qr/^ok /, 'a whole line';
$cut->send(".remove whole");
$cut->end;
ok eventually { $reg->find('kind keys') }, 'the registry goes on';
is_deeply [$reg->find('kind cut .names 1')], ['whole'],
    'half a line, cut off, is not done';
my $said = $reg->dial('new');
$said->send("other kind said .ack 1 persist 1\n");
$said->line;
$said->send(".of whole n 1");
$said->end;
ok eventually { $reg->find('kind cut n 1') },
    'a last line without its end, before a close_notify, is';

# The admin face is one like the others
my $http = registry({tls => 'server', name => 'http'},
    '-o', 'registry.admin=tls!127.0.0.1!0');
for my $end ("Connection: close\r\n", '') {
    my $c = $http->dial('admin');
    $c->send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n$end\r\n");
    like $c->line, qr{^HTTP/1\.1 200 }, 'HTTP over TLS';
    $c->end;
    like join("\n", $c->rest), qr/"status": ?"ok"/, 'with its body';
}

# Output of jobs through two legs of TLS
my $dispatch = dispatcher($reg, {tls => 'dispatch'});
my $worker = worker($reg, 'w1', {tls => 'w1'});
ok eventually { $dispatch->knows(1) }, 'the dispatcher dials a worker by TLS';
like((grep { /^tls!/ } $reg->find('kind worker .names 1'))[0],
    qr/^tls!127\.0\.0\.1!\d+$/, 'which is registered as one');
my ($rc, $out, $err) = muster($reg, {seconds => 120}, 'exec', '--all', '-c',
    'i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done');
is $rc, 0, 'a job with much output';
my @lines = map { /\| (.*)/ } split /\n/, $out;
is scalar(@lines), 20000, 'all of it came';
is $lines[-1], 'line 19999', 'in order';
is join('', grep { $lines[$_] ne "line $_" } 0 .. $#lines), '', 'every line';
finish();
