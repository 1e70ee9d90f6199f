# What systemd hears of each daemon: READY, WATCHDOG twice in its time,
# RELOADING and READY again, STOPPING. Their children hear of no socket.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::UNIX;
use Muster;
use Socket qw(SOCK_DGRAM);
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');

sub systemd
{
    my ($name) = @_;
    my $path = scratch() . "/$name.notify";
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path)
        or die $!;
    return { socket => $socket, path => $path, env => {
        NOTIFY_SOCKET => $path, WATCHDOG_USEC => 400_000 } };
}

# What is told next, but for pings; those are counted
sub told
{
    my ($s) = @_;
    while (IO::Select->new($s->{socket})->can_read(deadline(60))) {
        $s->{socket}->recv(my $text, 1000);
        return $text if $text ne 'WATCHDOG=1';
        $s->{pings}++;
    }
    return '';
}

sub pings
{
    my ($s, $count) = @_;
    my $n = 0;
    while ($n < $count && IO::Select->new($s->{socket})->can_read(deadline(60))) {
        $s->{socket}->recv(my $text, 1000);
        $n++ if $text eq 'WATCHDOG=1';
    }
    return $n;
}

my %s = map { $_ => systemd($_) } qw(musterd dispatch worker);
my $reg = registry({ env => $s{musterd}{env} });
my $d = dispatcher($reg, { env => $s{dispatch}{env} });
my $w = worker($reg, 'web1', { env => $s{worker}{env} });
eventually { $d->knows(1) };
my ($line) = grep { /^(?:out|done)/ } $d->ask('exec',
    "execute cmd 'echo =\$NOTIFY_SOCKET\$WATCHDOG_USEC=' .on all\n");
is $line, 'out web1 stdout ==', 'a job does not speak for its worker';

for ([musterd => $reg], [dispatch => $d], [worker => $w]) {
    my ($name, $daemon) = @$_;
    my $s = $s{$name};
    like told($s), qr/^READY=1\nSTATUS=serves \w+ 127/, "$name is ready";
    is pings($s, 4), 4, "$name: the loop turns";
    $daemon->signal('HUP');
    like told($s), qr/^RELOADING=1\nMONOTONIC_USEC=\d+$/, "$name reloads";
    like told($s), qr/^READY=1\nSTATUS=serves, with the config/, 'and serves';
    spew($daemon->{conf}, "nothing: such\n");
    $daemon->signal('HUP');
    like told($s), qr/^RELOADING=1/, "$name reloads what is wrong";
    like told($s), qr/^READY=1\nSTATUS=serves; the new .* mistakes/,
        'and says so';
    spew($daemon->{conf}, "# empty\n");

    # it hangs as a whole, which its loop does then, too
    $daemon->signal('STOP');
    eventually { slurp("/proc/$daemon->{pid}/stat") =~ /\) T / };
    1 while IO::Select->new($s->{socket})->can_read(0)
        && $s->{socket}->recv(my $old, 1000);
    ok !IO::Select->new($s->{socket})->can_read(1), "$name hangs: no ping";
    $daemon->signal('CONT');
    is pings($s, 2), 2, "$name goes on, and so do they";
}
for ([worker => $w], [dispatch => $d], [musterd => $reg]) {
    my ($name, $daemon) = @$_;
    1 while IO::Select->new($s{$name}{socket})->can_read(0)
        && $s{$name}{socket}->recv(my $old, 1000);
    $daemon->signal('TERM');
    like told($s{$name}), qr/^STOPPING=1\nSTATUS=ends: /, "$name ends";
    ok eventually { $daemon->ended }, 'which it does';
    is $daemon->{status}, 0, 'well';
}
finish();
