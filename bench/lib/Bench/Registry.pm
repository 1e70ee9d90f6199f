# The benchmarks of musterd, beside redis-server.
package Bench::Registry;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Bench::Report;
use Bench::Servers;
use Exporter 'import';

our @EXPORT = qw(bench_find bench_find1 bench_change bench_event bench_memory
    bench_size);

my $keys = 100000;    # services, and redis's keys

# rounds({OPTIONS}, [SERVERS], NAME => sub, ...): each of the subs in turn,
# again and again, with idle servers; NAME => [results]
sub rounds
{
    my ($o, $servers, @variants) = @_;
    my %results;
    for my $round (1 .. $o->{rounds}) {
        for (my $i = 0; $i < @variants; $i += 2) {
            settle(@$servers);
            push @{$results{$variants[$i]}}, $variants[$i + 1]->();
        }
    }
    return \%results;
}

# Both with 100,000 things in them.
sub filled_servers
{
    my $m = musterd();
    my $r = redis();
    $m->{filler} = fill($m, $keys);
    redis_benchmark($r, 'set', 16, 12 * $keys, $keys);
    return ($m, $r);
}

sub stop_servers
{
    my @servers = @_;
    stop(map { ($_->{filler} || (), $_->{pid}) } @servers);
}

sub find_rounds
{
    my ($o, $pipe, $total) = @_;
    my ($m, $r) = filled_servers();
    my @load = ($m->{find}, 50, $pipe, $total, $keys);
    my $f = rounds($o, [$m, $r],
        find => sub { load($m, 'find', @load) },
        get => sub { redis_benchmark($r, 'get', $pipe, $total, 0) },
        fixed => sub { load($m, 'fixed', @load) },
        get_any => sub { redis_benchmark($r, 'get', $pipe, $total, $keys) });
    stop_servers($m, $r);
    return $f;
}

sub find_rows
{
    my ($f, $bar) = @_;
    versus('find any of 100,000; GET', $f->{find}, $f->{get}, $bar);
    versus('find any of 100,000; GET -r 100000', $f->{find}, $f->{get_any},
        $bar);
    versus('find the same one; GET', $f->{fixed}, $f->{get}, $bar);
}

sub bench_find
{
    my ($o) = @_;
    section('find by two attributes, 50 connections, 16 at once (a second)');
    find_rows(find_rounds($o, 16, 1000000 * $o->{scale}), 1);
}

sub bench_find1
{
    my ($o) = @_;
    section('find by two attributes, 50 connections, one at once (a second)');
    find_rows(find_rounds($o, 1, 200000 * $o->{scale}), 0.9);
}

sub bench_change
{
    my ($o) = @_;
    my ($m, $r) = (musterd(), redis());
    my $n = 600000 * $o->{scale};
    my $load = sub {
        my ($kind, @args) = @_;
        return sub { load($m, $kind, $m->{new}, 50, 16, $n, @args) };
    };
    my $set = sub {
        my ($count) = @_;
        return sub { redis_benchmark($r, 'set', 16, $n, $count) };
    };
    section('registrations and updates, 50 connections, 16 at once (a second)');
    redis_benchmark($r, 'set', 16, 12 * $keys, $keys);
    my $f = rounds($o, [$m, $r],
        half1 => $load->('change', 2, 1), set => $set->(0),
        half6 => $load->('change', 2, 6), set_any => $set->($keys),
        tenth => $load->('change', 10, 6),
        update => $load->('update', 50, 6),
        update_any => $load->('update', $keys, 6),
        register => $load->('change', 1, 6));
    versus('half new (1 attribute), half updates; SET',
        @$f{qw(half1 set)}, 1);
    versus('half new (6 attributes), half updates; SET',
        @$f{qw(half6 set)}, 1);
    versus('1 new (6 attributes) to 9 updates; SET',
        @$f{qw(tenth set)}, 1);
    versus('updates of 50 services; SET', @$f{qw(update set)}, 1);
    versus('updates of 100,000 services; SET -r 100000',
        @$f{qw(update_any set_any)}, 1);
    versus('half new (6), half updates; SET -r 100000',
        @$f{qw(half6 set_any)}, 1);
    versus('new (6 attributes) only; SET -r 100000',
        @$f{qw(register set_any)});
    stop_servers($m, $r);
}

sub bench_event
{
    my ($o) = @_;
    my ($m, $r) = (musterd(), redis());
    my @args = (1000, 1000, 4 * $o->{scale});
    section('1,000 subscribers, 1,000 changes a second: the last is told');
    my $f = rounds($o, [$m, $r],
        event => sub { fanout($m, 'event', $m->{new}, $m->{event}, @args) },
        pubsub => sub { fanout($r, 'pubsub', $r->{port}, $r->{port}, @args) });
    versus('median, ms', @$f{qw(event pubsub)}, 1,
        {key => 'median', less => 1});
    versus('p99, ms', @$f{qw(event pubsub)}, undef,
        {key => 'p99', less => 1});
    for my $side (['event', 'port event'], ['pubsub', 'PUBLISH']) {
        my $list = $f->{$side->[0]};
        note(sprintf '%s: %.0f changes a second were made; %.1f bytes for each'
            . ' change and subscriber; largest latency %.1f ms', $side->[1],
            median(map { $_->{rate} } @$list),
            median(map { $_->{bytes} } @$list),
            median(map { $_->{max} } @$list));
    }
    stop_servers($m, $r);
}

sub rss_kb
{
    my ($pid) = @_;
    return slurp("/proc/$pid/status") =~ /^VmRSS:\s*(\d+)/m ? $1 : 0;
}

sub bench_memory
{
    my ($o) = @_;
    my $m = musterd();
    my $count = 1000000 * $o->{scale};
    my $before = rss_kb($m->{pid});
    section('1,000,000 services of 6 attributes');
    $m->{filler} = fill($m, $count);
    settle($m);
    my $after = rss_kb($m->{pid});
    figure('resident memory, MB of 2^20 bytes', $after / 1024,
        700 * $o->{scale});
    figure('bytes a service', ($after - $before) * 1024 / $count);
    note('Resident before: ' . int($before / 1024) . ' MB. With everything: the'
        . ' 100,000 latest changes, and ' . int($count / 5000 + 1)
        . ' connections.');
    stop_servers($m);
}

# One pair of rows: what a find costs in a large registry, and in a small one.
sub size_rows
{
    my ($o, $large, $small, $pipe, $total) = @_;
    my $f = rounds($o, [$large, $small],
        large => sub { load($large, 'find', $large->{find}, 50, $pipe, $total,
            $large->{count}) },
        small => sub { load($small, 'find', $small->{find}, 50, $pipe, $total,
            $small->{count}) });
    my $how = $pipe > 1 ? "$pipe at once" : 'one at once';
    my @rounds = 0 .. $o->{rounds} - 1;
    my @cpu = map { $f->{large}[$_]{ns} / $f->{small}[$_]{ns} } @rounds;
    my @rate = map { $f->{small}[$_]{rate} / $f->{large}[$_]{rate} } @rounds;
    figure("$how: ratio of processor time a query", median(@cpu), 1.1);
    figure("$how: ratio of time a query", median(@rate), 1.1);
    for my $side ($f->{large}, $f->{small}) {
        note(sprintf '%s, among %s: %.0f a second, %.3f µs of processor time'
            . ' each', $how, $side == $f->{large} ? '200,000' : '2,000',
            median(map { $_->{rate} } @$side),
            median(map { $_->{ns} / 1000 } @$side));
    }
}

sub bench_size
{
    my ($o) = @_;
    my ($large, $small) = (musterd(), musterd());
    $large->{count} = 200000;
    $small->{count} = 2000;
    $_->{filler} = fill($_, $_->{count}) for $large, $small;
    section('find of one among 200,000 services, against among 2,000');
    size_rows($o, $large, $small, 1, 200000 * $o->{scale});
    size_rows($o, $large, $small, 16, 1000000 * $o->{scale});
    stop_servers($large, $small);
}

1;
