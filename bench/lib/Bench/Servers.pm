# The servers that are measured, ours, redis-server and etcd, on the same core, and the loads put on them from the other one.
package Bench::Servers;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Exporter 'import';
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(program musterd daemon redis etcd fill settle load fanout
    redis_benchmark server_core load_core build free_port until_open);

my ($core_of_servers, $core_of_loads) = (0, 1);
my $build;

sub build { $build = $_[0] if @_; return $build }
sub program { return build() . "/$_[0]" }
sub server_core { return ('taskset', '-c', $core_of_servers, @_) }
sub load_core { return ('taskset', '-c', $core_of_loads, @_) }

# until { CONDITION } SECONDS, WHAT
sub until_true (&$$)
{
    my ($condition, $seconds, $what) = @_;
    my $end = time + $seconds;
    while (1) {
        my $value = $condition->();
        return $value if $value;
        die "not within $seconds s: $what\n" if time > $end;
        sleep 0.01;
    }
}

# Faces that are not measured listen nowhere.
my @quiet = map { "registry.$_=off" } qw(consul dns);

# musterd([SETTING...]): {pid, new, find, event}, the ports
sub musterd
{
    return daemon('musterd', 'registry.store=memory', @quiet, @_,
        (map { "registry.$_=127.0.0.1:0" } qw(new find event admin)),
        'limits.services_per_connection=1000000000');
}

# daemon([{core => 'load'}], PROGRAM, SETTING...): {pid} and the ports of its
# faces; on the servers' core unless it is said
sub daemon
{
    my $o = ref $_[0] ? shift : {};
    my ($program, @settings) = @_;
    my ($ready, $conf) = map { scratch() . "/$_-" . ++(our $n) } qw(ready conf);
    open my $f, '>', $conf or die "$conf: $!\n";
    close $f;
    my @command = (program($program), '-c', $conf, '-o', 'ready_fd=3',
        map { ('-o', $_) } @settings);
    my $pid = spawn({label => $program, ready => $ready},
        $o->{core} ? load_core(@command) : server_core(@command));
    my $line = until_true { slurp($ready) =~ /^(.*)\n/ && $1 } 10, $program;
    my %address = split ' ', $line;
    s/.*:// for values %address;
    return {%address, pid => $pid, name => $program};
}

sub until_open
{
    my ($port, $what) = @_;
    until_true { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") } 10,
        $what;
    return;
}

sub free_port
{
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "listen: $!\n";
    return $s->sockport;
}

# redis([APPENDONLY]): yes: each change is on the disk before it is answered
sub redis
{
    my $keep = $_[0] || 'no';
    my $port = free_port();
    my $pid = spawn({label => 'redis-server'},
        server_core('redis-server', '--port', $port, '--bind', '127.0.0.1',
            '--save', '', '--appendonly', $keep, '--appendfsync', 'always',
            '--dir', scratch()));
    until_open($port, 'redis-server');
    return {pid => $pid, port => $port, name => 'redis'};
}

sub etcd
{
    my ($port, $peer) = (free_port(), free_port());
    my $dir = scratch() . '/etcd';
    my $peers = "http://127.0.0.1:$peer";
    my $pid = spawn({label => 'etcd'},
        server_core('etcd', '--data-dir', $dir, '--log-level', 'error',
            '--listen-client-urls', "http://127.0.0.1:$port",
            '--advertise-client-urls', "http://127.0.0.1:$port",
            '--listen-peer-urls', $peers,
            '--initial-advertise-peer-urls', $peers,
            '--initial-cluster', "default=$peers"));
    until_true {
        run({any => 1, env => {ETCDCTL_API => 3}}, 'etcdctl',
            "--endpoints=127.0.0.1:$port", 'put', 'ready', '1') =~ /^OK/
    } 30, 'etcd';
    return {pid => $pid, port => $port, name => 'etcd'};
}

# fill(MUSTERD, COUNT): so many services; they stay until the pid is stopped.
sub fill
{
    my ($m, $count) = @_;
    my $out = scratch() . '/fill-' . ++(our $fills);
    pipe my $in, my $hold or die "pipe: $!\n";
    my $pid = spawn({label => 'fill', in => $in, out => $out},
        load_core(program('bench/load'), 'fill', $m->{new}, $count));
    push @{$m->{hold}}, $hold;
    until_true {
        die "load fill: " . slurp($out) unless -d "/proc/$pid/fd";
        slurp($out) =~ /^filled/;
    } 120, "$count services";
    return $pid;
}

# Waits until no server does anything: what a load leaves behind (connections
# to close, services to remove) must not cost the next one.
sub settle
{
    my @servers = @_;
    until_true {
        my @before = map { cpu_ns($_->{pid}) } @servers;
        sleep 0.03;
        !grep { cpu_ns($servers[$_]{pid}) - $before[$_] > 1.5e6 }
            0 .. $#servers;
    } 30, 'idle servers';
}

# load(SERVER, KIND, PORT, CONNS, PIPE, TOTAL, ARGUMENT...): {rate, ns}
sub load
{
    my ($s, $kind, $port, @args) = @_;
    my $text = run({label => join(' ', 'load', $kind, @args),
            env => {LOAD_PID => $s->{pid}}},
        load_core(program('bench/load'), $kind, $port, @args));
    my ($rate, $ns) = $text =~ /^([\d.]+) ([\d.]+)$/m
        or die "load $kind said: $text\n";
    return {rate => $rate, ns => $ns};
}

# fanout(SERVER, MODE, PORT, PORT, SUBSCRIBERS, RATE, SECONDS)
sub fanout
{
    my ($s, @args) = @_;
    my $text = run({label => "fanout $args[0]", env => {LOAD_PID => $s->{pid}}},
        load_core(program('bench/fanout'), @args));
    my %r;
    @r{qw(median p99 max rate bytes us)} = split ' ', $text;
    return \%r;
}

# redis_benchmark(SERVER, TEST, PIPE, TOTAL, KEYS, [CLIENTS], [BYTES of a value]):
# {rate, ns}; KEYS 0: its own fixed key
sub redis_benchmark
{
    my ($s, $test, $pipe, $total, $keys, $clients, $bytes) = @_;
    my $before = cpu_ns($s->{pid});
    my $text = run({label => "redis-benchmark $test -P $pipe"
                . ($keys ? " -r $keys" : '')},
        load_core('redis-benchmark', '-p', $s->{port}, '-c', $clients || 50,
            '-n', $total, '-P', $pipe, '-t', $test,
            ($keys ? ('-r', $keys) : ()), ($bytes ? ('-d', $bytes) : ()),
            '--csv'));
    my ($rate) = $text =~ /^"\U$test\E","([\d.]+)"/m
        or die "redis-benchmark said: $text\n";
    return {rate => $rate, ns => (cpu_ns($s->{pid}) - $before) / $total};
}

1;
