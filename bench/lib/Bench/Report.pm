# What was measured, as a table: on the terminal, and as bench/RESULTS.md.
package Bench::Report;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Exporter 'import';
use List::Util qw(min max);
use POSIX ();

our @EXPORT = qw(median section versus figure note write_results);

my @sections;    # [title, [rows], [notes]]

sub median
{
    my @sorted = sort { $a <=> $b } @_;
    my $n = @sorted or die "nothing was measured\n";
    return ($sorted[($n - 1) / 2] + $sorted[$n / 2]) / 2;
}

# 1234567 as 1,234,567; small numbers with three digits that count
sub number
{
    my ($n) = @_;
    return '-' unless defined $n;
    return sprintf '%.2f', $n if abs $n < 10;
    return sprintf '%.1f', $n if abs $n < 100;
    my $text = sprintf '%.0f', $n;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

sub show { print @_; return }

sub section
{
    my ($title) = @_;
    push @sections, [$title, [], []];
    show("\n$title\n");
}

sub note
{
    my ($text) = @_;
    push @{$sections[-1][2]}, $text;
    show("  $text\n");
}

# By how much a value is on the wrong side of its bar, or that it is not.
sub verdict
{
    my ($value, $bar, $less) = @_;
    return '' unless defined $bar;
    my $met = $less ? $value <= $bar : $value >= $bar;
    return 'met' if $met;
    my $by = abs($value / $bar - 1) * 100;
    return sprintf 'missed by %s %%', $by < 10 ? sprintf '%.1f', $by
        : sprintf '%.0f', $by;
}

sub add_row
{
    my (@cells) = @_;
    push @{$sections[-1][1]}, \@cells;
    show(sprintf "  %-46s %13s %13s %6s %-11s %5s %-16s %6s %6s %5s\n", @cells);
}

my @head = ('', 'muster', 'peer', 'ratio', 'of rounds', 'bar', '',
    'muster CPU µs', 'peer CPU µs', 'ratio');

# versus(NAME, OURS, THEIRS, BAR, {OPTIONS}): a row of two lists of results, a
# result of each in every round. Options: key (rate), unit, less (is better).
sub versus
{
    my ($name, $ours, $theirs, $bar, $o) = @_;
    my $key = $o->{key} || 'rate';
    my @ratios = map { $ours->[$_]{$key} / $theirs->[$_]{$key} } 0 .. $#$ours;
    my $ratio = median(@ratios);
    my @cpu = grep { defined } map { cpu_us($_) } $ours, $theirs;
    add_row($name . ($o->{unit} ? ", $o->{unit}" : ''),
        number(median(map { $_->{$key} } @$ours)),
        number(median(map { $_->{$key} } @$theirs)),
        sprintf('%.2f', $ratio),
        sprintf('%.2f-%.2f', min(@ratios), max(@ratios)),
        defined $bar ? ($o->{less} ? "<$bar" : ">=$bar") : '',
        verdict($ratio, $bar, $o->{less}),
        @cpu == 2 ? ((map { sprintf '%.2f', $_ } @cpu),
            sprintf('%.2f', $cpu[0] / $cpu[1])) : ('', '', ''));
}

# Microseconds of an operation, or undef where none were counted
sub cpu_us
{
    my ($list) = @_;
    my @us = map { defined $_->{us} ? $_->{us}
            : defined $_->{ns} ? $_->{ns} / 1000 : () } @$list;
    return @us ? median(@us) : undef;
}

# figure(NAME, VALUE, BAR, SPREAD): a row of one number, less is better
sub figure
{
    my ($name, $value, $bar, $spread) = @_;
    add_row($name, number($value), '', '', defined $spread ? $spread : '',
        defined $bar ? '<' . number($bar) : '', verdict($value, $bar, 1),
        '', '', '');
}

# -- the file ----------------------------------------------------------------

sub first_line
{
    my ($text) = @_;
    return $text =~ /^(.*)/ ? $1 : '';
}

sub machine
{
    my (%about) = @_;
    my $cpu = slurp('/proc/cpuinfo');
    my ($model) = $cpu =~ /^model name\s*:\s*(.*)/m;
    my $cores = () = $cpu =~ /^processor\s*:/mg;
    my ($kb) = slurp('/proc/meminfo') =~ /^MemTotal:\s*(\d+)/m;
    my ($os) = slurp('/etc/os-release') =~ /^PRETTY_NAME="?([^"\n]*)/m;
    my ($release) = (POSIX::uname())[2];
    my $redis = first_line(run({}, 'redis-server', '--version'));
    return "- $model, $cores cores, " . sprintf('%.1f', $kb / 1048576)
        . " GiB; $os, Linux $release\n"
        . "- load average when it began: $about{load}\n"
        . "- $redis\n"
        . '- ' . first_line(run({}, 'gcc', '--version'))
        . "; CFLAGS $about{cflags}\n"
        . "- muster $about{commit}\n";
}

sub table
{
    my ($rows) = @_;
    return join '', map { '| ' . join(' | ', @$_) . " |\n" }
        \@head, [map { $_ ? '---:' : '---' } 0 .. $#head], @$rows;
}

sub write_results
{
    my ($path, %about) = @_;
    my $text = "# Results\n\nWritten by bench/run; what is measured how is in"
        . " README.md.\n\n## Machine\n\n" . machine(%about);
    for (@sections) {
        my ($title, $rows, $notes) = @$_;
        $text .= "\n## $title\n\n" . (@$rows ? table($rows) : '');
        $text .= "\n" . join "\n", map { "- $_" } @$notes if @$notes;
        $text .= "\n" if @$notes;
    }
    $text .= "\n## Commands\n\nEach as it was run the first time; ports are the"
        . " kernel's choice.\n\n"
        . join '', map { "    $_->[1]\n" } commands();
    open my $f, '>:utf8', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";
}

1;
