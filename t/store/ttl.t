# A service with a ttl that persists has it again after a start, and goes when
# nobody refreshed it; its volatile attributes stay volatile.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Time::HiRes qw(time);

my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');
my ($c, $e, $r, $start, $found);
# until we have been quick enough ourselves: before two seconds are over
for my $attempt (1 .. 10) {
    $c = $reg->dial('new');
    $c->send("short persist 1 .ttl 2 .ack 1\n"
        . ".new long persist 1 load 1 .ttl 3600 .volatile load,temp\n"
        . ".new refreshed persist 1 .ttl 2\n"
        . ".new settled persist 1 .ttl 1\n.of settled .ttl 0\n");
    my $ok = grep { /^ok/ } $c->lines(5);
    $reg->kill;
    $start = time;
    $reg->start;
    $e = $reg->dial('event');
    $e->send(".detail 1\n");
    $e->until(qr/^READY \d/);
    $found = join ' ', $ok, map { /(\S+)/ } $reg->find('');
    $r = $reg->dial('new');
    $r->send("refreshed persist 1 .ttl 3600 .ack 1\n");
    my $line = $r->line;
    last if time - $start < 2;
    $r->send(join '', map { ".remove $_\n" }
        qw(short long refreshed settled));
    $r->lines(4);
}
is $found, '5 short long refreshed settled',
    'what was acknowledged is there again';
my ($gone) = grep { /^-/ } $e->until(qr/^-/);
my $after = time - $start;
like $gone, qr/^- \d+ short/, 'the one that is not heard of goes';
cmp_ok $after, '>=', 2, 'not before its ttl has passed again';
cmp_ok $after, '<=', deadline(30), 'and soon after it';
eventually { !$reg->find('.name short') };
is_deeply [map { /(\S+)/ } $reg->find('')], [qw(long refreshed settled)],
    'and not one that is refreshed';

# a change of a volatile attribute is no event after a start, either
my $w = $reg->dial('new');
$w->send("other x 1 .ack 1\n.of long load 7\n.of long .ttl 3601\n"
    . ".of long up 1\n");
my @rev = map { /^ok (\d+)/ } $w->lines(4);
is $rev[1], $rev[0], 'a volatile change has no revision';
is $rev[2], $rev[0], 'nor has a change of its ttl';
is $rev[3], $rev[0] + 1, 'others do';
$_->close for $w, $r, $c, $e;
$reg->kill;
$reg->start;
is_deeply [$reg->find('')],
    ['long persist 1 load 7 up 1', 'refreshed persist 1',
        'settled persist 1'], 'it stays with the next change';
finish();
