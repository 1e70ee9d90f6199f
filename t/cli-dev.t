# muster dev: all of it comes up, works, and goes, however it ends.
use strict;
use warnings;
use Test::More;
use JSON::PP ();
use Time::HiRes qw(time);
use Muster;

need_programs(qw(muster musterd muster-dispatch muster-worker));

my $json = scratch() . '/json';
my $err = scratch() . '/err';

# In a process group of its own, as a shell starts it
sub begin
{
    my (@args) = @_;
    unlink $json, $err;
    my $pid = fork;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        setpgrp 0, 0;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $json;
        open STDERR, '>', $err;
        exec program('muster'), 'dev', '--json', @args;
    }
    return $pid;
}

sub up
{
    my (@args) = @_;
    my $pid = begin('--ports', 'any', @args);
    ok scalar(eventually { slurp($json) =~ /\n/ } 20), 'comes up'
        or diag slurp($err);
    return ($pid, JSON::PP::decode_json(slurp($json) || '{}'));
}

# Processes of the group of pid, itself apart
sub children
{
    my ($pid) = @_;
    return grep {
        $_ != $pid && slurp("/proc/$_/stat") =~ /\) [^Z] \d+ $pid /
    } map { m{(\d+)/stat} } glob '/proc/[0-9]*/stat';
}

sub gone
{
    my ($pid) = @_;
    return ok scalar(eventually { !children($pid) } 15), 'nothing is left behind';
}

my ($pid, $up) = up('--workers', 5);
is scalar(children($pid)), 7, 'a registry, a dispatcher, five workers';
my @there = ('--registry', $up->{registry});
my ($rc, $out) = muster(undef, 'find', @there, 'kind=worker', 'role=web',
    '--count');
is $out, "2\n", 'two of them web';
($rc, $out) = muster(undef, 'kv', 'put', '--consul', $up->{consul},
    'a', 'b');
is $rc, 0, 'Consul is spoken, too';
($rc, $out) = muster(undef, 'exec', @there, '--all', '--expect', 5, '-c',
    'echo $MUSTER_HOST');
is join(' ', sort split /\n/, $out), join(' ', map { "dev$_ | dev$_" } 1 .. 5),
    'they work, at once';
is join(' ', map { $_->{host} } @{$up->{workers}}), join(' ', map { "dev$_" }
    1 .. 5), 'named';
my $began = time;
kill 'INT', -$pid;
waitpid $pid, 0;
is $?, 0, 'Ctrl-C ends all of it: 0';
cmp_ok time - $began, '<', deadline(20), 'soon';
gone($pid);
is slurp($err), '', 'and quietly';

($pid, $up) = up('--attr', 'role=db', '--attr', 'rack=1', '-o',
    'worker.slots=3', '-o', 'limits.line=8K');
@there = ('--registry', $up->{registry});
($rc, $out) = muster(undef, 'find', @there, 'kind=worker', 'role=db', 'rack=1',
    'slots=3', '--count');
is $out, "1\n", 'attributes, and settings for who knows them';
muster(undef, 'exec', @there, '--detach', '--all', '--', 'sleep', 96);
kill 'TERM', $pid;
waitpid $pid, 0;
is $?, 0, 'TERM ends all of it, with a job running: 0';
gone($pid);

($pid, $up) = up('--workers', 2);
my ($registry) = grep { slurp("/proc/$_/cmdline") =~ /musterd/ } children($pid);
kill 'KILL', $registry;
waitpid $pid, 0;
is $? >> 8, 1, 'a child dies: 1';
like slurp($json), qr/"error":"dev: registry \(musterd\) was killed by signal 9"/,
    'which, and how';
gone($pid);

($pid, $up) = up();
kill 'KILL', $pid;
waitpid $pid, 0;
gone($pid);

my $taken = registry();
my $port = $taken->address('find');
$pid = begin('--ports', 'any', '-o', "registry.find=$port");
waitpid $pid, 0;
is $? >> 8, 1, 'a port is taken: 1';
like slurp($json), qr/registry \(musterd\) ended with exit status 1/, 'said';
like slurp($err), qr/\Q$port\E/, 'by the daemon, too';
gone($pid);
($rc) = muster(undef, 'dev', '-o', 'no.such=1');
is $rc, 2, 'no such setting: 2';

finish();
