# The benchmarks of jobs: what does nothing, beside gearmand and beanstalkd; a
# ping to a thousand workers, beside serf; output, beside cat.
package Bench::Jobs;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Bench::Report;
use Bench::Servers;
use Exporter 'import';
use Time::HiRes qw(time sleep);

our @EXPORT = qw(bench_jobs bench_ping bench_output);

my ($submitters, $workers) = (64, 4);

# -- servers ------------------------------------------------------------------

# A registry and a dispatcher with that store: {pid, exec, registry, new, pids}
sub dispatcher
{
    my ($store) = @_;
    my $m = musterd();
    my $registry = join ':', '127.0.0.1', @$m{qw(new find event)};
    my $d = daemon('muster-dispatch', "dispatcher.store=$store",
        'dispatcher.exec=127.0.0.1:0', 'dispatcher.http=off',
        "dispatcher.registry=$registry", 'dispatcher.queue=100000',
        'dispatcher.jobs_size=4G');
    return {%$d, registry => $registry, new => $m->{new},
        pids => [$d->{pid}, $m->{pid}]};
}

# Real ones, on the core of the loads
sub real_workers
{
    my ($d) = @_;
    for my $n (1 .. $workers) {
        my $w = daemon({core => 'load'}, 'muster-worker', "worker.host=w$n",
            'worker.bind=127.0.0.1:0', "worker.registry=$d->{registry}",
            'worker.spool=off', 'worker.plugins=off', 'worker.state=' . scratch() . "/state-$n");
        push @{$d->{pids}}, $w->{pid};
    }
    until_workers($d, $workers);
}

# Simulated ones: as many as there shall be, in one process
sub simulated_workers
{
    my ($d, $count) = @_;
    pipe my $in, my $hold or die "pipe: $!\n";
    my $out = scratch() . '/workers-' . ++(our $n);
    my $pid = spawn({label => "workers $count", in => $in, out => $out},
        load_core(program('bench/workers'), $d->{new}, $count));
    push @{$d->{hold}}, $hold;
    push @{$d->{pids}}, $pid;
    until_workers($d, $count);
}

sub ping_all
{
    my ($d, $count) = @_;
    return (program('muster'), 'run', 'ping', '--registry', $d->{registry},
        '--dispatcher', "127.0.0.1:$d->{exec}", '--all',
        ('--expect', $count) x !!$count);
}

sub until_workers
{
    my ($d, $count) = @_;
    my $end = time + 60;
    while (time < $end) {
        run({any => 1}, ping_all($d, $count));
        return if $? == 0;
        sleep 0.1;
    }
    die "$count workers did not come\n";
}

sub gearmand
{
    my $port = free_port();
    my $pid = spawn({label => 'gearmand'}, server_core('gearmand', '--port',
            $port, '--listen', '127.0.0.1', '--log-file', 'none'));
    until_open($port, 'gearmand');
    return {pid => $pid, port => $port, name => 'gearmand'};
}

# Each job is on the disk before it is answered.
sub beanstalkd
{
    my $port = free_port();
    my $dir = scratch() . '/beanstalkd';
    mkdir $dir or die "$dir: $!\n";
    my $pid = spawn({label => 'beanstalkd'}, server_core('beanstalkd', '-p',
            $port, '-l', '127.0.0.1', '-b', $dir, '-f', 0));
    until_open($port, 'beanstalkd');
    return {pid => $pid, port => $port, name => 'beanstalkd'};
}

# -- jobs that do nothing -----------------------------------------------------

sub queue
{
    my ($s, $kind, $total) = @_;
    my $text = run({label => "queue $kind", env => {LOAD_PID => $s->{pid}}},
        load_core(program('bench/queue'), $kind, $s->{port}, $submitters,
            $workers, $total));
    my ($rate, $ns) = $text =~ /^([\d.]+) ([\d.]+)$/m
        or die "queue $kind said: $text\n";
    return {rate => $rate, ns => $ns};
}

sub submit
{
    my ($d, $total) = @_;
    return load($d, 'job', $d->{exec}, $submitters, 1, $total, 0);
}

sub bench_jobs
{
    my ($o) = @_;
    my $n = 20000 * $o->{scale};
    my $memory = dispatcher('memory');
    my $durable = dispatcher('sqlite:' . scratch() . '/jobs.db');
    my ($g, $b) = (gearmand(), beanstalkd());
    my %f;
    real_workers($_) for $memory, $durable;
    section("jobs that do nothing, $submitters submitters, $workers workers"
        . ' (a second)');
    for (1 .. $o->{rounds}) {
        settle($memory, $durable, $g, $b);
        push @{$f{memory}}, submit($memory, $n);
        push @{$f{gearman}}, queue($g, 'gearman', $n);
        settle($memory, $durable, $g, $b);
        push @{$f{durable}}, submit($durable, $n / 2);
        push @{$f{beanstalk}}, queue($b, 'beanstalk', $n / 4);
    }
    versus('ping, in memory; gearmand, in the background',
        $f{memory}, $f{gearman}, 1);
    versus('ping, kept; beanstalkd, synced at each put',
        $f{durable}, $f{beanstalk}, 1);
    stop(@{$memory->{pids}}, @{$durable->{pids}}, $g->{pid}, $b->{pid});
}

# -- a ping to all ------------------------------------------------------------

my $agents = 100;

# serf agents on this machine, joined: the RPC port of the first, and all pids
sub serf_agents
{
    my ($first, $rpc, @pids);
    for my $n (1 .. $agents) {
        my ($bind, $port) = (free_port(), free_port());
        push @pids, spawn({label => $n < 3 ? "serf agent $n" : undef},
            'serf', 'agent', "-node=agent$n", "-bind=127.0.0.1:$bind",
            "-rpc-addr=127.0.0.1:$port", '-log-level=err', '-profile=local',
            ($first ? "-join=127.0.0.1:$first" : ()));
        ($first, $rpc) = ($bind, $port) unless $first;
        until_open($port, 'serf');
    }
    my $end = time + 60;
    while (time < $end) {
        my $alive = () = run({any => 1}, 'serf', 'members',
            "-rpc-addr=127.0.0.1:$rpc", '-status=alive') =~ /alive/g;
        return ($rpc, @pids) if $alive == $agents;
        sleep 0.2;
    }
    die "the agents of serf did not meet\n";
}

sub bench_ping
{
    my ($o) = @_;
    my $d = dispatcher('memory');
    my $count = 1000;
    my $rounds = 3;
    simulated_workers($d, $count);
    my ($rpc, @pids) = serf_agents();
    section("one ping to all: $count workers, and $agents agents of serf");
    my %f;
    for (1 .. $rounds) {
        push @{$f{ours}}, took('muster run ping', 9,
            ping_all($d, $count));
        push @{$f{serf}}, took('serf query', 1, 'serf', 'query',
            "-rpc-addr=127.0.0.1:$rpc", 'ping');
    }
    versus('ping; serf query', $f{ours}, $f{serf}, 1,
        {key => 'ms', unit => 'ms', less => 1});
    note('serf query waits for its whole time, by default, whoever has '
        . 'answered');
    stop(@{$d->{pids}}, @pids);
}

# The median of so many runs of a command
sub took
{
    my ($label, $times, @command) = @_;
    my $text = run({label => $label}, program('bench/times'), $times, @command);
    return {ms => (split ' ', $text)[0]};
}

# -- output -------------------------------------------------------------------

my ($writers, $each) = (200, 1_000_000);

sub carry_jobs
{
    my ($d, $len) = @_;
    my $text = run({label => "carry jobs $len"},
        load_core(program('bench/carry'), 'jobs', $d->{exec}, $each, $len));
    my ($rate) = $text =~ /^([\d.]+)$/m or die "carry said: $text\n";
    return {rate => $rate / 1e6};
}

sub carry_cat
{
    my ($file) = @_;
    my $out = scratch() . '/sink-' . ++(our $n);
    my $pid = spawn({label => 'carry sink', out => $out},
        load_core(program('bench/carry'), 'sink'));
    sleep 0.01 while slurp($out) !~ /^port (\d+)/;
    my ($port) = slurp($out) =~ /^port (\d+)/;
    run({label => 'cat'}, server_core('bash', '-c',
            "exec cat '$file' >/dev/tcp/127.0.0.1/$port"));
    sleep 0.01 while slurp($out) !~ /^(\d+)\n\z/m || $1 eq $port;
    my ($rate) = slurp($out) =~ /^(\d+)\n\z/m;
    stop($pid);
    return {rate => $rate / 1e6};
}

sub bench_output
{
    my ($o) = @_;
    my $d = dispatcher('memory');
    my $file = scratch() . '/output';
    simulated_workers($d, $writers);
    open my $f, '>', $file or die "$file: $!\n";
    print $f 'x' x 99, "\n" for 1 .. $writers * $each / 100;
    close $f or die "$file: $!\n";
    section("output: $writers hosts, 1 MB each, through one dispatcher");
    my %f;
    for (1 .. $o->{rounds}) {
        push @{$f{$_}}, carry_jobs($d, $_) for 100, 4000;
        push @{$f{cat}}, carry_cat($file);
    }
    versus("lines of $_ bytes; cat through a socket", $f{$_}, $f{cat}, 0.5,
        {unit => 'MB/s'}) for 100, 4000;
    stop(@{$d->{pids}});
}

1;
