# However often a daemon is told to end or to read its settings again, whatever
# it is at: it ends once, well.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');
my $main = registry();
for my $name (qw(musterd muster-dispatch muster-worker)) {
    for my $signal (qw(TERM INT HUP)) {
        my $d = $name eq 'musterd' ? registry()
            : $name eq 'muster-dispatch' ? dispatcher($main)
            : worker($main, "w-$signal");
        if ($name eq 'musterd') {
            # so that freeing it takes a while
            my $c = $d->dial('new');
            $c->send("s a b .ack 1\n"
                . join('', map { ".new s$_ kind web n $_ x y\n" } 1 .. 5000));
            $c->lines(5001);
        }
        $d->signal('TERM');
        my $sent = 0;
        while (!$d->ended && $sent < 300) {    # without a pause
            $d->signal($signal);
            $sent++;
        }
        eventually { $d->ended };
        is $d->{status}, 0, "$name: TERM, and $sent times $signal";
    }
}
finish();
