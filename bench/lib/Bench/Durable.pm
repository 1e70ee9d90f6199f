# The durable store, beside redis-server that syncs always and beside etcd.
package Bench::Durable;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Bench::Report;
use Bench::Servers;
use Exporter 'import';

our @EXPORT = qw(bench_durable);

my $clients = 64;
my $bytes = 110;    # of a service with six attributes

sub put_etcd
{
    my ($e, $total, $run) = @_;
    my $text = run({label => 'etcd put', env => {LOAD_PID => $e->{pid}}},
        load_core(program('bench/etcd'), $e->{port}, $clients, $total, $run));
    my ($rate, $ns) = $text =~ /^([\d.]+) ([\d.]+)$/m
        or die "etcd said: $text\n";
    return {rate => $rate, ns => $ns};
}

# How long one sync takes here, now: what all three stand on
sub sync_ms
{
    my ($ms) = run({}, program('bench/synctime'), scratch()) =~ /^([\d.]+)$/m
        or die "synctime?\n";
    return $ms;
}

# Rounds of each in turn: they share the disk, and whatever else it does.
sub bench_durable
{
    my ($o) = @_;
    my $m = musterd('registry.store=sqlite:' . scratch() . '/registry.db');
    my $r = redis('yes');
    my $e = etcd();
    my $n = 20000 * $o->{scale};
    my (%f, @sync);
    section("registrations that are kept, $clients clients, one at once"
        . ' (a second)');
    for my $run (1 .. $o->{rounds}) {
        settle($m, $r);
        push @sync, sync_ms();
        for my $attrs (1, 6) {
            push @{$f{"muster$attrs"}}, load($m, 'durable', $m->{new},
                $clients, 1, $n, $attrs, 10 * $run + $attrs);
            push @{$f{"redis$attrs"}}, redis_benchmark($r, 'set', 1, $n,
                1000000, $clients, $attrs == 1 ? 3 : $bytes);
        }
        push @{$f{etcd}}, put_etcd($e, $n / 4, $run);
    }
    versus('new (1 attribute), kept; SET, appendfsync always',
        $f{muster1}, $f{redis1}, 1);
    versus('new (6 attributes), kept; SET of 110 bytes, the same',
        $f{muster6}, $f{redis6}, 1);
    versus('new (6 attributes), kept; etcd put', $f{muster6}, $f{etcd}, 3);
    note(sprintf 'one write and fdatasync of 4 KiB here: %.2f ms (%s)',
        median(@sync), join ', ', map { sprintf '%.2f', $_ } @sync);
    stop($m->{pid}, $r->{pid}, $e->{pid});
}

1;
