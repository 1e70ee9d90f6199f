# What release types have in common: output without secrets, results on
# descriptor 3, and commands that are run, timed, and ended by TERM.
# Must not know what a release is.
package MusterRelease;
use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(F_SETFD FD_CLOEXEC);
use IO::Handle;
use POSIX ();

our @EXPORT = qw(masked say_line report slurp spew run secret);

my @secrets;
my $cancelled = 0;
$SIG{TERM} = $SIG{INT} = sub { $cancelled = 1 };
$| = 1;

# Texts that nobody is to see
sub secret
{
    push @secrets, grep { length } @_;
    return;
}

# -- saying things ----------------------------------------------------------

sub masked
{
    my ($text) = @_;
    $text =~ s/\Q$_\E/***/g for @secrets;
    $text =~ s{(\w://)[^/\s\@]+\@}{$1***\@}g;
    return $text;
}

sub say_line { print masked("@_"), "\n"; return }

# A line on descriptor 3, if there is one
sub report
{
    our $three;
    if (!defined $three) {
        open($three, '>>&=', 3) or return;
        fcntl $three, F_SETFD, FD_CLOEXEC;
        $three->autoflush(1);
    }
    print $three masked("@_"), "\n";
    return;
}

sub slurp
{
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    my $text = <$file>;
    return defined $text ? $text : '';
}

# Whole or not at all, also after the power failed
sub spew
{
    my ($path, $text) = @_;
    open my $file, '>', "$path.new" or die "$path: $!\n";
    print $file $text;
    $file->flush && $file->sync && close $file or die "$path: $!\n";
    rename "$path.new", $path or die "$path: $!\n";
    return;
}

# -- running things ---------------------------------------------------------

# run({dir, env, seconds, quiet, out}, WORD...): true if it ended with 0. What
# it prints goes to our output, without secrets, or into $$out.
sub run
{
    my ($o, @argv) = @_;
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    run_child($o, $out, @argv) if !$pid;
    setpgrp $pid, $pid;    # as the child does: whoever is first
    close $out;
    my $end = $o->{seconds} && time + $o->{seconds};
    my ($rest, $late) = ('', 0);
    while (1) {
        my $left = $end ? $end - time : undef;
        $late = 1 if defined $left && $left <= 0;
        last if $late || ($cancelled && !$o->{last_will});
        my $bits = '';
        vec($bits, fileno $in, 1) = 1;
        my $n = select $bits, undef, undef,
            defined $left && $left < 1 ? $left : 1;
        next if $n <= 0;
        my $got = sysread $in, $rest, 65536, length $rest;
        last if defined $got && !$got;
        run_said($o, \$rest, 0);
    }
    kill 'KILL', -$pid if $late || ($cancelled && !$o->{last_will});
    waitpid $pid, 0;
    my $status = $?;
    run_said($o, \$rest, 1);
    say_line("$argv[0]: not done in $o->{seconds} s") if $late;
    die "cancelled\n" if $cancelled && !$o->{last_will};
    return !$late && $status == 0;
}

sub run_child
{
    my ($o, $out, @argv) = @_;
    setpgrp;
    $SIG{TERM} = $SIG{INT} = 'DEFAULT';
    open STDIN, '<', '/dev/null';
    open STDOUT, '>&', $out;
    open STDERR, '>&', $o->{quiet} ? do { open my $n, '>', '/dev/null'; $n }
        : $out;
    POSIX::close(3);
    %ENV = (%ENV, %{ $o->{env} || {} });
    if (!defined $o->{dir} || chdir $o->{dir}) {
        exec { $argv[0] } @argv;
    }
    print STDERR "$argv[0]: $!\n";
    POSIX::_exit(127);
}

# Whole lines, and at the end what is left: a secret must not be cut in two
sub run_said
{
    my ($o, $rest, $all) = @_;
    my $at = $all ? length $$rest : rindex($$rest, "\n") + 1;
    $at = length $$rest if !$at && length $$rest > 65536;
    my $text = substr $$rest, 0, $at, '';
    if ($o->{out}) { ${ $o->{out} } .= $text }
    elsif (length $text) { print masked($text) }
    return;
}

1;
