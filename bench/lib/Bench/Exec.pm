# The benchmarks of muster exec, end to end: from the start of the command to
# its end, with a registry, a dispatcher and workers on this machine.
package Bench::Exec;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Bench::Report;
use Bench::Servers;
use Exporter 'import';
use Time::HiRes qw(time sleep);

our @EXPORT = qw(bench_exec);

# `muster dev` with so many workers: its pid and the registry's address
sub dev
{
    my ($workers) = @_;
    my $out = scratch() . "/dev-$workers";
    my $pid = spawn({label => "muster dev --workers $workers", out => $out},
        program('muster'), 'dev', '--workers', $workers, '--ports', 'any',
        '--json');
    my $end = time + 60;
    while (slurp($out) !~ /"registry":\s*"([^"]+)"/) {
        die "muster dev: " . slurp($out) if time > $end || !kill 0, $pid;
        sleep 0.05;
    }
    slurp($out) =~ /"registry":\s*"([^"]+)"/;
    return ($pid, $1);
}

# Waits until that many workers take jobs.
sub until_workers
{
    my ($registry, $workers) = @_;
    my $end = time + 30;
    while (time < $end) {
        run({any => 1}, exec_true($registry, $workers));
        return if $? == 0;
        sleep 0.1;
    }
    die "$workers workers did not come\n";
}

# On all workers, which must be so many
sub exec_true
{
    my ($registry, $workers) = @_;
    return (program('muster'), 'exec', '--registry', $registry, '--all',
        '--expect', $workers, '--', 'true');
}

sub exec_row
{
    my ($workers, $times, $bar) = @_;
    my ($pid, $registry) = dev($workers);
    until_workers($registry, $workers);
    my $text = run({label => "exec on $workers"}, program('bench/times'),
        $times, exec_true($registry, $workers));
    my ($median, $least, $p99, $most) = split ' ', $text;
    my $what = $workers == 1 ? 'one worker' : "$workers workers";
    figure("on $what, ms, median of $times", $median, $bar, "$least-$most");
    stop($pid);
}

sub bench_exec
{
    my ($o) = @_;
    section('muster exec --all -- true, from start to end');
    exec_row(1, 200, 10);
    exec_row(500, 9, 1500);
}

1;
