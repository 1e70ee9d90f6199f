# Processes of a benchmark: each ends with the run, however that ends, and what
# was run is remembered for the report.
package Bench::Process;
use strict;
use warnings;
use utf8;

use Exporter 'import';
use Fcntl ();
use File::Temp ();
use POSIX ();
use Time::HiRes qw(time sleep);

our @EXPORT = qw(spawn run stop scratch slurp cpu_ns commands);

my $owner = $$;
my $scratch;
my %running;     # pid => 1
my @commands;    # [label, command line], the first of each label

$SIG{PIPE} = 'IGNORE';
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

END {
    if ($$ == $owner) {
        my $rc = $?;
        stop(keys %running);
        $? = $rc;
    }
}

sub scratch
{
    $scratch ||= File::Temp->newdir('muster-bench-XXXXXX', TMPDIR => 1);
    return "$scratch";
}

sub slurp
{
    my ($path) = @_;
    open my $f, '<', $path or return '';
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}

sub commands { return @commands }

sub remember
{
    my ($o, @command) = @_;
    my $label = $o->{label} or return;
    return if grep { $_->[0] eq $label } @commands;
    my $env = join '', map { "$_=$o->{env}{$_} " } sort keys %{$o->{env} || {}};
    my @words = map { /^[\w.,:=\/%-]+$/ ? $_ : "'$_'" } @command;
    push @commands, [$label, $env . join ' ', @words];
}

# spawn({OPTIONS}, COMMAND...): its pid. Options: label (for the report), out
# (a file; default: one of its own), env, in (a handle), ready (a file, for
# descriptor 3).
sub spawn
{
    my ($o, @command) = @_;
    my $out = $o->{out} || scratch() . '/log-' . ++(our $logs);
    remember($o, @command);
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    become($o, $out, @command) if !$pid;
    $running{$pid} = 1;
    return $pid;
}

# In the child.
sub become
{
    my ($o, $out, @command) = @_;
    $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
    %ENV = (%ENV, %{$o->{env} || {}});
    if ($o->{in}) { open STDIN, '<&', $o->{in} }
    else { open STDIN, '<', '/dev/null' }
    open STDOUT, '>', $out;
    open STDERR, '>&', \*STDOUT;
    my ($ready, $three);    # open until exec
    if ($o->{ready}) {
        open $ready, '>', $o->{ready};
        POSIX::dup2(fileno $ready, 3) if fileno $ready != 3;
        open $three, '>&=', 3;
        fcntl $three, Fcntl::F_SETFD(), 0;
    }
    exec { $command[0] } @command or POSIX::_exit(127);
}

# run({OPTIONS}, COMMAND...): to its end; what it printed. Fails if it does,
# unless the option any is set.
sub run
{
    my ($o, @command) = @_;
    my $out = scratch() . '/out';
    my $pid = spawn({%$o, out => $out}, @command);
    waitpid $pid, 0;
    my $status = $?;
    delete $running{$pid};
    my $text = slurp($out);
    die "@command: exit status " . ($status >> 8) . "\n$text"
        if $status && !$o->{any};
    $? = $status;
    return $text;
}

# Ends processes of ours, and waits for their end.
sub stop
{
    my @pids = grep { delete $running{$_} } @_;
    my $end = time + 15;
    kill 'TERM', @pids;
    for my $pid (@pids) {
        while (waitpid($pid, POSIX::WNOHANG()) == 0) {
            kill 'KILL', $pid if time > $end;
            sleep 0.01;
        }
    }
}

# Nanoseconds a process has run on a processor, all its threads.
sub cpu_ns
{
    my ($pid) = @_;
    my $ns = 0;
    for my $file (glob "/proc/$pid/task/*/schedstat") {
        $ns += (split ' ', slurp($file) || '0')[0];
    }
    return $ns;
}

1;
