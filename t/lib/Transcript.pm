# Recorded calls of another server's HTTP face: read, asked again of ours, and
# both answers compared. A transcript is what `curl -i` was called with and
# what it printed:
#
#   $ curl -sS -i -X PUT --data-binary hello http://127.0.0.1:18500/v1/kv/a
#   HTTP/1.1 200 OK
#   Content-Type: application/json
#
#   true
#   # rc=0 elapsed=0.014s
#
# What the server chose by itself (ids, indexes) differs: the first time that
# such a value is seen in an answer, ours at the same place is what it stands
# for, and from then on it is that in requests and answers.
package Transcript;
use strict;
use warnings;

use B;
use JSON::PP;
use Muster;

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my %index = map { $_ => 1 } qw(CreateIndex ModifyIndex LTime);

sub new
{
    my ($class, %o) = @_;
    return bless {uuid => {}, index => {}, body => {}, %o}, $class;
}

# {name, method, path, body, status, reason, headers, answer}
sub read_call
{
    my ($self, $file) = @_;
    my ($name) = $file =~ m{([^/]+)\.txt$};
    my $text = slurp($file);
    $text =~ s/\A\$ curl (.*)\n// or die "$file: no command";
    my $command = $1;
    $text =~ s/\n# rc=0 elapsed=[0-9.]+s\n\z// or die "$file: no end";
    my ($head, $answer) = split /\r?\n\r?\n/, $text, 2;
    my ($line, @lines) = split /\r?\n/, $head;
    my ($status, $reason) = $line =~ m{^HTTP/1\.1 (\d+) (.*)$}
        or die "$file: no status";
    my %headers = map { /^([^:]+): (.*)$/ ? (lc $1 => $2) : () } @lines;
    my %call = (name => $name, method => 'GET', status => $status,
        reason => $reason, headers => \%headers, answer => $answer,
        command($command));
    $call{body} = $self->{body}{$name} if exists $self->{body}{$name};
    return \%call;
}

sub command
{
    my %call;
    my @words = map { s/\\(.)/$1/gr } $_[0] =~ /((?:\\.|[^\\ ])+)/g;
    while (defined(my $word = shift @words)) {
        if ($word eq '-X') {
            $call{method} = shift @words;
        } elsif ($word eq '-I') {
            $call{method} = 'HEAD';
        } elsif ($word eq '--data-binary') {
            $call{body} = shift @words;
        } elsif ($word eq '-H' || $word eq '--max-time') {
            shift @words;
        } elsif ($word =~ m{^http://[^/]+(/.*)$}) {
            $call{path} = $1;
        }
    }
    return %call;
}

# -- what stands for what ------------------------------------------------------

# Text of a recorded call as it is for ours.
sub ours
{
    my ($self, $text) = @_;
    return $text unless defined $text;
    $text =~ s/($uuid)/$self->{uuid}{$1} || $1/ge;
    $text =~ s/(modify index |!= )(\d+)/$1 . ($self->{index}{$2} || $2)/ge;
    return $text;
}

sub path
{
    my ($self, $call) = @_;
    my $path = $self->ours($call->{path});
    $path =~ s/\b(index|cas)=(\d+)/"$1=" . ($self->{index}{$2} || $2)/ge;
    return $path;
}

# -- comparing -----------------------------------------------------------------

sub is_number
{
    my ($value) = @_;
    my $flags = B::svref_2object(\$value)->FLAGS;
    return $flags & (B::SVp_IOK | B::SVp_NOK) && !($flags & B::SVp_POK);
}

sub kind
{
    my ($value) = @_;
    return 'null' unless defined $value;
    return 'boolean' if JSON::PP::is_bool($value);
    return ref $value eq 'HASH' ? 'object' : 'list' if ref $value;
    return is_number($value) ? 'number' : 'text';
}

# Each difference as "place: what".
sub compare
{
    my ($self, $call, $got) = @_;
    my @wrong;
    push @wrong, "status: $got->{status}, was $call->{status}"
        unless $got->{status} == $call->{status};
    my ($reason) = $got->{head} =~ m{^HTTP/1\.1 \d+ (.*)$}m;
    push @wrong, "reason: $reason, was $call->{reason}"
        unless $reason eq $call->{reason};
    push @wrong, $self->compare_headers($call, $got);
    return @wrong if $call->{method} eq 'HEAD';
    my ($was, $is) = map { json($_) } $call->{answer}, $got->{body};
    if ($was && $is) {
        push @wrong, $self->compare_values('', $was->[0], $is->[0]);
    } else {
        my $text = $self->ours($call->{answer});
        push @wrong, "body: '$got->{body}', was '$text'"
            unless $got->{body} eq $text;
    }
    return @wrong;
}

sub json
{
    my ($text) = @_;
    my $value = eval { JSON::PP->new->utf8->allow_nonref->decode($text) };
    return $@ ? undef : [$value];
}

my %not_compared =
    map { $_ => 1 } qw(date content-length transfer-encoding connection);

sub compare_headers
{
    my ($self, $call, $got) = @_;
    my ($was, $is) = ($call->{headers}, $got->{headers});
    my @wrong;
    for my $name (sort keys %{{%$was, %$is}}) {
        next if $not_compared{$name};
        my ($w, $g) = ($was->{$name}, $is->{$name});
        if (!defined $w || !defined $g) {
            push @wrong, "header $name: "
                . (defined $g ? "'$g', was not there" : "not there, was '$w'");
        } elsif ($name eq 'x-consul-index') {
            push @wrong, $self->same_index("header $name", $w, $g);
        } elsif ($w ne $g) {
            push @wrong, "header $name: '$g', was '$w'";
        }
    }
    return @wrong;
}

sub same_index
{
    my ($self, $place, $was, $is) = @_;
    return () if !$was && !$is && $place !~ /^header/;
    return "$place: '$is' is no index" unless $is =~ /^[1-9][0-9]*$/;
    return () if $was <= 1; # of nothing
    return () if $self->{only_rows} && $place =~ /^header/;
    my $known = $self->{index}{$was} //= $is;
    return () if $known eq $is || !$self->{same_indexes};
    return "$place: $is, where $known stands for $was";
}

sub compare_values
{
    my ($self, $place, $was, $is) = @_;
    my ($w, $g) = (kind($was), kind($is));
    return ("$place: $g, was $w") if $w ne $g;
    return $self->compare_objects($place, $was, $is) if $w eq 'object';
    return $self->compare_lists($place, $was, $is) if $w eq 'list';
    return () if $w eq 'null';
    my ($key) = $place =~ /\.(\w+)$/;
    return $self->same_index($place, $was, $is)
        if $w eq 'number' && $index{$key || ''};
    if ($w eq 'text') {
        if ($was =~ /^$uuid$/ && $is =~ /^$uuid$/) {
            $self->{uuid}{$was} //= $is;
        }
        $was = $self->ours($was);
    }
    return $was eq $is ? () : ("$place: $is, was $was");
}

sub compare_objects
{
    my ($self, $place, $was, $is) = @_;
    my @wrong;
    for my $key (sort keys %{{%$was, %$is}}) {
        my $at = "$place.$key";
        if (!exists $is->{$key}) {
            push @wrong, "$at: not there";
        } elsif (!exists $was->{$key}) {
            push @wrong, "$at: was not there";
        } else {
            push @wrong,
                $self->compare_values($at, $was->{$key}, $is->{$key});
        }
    }
    return @wrong;
}

sub compare_lists
{
    my ($self, $place, $was, $is) = @_;
    return ("$place: " . @$is . ' in the list, were ' . @$was)
        if @$was != @$is;
    $is = $self->in_order($was, $is);
    return map { $self->compare_values("$place\[$_]", $was->[$_], $is->[$_]) }
        0 .. $#$was;
}

# Lists that are sorted by ids have another order with other ids.
sub in_order
{
    my ($self, $was, $is) = @_;
    return $is if grep { ref ne 'HASH' || ($_->{ID} || '') !~ /^$uuid$/ }
        @$was, @$is;
    my %place = map { $_->{ID} => $_ } @$is;
    my @sorted = map { delete $place{$self->{uuid}{$_->{ID}} || ''} } @$was;
    my @rest = map { $place{$_} } sort keys %place;
    return [map { $_ || shift @rest } @sorted];
}

1;
