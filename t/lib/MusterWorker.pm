# A dispatcher that is no dispatcher: speaks the worker's wire directly, and
# holds the worker to it: every line of a job has the number after the last.
#
#   my $w = lone_worker();                 # no registry will ever answer it
#   my $d = dial_worker($w, 'ABCDEFGH');
#   my $jid = $d->run("execute cmd 'echo hi'");
#   is $d->ended($jid)->{rc}, 0;
#   is $d->text($jid, 'stdout'), "hi\n";
package MusterWorker;
use strict;
use warnings;

use Exporter 'import';
use Muster;
use Time::HiRes qw(time);

our @EXPORT = qw(lone_worker lone_host dial_worker in_job words quote
    children_of grew_less write_plugin);

# Tests run side by side: by the host's name they tell their jobs apart.
sub lone_host { return "h$$" }

# lone_worker([{OPTIONS},] SETTING...): of which every registry is unreachable
sub lone_worker
{
    my @args = @_;
    my $options = ref $args[0] eq 'HASH' ? shift @args : {};
    return daemon('muster-worker', $options,
        map { ('-o', $_) } 'worker.host=' . lone_host(), 'worker.bind=127.0.0.1:0',
        'worker.registry=127.0.0.1:1:1:1', 'worker.slots=8', @args);
}

sub dial_worker
{
    my ($w, $name) = @_;
    return MusterWorker::Link->new($w, $name);
}

# write_plugin(FOLDER, NAME, ABOUT, SHELL [, MODE]): a plugin that describes itself
# with the words ABOUT behind its name and runs that shell text
sub write_plugin
{
    my ($folder, $name, $about, $shell, $mode) = @_;
    mkdir $folder;
    my $path = "$folder/$name";
    Muster::spew($path, "#!/bin/sh\nif [ \"\$1\" = describe ]; then\n"
        . "    cat <<'END'\nop $name $about\nEND\n    exit\nfi\n$shell\n");
    chmod defined $mode ? $mode : 0755, $path or die "$path: $!";
    return $path;
}

# The pids of those with MUSTER_JOB=JID and our host in their environment
sub in_job
{
    my ($jid) = @_;
    return grep {
        my %env = map { $_ => 1 } split /\0/,
            Muster::slurp("/proc/$_/environ");
        $env{"MUSTER_JOB=$jid"} && $env{'MUSTER_HOST=' . lone_host()}
    } processes();
}

sub processes
{
    opendir my $dir, '/proc' or die "/proc: $!";
    return grep { /^\d+$/ } readdir $dir;
}

# pid => name of the children of a process
sub children_of
{
    my ($parent) = @_;
    my %children;
    for my $pid (processes()) {
        my ($comm, $ppid) = Muster::slurp("/proc/$pid/stat")
            =~ /^\d+ \((.*)\) \S (\d+)/s or next;
        $children{$pid} = $comm if $ppid == $parent;
    }
    return \%children;
}

# That a daemon has not grown by more than so many KiB; a sanitizer's memory,
# or valgrind's, is not the daemon's.
sub grew_less
{
    my ($w, $before, $kib, $name) = @_;
    my $grown = $w->memory - $before;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    SKIP: {
        Test::More::skip("$name: not measured under a checker", 1)
            if Muster::slurp("/proc/$w->{pid}/maps") =~ /libasan|valgrind/;
        Test::More::cmp_ok($grown, '<', $kib, $name);
    }
    return;
}

# A line as its words
sub words
{
    my ($line) = @_;
    my @words;
    while ($line =~ /\G[ \t]*((?:'(?:[^']|'')*'|[^ \t'])+)/gc) {
        my $word = $1;
        $word =~ s/'((?:[^']|'')*)'/(my $t = $1) =~ s|''|'|g; $t/ges;
        push @words, $word;
    }
    return @words;
}

sub quote
{
    my ($text) = @_;
    $text =~ s/'/''/g;
    return "'$text'";
}

package MusterWorker::Link;
use strict;
use warnings;
use Test::More;

sub new
{
    my ($class, $w, $name) = @_;
    my $self = bless {
        conn => $w->dial('worker'), name => $name, jobs => {}, errors => [],
        refused => {}, acked => {}, have => {}, load => [], count => 0,
    }, $class;
    $self->send("hello $name");
    $self->{hello} = [MusterWorker::words($self->{conn}->line)];
    return $self;
}

# Another link of the same dispatcher, which knows what this one knows
sub redial
{
    my ($self, $w) = @_;
    my $new = (ref $self)->new($w, $self->{name});
    $new->{$_} = $self->{$_} for qw(jobs count);
    return $new;
}

sub send { $_[0]{conn}->send("$_[1]\n") }

# Asks for a job; its name
sub run
{
    my ($self, $request) = @_;
    my $jid = "$self->{name}-" . ++$self->{count};
    $self->send("run $jid $request");
    return $jid;
}

# Takes one line; false at the deadline or the end
sub step
{
    my ($self, $seconds) = @_;
    my $line = $self->{conn}->line($seconds);
    return 0 unless defined $line;
    my ($word, @rest) = MusterWorker::words($line);
    if ($word eq 'out' || $word eq 'part') {
        my ($jid, $seq, $stream, $text) = @rest;
        $self->number($jid, $seq);
        my $job = $self->{jobs}{$jid};
        $job->{$stream} .= $text . ($word eq 'out' ? "\n" : '');
        $job->{lines}++ if $word eq 'out';
        $job->{parts}++ if $word eq 'part';
        $job->{longest} = length $text
            if length $text > ($job->{longest} || 0);
    } elsif ($word eq 'exit') {
        my ($jid, $seq, $rc, @pairs) = @rest;
        $self->number($jid, $seq);
        $self->{jobs}{$jid}{exit} = {rc => $rc, @pairs};
        $self->got($jid) unless $self->{forgets};
    } elsif ($word eq 'result' || $word eq 'result+') {
        my ($jid, $seq, $json) = @rest;
        $self->number($jid, $seq);
        my $job = $self->{jobs}{$jid};
        $job->{piece} .= $json;
        push @{$job->{results}}, delete $job->{piece} if $word eq 'result';
    } elsif ($word eq 'progress') {
        my ($jid, $seq, $percent, $text) = @rest;
        $self->number($jid, $seq);
        push @{$self->{jobs}{$jid}{progress}}, "$percent $text";
    } elsif ($word eq 'ack') {
        $self->{acked}{$rest[0]}++;
    } elsif ($word eq 'refuse') {
        $self->{refused}{$rest[0]} = $rest[1];
    } elsif ($word eq 'have') {
        $self->{have}{$rest[0]} = [@rest[1, 2]];
    } elsif ($word eq 'load') {
        push @{$self->{load}}, {@rest};
    } elsif ($word eq 'error:') {
        push @{$self->{errors}}, $rest[0];
    } elsif ($word eq '.end') {
        $self->{end}++;
    } else {
        die "the worker says $line";
    }
    return 1;
}

# Nothing lost, nothing doubled
sub number
{
    my ($self, $jid, $seq) = @_;
    my $job = $self->{jobs}{$jid} ||= {seq => 0};
    fail("line $seq of $jid after $job->{seq}") if $seq != ++$job->{seq};
    $job->{seq} = $seq;
    $self->send("got $jid $seq")
        if $self->{store} && $seq % $self->{store} == 0;
}

# Lines until a condition holds; its value
sub until
{
    my ($self, $condition, $seconds) = @_;
    my $end = time + Muster::deadline(300);    # its load it says for ever
    my $value;
    until ($value = $condition->()) {
        last unless $self->step($seconds) && time < $end;
    }
    return $value;
}

# How it ended: rc, state, reason, …
sub ended
{
    my ($self, $jid, $seconds) = @_;
    return $self->until(sub { $self->{jobs}{$jid}{exit} }, $seconds)
        || fail("$jid does not end");
}

sub refusal
{
    my ($self, $jid) = @_;
    return $self->until(sub { $self->{refused}{$jid} });
}

sub error
{
    my ($self, $line) = @_;
    $self->send($line) if defined $line;
    return $self->until(sub { shift @{$self->{errors}} });
}

# Output up to a pattern
sub says
{
    my ($self, $jid, $pattern, $seconds) = @_;
    return $self->until(sub { $self->text($jid, 'stdout') =~ $pattern },
        $seconds);
}

# What a plugin gave as results, and how far it said to be
sub results { return $_[0]{jobs}{$_[1]}{results} || [] }
sub progress { return $_[0]{jobs}{$_[1]}{progress} || [] }

sub text
{
    my ($self, $jid, $stream) = @_;
    my $text = $self->{jobs}{$jid}{$stream};
    return defined $text ? $text : '';
}

# The job is known to be stored
sub got
{
    my ($self, $jid) = @_;
    return $self->send("got $jid $self->{jobs}{$jid}{seq}");
}

# What the worker has of this dispatcher: jid => [last line, state]
sub list
{
    my ($self) = @_;
    $self->{have} = {};
    my $before = $self->{end} || 0;
    $self->send('list');
    $self->until(sub { ($self->{end} || 0) > $before });
    return $self->{have};
}

1;
