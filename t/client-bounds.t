# libmuster stays small: whatever a job prints, however slow its caller is,
# and whatever a peer sends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
plan skip_all => 'valgrind is too slow for that' if $ENV{MUSTER_WRAP};
# the address sanitizer keeps freed memory for a while
$ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
    'quarantine_size_mb=1';
my $reg = fake_registry();
my $dis = fake();
my $d = driver($reg->name, $dis->address);

sub memory
{
    return slurp("/proc/$d->{pid}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# So many bytes of the text again and again, as far as they are taken
sub flood
{
    my ($c, $text, $bytes) = @_;
    my $sent = 0;
    my $select = IO::Select->new($c->{socket});
    $c->{socket}->blocking(0);
    my $at = 0;
    while ($sent < $bytes && $select->can_write(0.5)) {
        my $n = syswrite $c->{socket}, $text, length($text) - $at, $at;
        last if !defined $n && !$!{EAGAIN};
        $sent += $n || 0;
        $at = ($at + ($n || 0)) % length $text;
    }
    return $sent;
}

$d->send("exec e execute cmd x\n");
my $c = $dis->accept;
$c->line;
$c->send("submit A-1 1\nack a\n");
$d->line for 1 .. 2;
my $before = memory();
$d->send("pause e\n");
ok $d->quiet, 'paused';
my $line = 'out a stdout ' . ('x' x 60000) . "\n";
my $sent = flood($c, $line, 200 << 20);
cmp_ok $sent, '<', 30 << 20, 'the dispatcher is held up';
cmp_ok memory() - $before, '<', 32 << 10, 'nothing grows';
ok $d->quiet, 'and nothing is told';
$d->send("free e\n");
ok $d->quiet, 'freed while it is paused';
$d->finish;

# lines without an end, to every port
$d = driver($reg->name, $dis->address);
$before = memory();
for my $what (["find f ''", $reg->{find}], ["register r a", $reg->{new}],
    ["monitor m ''", $reg->{event}], ['follow e A-1', $dis],
    ['request q jobs', $dis])
{
    my ($id) = $what->[0] =~ / (\w)/;
    $d->send("$what->[0]\n");
    my $c = $what->[1]->accept;
    $c->line;
    $sent = flood($c, 'x' x 65536, 100 << 20);
    cmp_ok $sent, '<', 20 << 20, "$what->[0]: a line has its bound";
    $d->send("free $id\n") if $id =~ /[rme]/;
    $d->quiet;
}
cmp_ok memory() - $before, '<', 32 << 10, 'nothing grows';
$d->finish;

# hosts that the job does not have
$dis = fake(); # nobody has dialled this one before
$d = driver($reg->name, $dis->address);
$d->send("exec e execute cmd x\n");
$c = $dis->accept;
$c->line;
$c->send("submit A-1 3\n" . join '', map { "ack h$_\n" } 1 .. 100000);
my @said = $d->until(qr/^e error/);
is scalar(grep { /^e ack/ } @said), 3, 'no more hosts than it said';
like $said[-1], qr/more hosts than the job has/, 'are believed';

# names are resolved without waiting, and that may be given up
$d->send("register r a\nmonitor m ''\nfind f ''\n");
$d->finish;
$d = driver('no-such-host.invalid:1:2:3', 'no-such-host.invalid:4');
$d->send("register r a\nmonitor m ''\nfind f ''\nrequest q jobs\n");
$d->send("echo here\nend\necho gone\n");
ok scalar $d->until(qr/^here$/, 10), 'the loop does not wait for that';
is(($d->until(qr/^gone$/, 10))[-1], 'gone', 'nor does who gives it up');
$d->finish;
$d = driver('localhost:1:1:1');
$d->send("find f ''\n");
like $d->line, qr/^f done '.*refused'/, 'localhost';
$d->finish;
done_testing();
