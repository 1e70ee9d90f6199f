# HTTP for tests, over a plain socket: requests as they are written, answers
# taken apart; and Prometheus' text, read as strictly as promtool does.
#
#   use MusterHttp;
#   my $a = http($reg, 'GET', '/health');     # {status, head, headers, body}
#   my $a = http($reg, 'PUT', '/x', headers => {...}, body => '...');
#   my $c = $reg->dial('admin'); $c->send("GET ..."); my $a = answer($c);
#   my $m = metrics($reg); $m->{'muster_services'}
#   my @wrong = check_metrics($text);
package MusterHttp;
use strict;
use warnings;

use Exporter 'import';
use Muster;

our @EXPORT = qw(http answer request metrics parse_metrics check_metrics
    metric_families);

# The text of a request.
sub request
{
    my ($method, $path, %o) = @_;
    my %headers = (Host => 'localhost', %{$o{headers} || {}});
    $headers{'Content-Length'} = length $o{body} if defined $o{body};
    my $text = "$method $path HTTP/1.1\r\n";
    $text .= "$_: $headers{$_}\r\n"
        for grep { defined $headers{$_} } sort keys %headers;
    return "$text\r\n" . (defined $o{body} ? $o{body} : '');
}

# A request on a connection of its own, to a daemon's admin face.
sub http
{
    my ($daemon, $method, $path, %o) = @_;
    my $c = $daemon->dial($o{face} || 'admin');
    $c->send(request($method, $path, %o));
    my $answer = answer($c, $method);
    $c->close;
    return $answer;
}

# The next answer on a connection, or undef if none comes.
sub answer
{
    my ($c, $method) = @_;
    my (%headers, @lines);
    while (defined(my $line = $c->line)) {
        $line =~ s/\r$//;
        last if $line eq '';
        push @lines, $line;
    }
    return undef unless @lines;
    my ($status) = $lines[0] =~ m{^HTTP/1\.1 (\d{3}) [A-Z]};
    die "no status line: $lines[0]" unless $status;
    for (@lines[1 .. $#lines]) {
        my ($name, $value) = /^([!-9;-~]+): (.*)$/ or die "no header: $_";
        die "twice: $name" if exists $headers{lc $name};
        $headers{lc $name} = $value;
    }
    my $body = '';
    if (($method || '') eq 'HEAD' || $status == 204) {
        # none
    } elsif (($headers{'transfer-encoding'} || '') eq 'chunked') {
        while (defined(my $size = $c->line)) {
            $size =~ /^([0-9a-f]+)\r?$/ or die "no chunk: $size";
            my $bytes = hex $1;
            $body .= $c->take($bytes) if $bytes;
            $c->line;
            last if !$bytes;
        }
    } elsif (defined $headers{'content-length'}) {
        $body = $c->take($headers{'content-length'});
    } else {
        $body = $c->bytes;
    }
    return {status => $status, headers => \%headers, body => $body,
        head => join("\n", @lines)};
}

# -- Prometheus' text ---------------------------------------------------------

my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label = qr/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"/;
my $number = qr/[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|Inf)|NaN/;
my $sample = qr/^($name)(?:\{($label(?:,$label)*)\})? ($number)$/;

sub metrics
{
    my ($daemon, %o) = @_;
    my $answer = http($daemon, 'GET', '/metrics', %o);
    die "/metrics: $answer->{head}" unless $answer->{status} == 200;
    return parse_metrics($answer->{body});
}

# {series => value}, a series as it is written
sub parse_metrics
{
    my ($text) = @_;
    return {map { /$sample/ ? ($1 . (defined $2 ? "{$2}" : '') => $3) : () }
        split /\n/, $text};
}

# {name => {type, help, labels => {name => {value => 1}}}}
sub metric_families
{
    my ($text) = @_;
    my %families;
    for (split /\n/, $text) {
        if (/^# HELP ($name) (.*)$/) {
            $families{$1}{help} = $2;
        } elsif (/^# TYPE ($name) (\w+)$/) {
            $families{$1}{type} = $2;
        } elsif (/$sample/) {
            my ($series, $labels) = ($1, $2);
            (my $family = $series) =~ s/_(?:bucket|sum|count)$//;
            $family = $series unless $families{$family};
            for (defined $labels ? split /,(?=$label)/, $labels : ()) {
                my ($key, $value) = /^(\w+)="(.*)"$/;
                $families{$family}{labels}{$key}{$value} = 1
                    unless $key eq 'le';
            }
        }
    }
    return \%families;
}

# What promtool check metrics would say, and a little more.
sub check_metrics
{
    my ($text) = @_;
    my (@wrong, %done, %type, %seen, %buckets, $family);
    push @wrong, 'no line feed at the end' unless $text =~ /\n\z/;
    for my $line (split /\n/, $text) {
        if ($line =~ /^# HELP ($name) (.+)$/) {
            my ($of, $help) = ($1, $2);
            push @wrong, "$of comes twice" if $done{$of}++;
            push @wrong, "$of: its help is no sentence"
                unless $help =~ /^[A-Z0-9].*\.$/;
            $family = $of;
        } elsif ($line =~ /^# TYPE ($name) (counter|gauge|histogram)$/) {
            my ($of, $type) = ($1, $2);
            push @wrong, "TYPE of $of is not behind its HELP"
                unless defined $family && $of eq $family;
            push @wrong, "$of: _total is for counters"
                if ($type eq 'counter') ne ($of =~ /_total$/);
            push @wrong, "$of: no base unit"
                if $of =~ /_(?:ms|milliseconds|us|kb|kib|minutes)(?:_|$)/;
            $type{$of} = $type;
        } elsif ($line =~ $sample) {
            my ($series, $labels, $value) = ($1, $2 || '', $3);
            push @wrong, "twice: $series\{$labels}"
                if $seen{"$series {$labels}"}++;
            my $base = $series;
            $base =~ s/_(?:bucket|sum|count)$//
                if ($type{$family || ''} || '') eq 'histogram';
            push @wrong, "$series is not with its family"
                unless defined $family && $base eq $family;
            push @wrong, "$series: $value" if $value =~ /^-/
                && ($type{$base} || '') ne 'gauge';
            if ($series =~ /_bucket$/ && $labels =~ s/,?le="([^"]+)"$//) {
                push @{$buckets{"$base $labels"}}, [$1, $value];
            } elsif ($series =~ /_count$/ && $base ne $series) {
                my $last = $buckets{"$base $labels"}[-1];
                push @wrong, "$base: +Inf is not _count"
                    unless $last->[0] eq '+Inf' && $last->[1] == $value;
            }
        } else {
            push @wrong, "no line of metrics: $line";
        }
    }
    for my $key (sort keys %buckets) {
        my ($le, $so_far) = ('-inf', 0);
        for my $bucket (@{$buckets{$key}}) {
            push @wrong, "$key: buckets do not rise"
                unless $bucket->[0] > $le && $bucket->[1] >= $so_far;
            ($le, $so_far) = @$bucket;
        }
    }
    return @wrong;
}

1;
