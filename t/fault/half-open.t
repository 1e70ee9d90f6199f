# Peers that vanish without a word: a cable is pulled, nothing ends a connection
# and nothing answers. In a network of the test's own: two namespaces and a link
# between them, gone with the processes that live in them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Time::HiRes qw(time sleep);

need_programs('musterd');

# This test again, alone in a namespace where it is root
if (!$ENV{MUSTER_TEST_NETNS}) {
    my ($ip) = grep { -x } map { "$_/ip" } qw(/usr/sbin /sbin /usr/bin /bin);
    plan skip_all => 'there is no ip(8) (iproute2)' unless $ip;
    my @unshare = $> == 0 ? ('unshare', '-n') : ('unshare', '-rn');
    my $try = "$ip link set lo up && "
        . "$ip link add muster0 type veth peer name muster1";
    system("@unshare sh -c '$try' >/dev/null 2>&1") == 0
        or plan skip_all => 'no network namespace with a veth pair may be made';
    $ENV{MUSTER_TEST_NETNS} = $ip;
    exec @unshare, $^X, $0 or die "unshare: $!";
}
my $ip = $ENV{MUSTER_TEST_NETNS};

sub run { system(@_) == 0 or die "@_: $?" }

# The other end: a process in a namespace of its own, with one end of the link
my $far = open(my $far_out, '-|', 'unshare', '-n', 'sh', '-c',
    'echo here; exec sleep 600') or die "unshare: $!";
<$far_out>;
sub far { return ('nsenter', '-t', $far, '-n', @_) }
END { kill 'KILL', $far if $far }

run($ip, 'link', 'set', 'lo', 'up');
run($ip, 'link', 'add', 'muster0', 'type', 'veth', 'peer', 'name', 'muster1',
    'netns', $far);
run($ip, 'addr', 'add', '10.99.0.1/24', 'dev', 'muster0');
run($ip, 'link', 'set', 'muster0', 'up');
run(far($ip, 'addr', 'add', '10.99.0.2/24', 'dev', 'muster1'));
run(far($ip, 'link', 'set', 'muster1', 'up'));

sub cable { run(far($ip, 'link', 'set', 'muster1', $_[0] ? 'up' : 'down')) }

my $limits = 'auth: {anonymous: all}' . "\n"
    . 'registry: {conflict_hold: 1s}' . "\n";
my $reg = daemon('musterd',
    {conf => $limits},
    '-o', 'registry.new=10.99.0.1:0', '-o', 'registry.find=127.0.0.1:0',
    '-o', 'registry.event=10.99.0.1:0', '-o', 'registry.store=memory');
my ($port) = $reg->{addr}{new} =~ /:(\d+)$/;
my ($event) = $reg->{addr}{event} =~ /:(\d+)$/;

sub reloads { return scalar grep { / is now / } $reg->log }

sub settings
{
    my ($settings) = @_;
    my $before = reloads();
    spew($reg->{conf}, "$limits$settings\n");
    $reg->signal('HUP');
    ok((eventually { reloads() > $before }), "reloaded: $settings");
}

# A client over there: a program that holds a connection, says that line, and
# makes a file when it was answered by so many
my @clients;
sub client
{
    my ($to, $line, $lines, $file) = @_;
    my $pid = open(my $to_it, '|-', far($^X, '-MIO::Socket::INET', '-e',
        'my $s = IO::Socket::INET->new("10.99.0.1:' . $to . '") or die;'
        . 'syswrite $s, scalar <STDIN>;'
        . 'if (my $n = shift) { <$s> for 1 .. $n; open my $f, ">", shift }'
        . 'sleep 600', $lines ? ($lines, $file) : ())) or die $!;
    push @clients, $pid;
    $to_it->autoflush(1);
    print $to_it "$line\n";
    return $to_it;
}
END { kill 'KILL', @clients if @clients }

sub there { return scalar $reg->find(".name $_[0]") }

my $old = client($port, 'old kind web');
ok eventually { there('old') }, 'a client while nobody looks for its like';

# new settings are for new connections
settings('limits: {keepalive: 6s}');
my $young = client($port, 'young kind web');
ok eventually { there('young') }, 'and one with a keepalive of 6 s';
sleep 6.5;
ok there('young'), 'who is there stays, quiet as it is';
cable(0);
my $since = time;
ok((eventually { !there('young') } 60), 'who is not is found');
cmp_ok time - $since, '<', 60, '... in that time, not in two minutes';
ok there('old'), 'the other is not looked for';
cable(1);

# what was sent and is never confirmed
settings('limits: {user_timeout: 2s}');
my $heard = scratch() . '/heard';
my $reader = client($event, '.filter 1', 2, $heard);
# its connections, as the kernel has them
sub event_sockets
{
    my $local = sprintf ':%04X', $event;
    return scalar grep { my @f = split; $f[1] =~ /$local$/ && $f[3] eq '01' }
        split /\n/, slurp('/proc/net/tcp');
}
ok((eventually { -e $heard && event_sockets() == 1 }), 'a reader');
cable(0);
my $mine = Muster::Conn->new($reg->{addr}{new});
$mine->send("local kind web .ack 1\n");
like $mine->line, qr/^ok/, 'a change';
$since = time;
ok((eventually { event_sockets() == 0 } 60), 'the reader is found gone');
cmp_ok time - $since, '>', 1, '... not before its time';
cable(1);

# a worker that comes back under another name, its old connection hanging
settings('limits: {}');
my $worker = client($port, 'w!1 kind worker host far');
ok eventually { there('w!1') }, 'a worker';
cable(0);
$mine->send(".new w!2 kind worker host far\n");
like $mine->line, qr/^ok/, 'comes back under another name';
is_deeply [$reg->find('conflict w!1 .names 1')], ['w!2'], 'is quarantined';
ok((eventually { !there('w!1') } 60),
    'the old one is looked for and found gone');
ok((eventually { !$reg->find('conflict *') }), 'so the new one is it');
ok there('w!2'), 'and there';
ok there('old'), 'who was not in doubt is not looked for';
kill 'KILL', @clients, $far;
finish();
