# In the callback of a link everything may be freed as well.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
for my $do ('free r', 'free m', 'end') {
    for my $event ('up', 'down') {
        my $d = driver($reg->name);
        $d->send("register r a\n");
        my $r = $reg->new;
        $r->send("ok 1\n");
        $d->until(qr/^r registered/);
        # the link that is told of is the registration's, or the monitor's
        $d->send($event eq 'up' ? "at link up $do\nmonitor m ''\n"
            : "monitor m ''\n");
        my $m = $reg->event;
        if ($event eq 'down') {
            $m->send("READY 1\n= 1\n");
            $d->until(qr/^m synced/);
            $d->send("at link down $do\n");
            ok $d->quiet, 'ordered';
            ($do eq 'free m' ? $m : $r)->close;
        }
        like join(' ', $d->until(qr/^link $event/)), qr/link $event/,
            "$event: $do";
        ok eventually { $d->quiet }, 'it goes on';
        $d->finish;
    }
}
my $d = driver('127.0.0.1:1:1:1');
$d->send("at link down end\nregister r a\n");
like $d->line, qr/^link down /, 'before there was any link';
ok $d->quiet, 'silence';
$d->finish;
done_testing();
