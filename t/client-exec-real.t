# A job on real workers whose client's connection breaks again and again:
# every line of its output comes once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver', 'musterd', 'muster-dispatch',
    'muster-worker');
my $reg = registry();
my $dispatcher = dispatcher($reg);
my @workers = map { worker($reg, "w$_") } 1, 2;
ok eventually {
    my @up = grep { /link up/ } $dispatcher->log;
    @up >= 2;
}, 'the dispatcher has its workers';

my $between = fake();
my $d = driver($reg->registry_address, $between->address);
my (@said, $asked);

sub take
{
    push @said, $1 while $d->{in} =~ s/^(.*)\n//;
    return;
}

# Passes one connection on until so many bytes of answer went by (0: all of
# it), then breaks it. The driver is listened to meanwhile.
sub relay
{
    my ($bytes) = @_;
    eventually { $d->fill(time);
        take();
        IO::Select->new($between->{socket})->can_read(0) } or return 0;
    my $c = $between->accept;
    my $real = connect_to($dispatcher->address('exec'));
    my ($in, $out) = ($c->{socket}, $real->{socket});
    my $select = IO::Select->new($in, $out, $d->{socket});
    my $passed = 0;
    my $end = time + deadline(30);
    while (time < $end) {
        for my $from ($select->can_read(1)) {
            my $n = sysread $from, my $data, 4096;
            if ($from == $d->{socket}) {
                $d->{in} .= $data if $n;
                take();
                next;
            }
            if (!$n) {
                $select->remove($from);
                $from == $in ? return 1 : shutdown $in, 1;
                next;
            }
            $asked = $data if $from == $in;
            syswrite $from == $in ? $out : $in, $data;
            $passed += $n if $from == $out;
        }
        if ($bytes && $passed >= $bytes) {
            $c->reset;
            return 1;
        }
        return 1 if grep { /^e (?:done|error)/ } @said;
    }
    return 0;
}

my $cmd = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; '
    . 'echo "error $i" >&2; done; printf end';
$d->send("exec e execute cmd '$cmd' .on all\n");
my @breaks = (20, 1000, 30000, 1, 60000, 100000, 150, 0);
for my $bytes (@breaks) {
    ok relay($bytes), "a connection of $bytes bytes";
}
eventually { $d->fill(time);
    take();
    $said[-1] =~ /^e done/ };
like $asked, qr/^follow /, 'it was followed';
like $said[0], qr/^e submit \S+ 2$/, 'submitted once';
is scalar(grep { /^e submit/ } @said), 1, 'only';
for my $w ('w1', 'w2') {
    my @out = map { /^e out $w stdout 'line (\d+)'$/ ? $1 : () } @said;
    my @err = map { /^e out $w stderr 'error (\d+)'$/ ? $1 : () } @said;
    is "@out", join(' ', 1 .. 3000), "$w: each line once, in order";
    is "@err", join(' ', 1 .. 3000), "$w: each error once, in order";
    is scalar(grep { /^e part $w stdout end$/ } @said), 1, "$w: the rest";
    is scalar(grep { /^e exit $w 0 state 0 reason exited/ } @said), 1,
        "$w: the end once";
}
like $said[-1], qr/^e done 0 ok 2 /, 'done';
ok !(grep { /^e cut/ } @said), 'nothing was cut';

# cancelled for real
@said = ();
$d->send("exec e execute cmd 'echo up; sleep 60' .hosts w1\n");
my $c = $between->accept;
my $real = connect_to($dispatcher->address('exec'));
$real->send($c->line . "\n");
$c->send($real->line . "\n") for 1 .. 3;
is_deeply [map { s/\S+-\d+/JID/r } map { $d->line } 1 .. 3],
    ['e submit JID 1', 'e ack w1', 'e out w1 stdout up'], 'it runs';
$d->send("cancel e\n");
is $d->line, 'e cancel asked', 'to be cancelled';
ok relay(0), 'by a request of its own';
$c->send($real->line . "\n");
like $d->line, qr/^e exit w1 -1 state 2 reason cancelled/, 'cancelled';
$c->send($real->line . "\n");
like $d->line, qr/^e done 2 .* failed 1 /, 'done';

# the dispatcher dies: a job it does not know any more is an error
my $go = scratch() . '/go';
$d->send("exec e execute cmd 'echo up; until [ -e $go ]; do sleep 0.05; done'"
    . " .hosts w1\n");
$c = $between->accept;
$real = connect_to($dispatcher->address('exec'));
$real->send($c->line . "\n");
$c->send($real->line . "\n") for 1 .. 3;
$d->line for 1 .. 3;
$dispatcher->kill;
$c->reset;
$dispatcher->restart;
ok relay(0), 'it is asked again';
eventually { $d->fill(time);
    take();
    $said[-1] && $said[-1] =~ /^e error/ };
like $said[-1], qr/^e error '.*' refused$/, 'and knows nothing';
$d->finish;
spew($go, '');
finish();
