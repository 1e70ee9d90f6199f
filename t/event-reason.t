# .reason 1: each end of a service, however it comes, is one line with its
# reason; who does not ask for it sees none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

sub watcher
{
    my ($line) = @_;
    my $c = $reg->dial('event');
    $c->send("$line\n");
    $c->until(qr/^READY \d/);
    return $c;
}

my $asks = watcher('kind web .detail 1 .reason 1');
my $plain = watcher('kind web .detail 1');
my $mark = 0;

# What both were told, up to a mark of ours, without revisions and marks
sub told
{
    my $c = $reg->register('mark' . ++$mark . ' kind web m 1');
    my @told = map { my $w = $_;
        join "\n", map { s/^(.) \d+ /$1 /r } grep { !/ mark\d/ }
            $w->until(qr/ mark$mark /) } $asks, $plain;
    return @told;
}

sub happens
{
    my ($what, $reason, $plain_line) = @_;
    my ($with, $without) = told();
    is $with, "$plain_line .reason $reason", "$what: $reason";
    is $without, $plain_line, "$what: told as ever to others";
}

my $c = $reg->register('a kind web');
told();
$c->close;
ok eventually { !$reg->find('.name a') }, 'a connection ends';
happens('a connection ends', 'closed', '- a kind web');

$c = $reg->register('a kind web');
told();
$c->send(".remove a\n");
$c->line;
happens('.remove', 'removed', '- a kind web');

$c = $reg->register('a kind web .ttl 3');
told();
ok eventually { !$reg->find('.name a') }, 'a ttl passes';
happens('a ttl passes', 'expired', '- a kind web');

$c = $reg->register('a kind web');
told();
my $d = $reg->register('a kind web x y .replace 1');
happens('.replace', 'replaced', '= a kind web x y');
my $e = $reg->register('a kind web x y .replace 1');
is_deeply [told()], ['', ''], 'by the same: nothing to tell';
$e = $reg->register('a kind db .replace 1');
happens('.replace by another kind', 'replaced', '- a kind db');
$e->send("kind web\n");
$e->line;
my ($with) = told();
is $with, '+ a kind web', 'what comes has no reason';
$e->send("kind db\n");
$e->line;
happens('it is selected no more', 'changed', '- a kind db');

# what is there and what was missed
my $late = watcher('kind web .detail 1 .reason 1 .since 1');
$late->until(qr/ mark$mark /);
pass 'it goes with .since';
for my $bad ('.filter 1 .reason 1', '.reason 1', '.reason 2 .detail 1') {
    my $w = $reg->dial('event');
    $w->line;
    $w->send("kind web $bad\n");
    like $w->line, qr/^error: /, "$bad is an error";
}

finish();
