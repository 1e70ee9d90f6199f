# What survives an end in order and a kill, and what does not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');

my $c = $reg->register("first kind web persist 1 note 'it''s here' .ttl 3600");
my $held = $reg->register('held kind web');
$c->send(".new third kind db persist 1\n.of first port 80\n"
    . ".new gone persist 1\n.remove gone\n.new no persist 1\n"
    . ".of no persist 0\n");
my @ok = $c->lines(6);
is scalar(grep { /^ok \d+$/ } @ok), 6, 'all is acknowledged';
my ($last) = $ok[-1] =~ /(\d+)/;

sub restarted
{
    my ($how) = @_;
    if ($how eq 'kill') { $reg->kill }
    else { $reg->stop }
    $reg->start;
    my $q = $reg->dial('find');
    $q->send(".keep 1\n");
    my @lines = $q->until(qr/^\.end/);
    my ($version) = pop(@lines) =~ /^\.end (\d+)$/;
    is_deeply \@lines, [
        "first kind web persist 1 note 'it''s here' port 80",
        'third kind db persist 1',
    ], "$how: what persists is there, in its order";
    cmp_ok $version, '>', $last, "$how: the revision is one nobody was told";
    for ($last, $last - 2) {
        my $e = $reg->dial('event');
        $e->send("kind * .detail 1 .since $_\n");
        is +($e->lines(3))[2], "! $version", "$how: .since $_ is told !";
        my @since = $reg->find("kind * .since $_");
        is $since[0], '.all', "$how: find .since $_ tells .all";
        is scalar @since, 3, "$how: and all of it";
    }
    my $e = $reg->dial('event');
    $e->send("kind * .detail 1 .since $version\n");
    my $more = $reg->register('more kind web');
    my ($rev) = grep { $_ } map { /^\+ (\d+) more/ } $e->lines(3);
    is $rev, $version + 1, "$how: the stream goes on from there";
    $more->close;
    like $e->line, qr/^- \d+ more/, "$how: and on";
    $last = $rev + 1;
    return;
}

restarted('kill');
restarted('stop');
restarted('kill');

like +(grep { /records replayed in/ } $reg->log)[-1],
    qr/: 2 records replayed in \d+ ms, revision \d+$/, 'it says how much';

# what is there can be taken over, changed and removed as before
my $again = $reg->dial('new');
$again->send("first .replace 1 kind web persist 1 .ack 1\n.remove third\n");
like $_, qr/^ok \d+$/, 'a kept service changes' for $again->lines(2);
$reg->kill;
$reg->start;
is_deeply [$reg->find('')], ['first kind web persist 1'], 'and stays so';
finish();
