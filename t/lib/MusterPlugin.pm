# Executor plugins by themselves, by their contract: the job on standard input,
# arguments in the environment, descriptor 3 for what they tell. And git
# repositories to release from.
#
#   my $r = plugin('release', { args => {appname => 'shop', ...} });
#   is $r->{state}, 'changed';          # rc, out, err, three, result, results
#   my $repo = git_repo($dir);
#   my $commit = $repo->commit(FILE => TEXT);
package MusterPlugin;
use strict;
use warnings;

use Exporter 'import';
use Fcntl ();
use File::Basename qw(dirname);
use File::Path qw(make_path);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Muster;
use POSIX ();

our @EXPORT = qw(plugin plugin_start plugin_wait plugin_describe plugin_path
    encode decode installed git_repo ansible_role);

my $json = JSON::PP->new->utf8->canonical->allow_nonref
    ->boolean_values(0, 1);
sub encode { return $json->encode($_[0]) }
sub decode { return $json->decode($_[0]) }

# Whether a program is in PATH, or in a place for root
sub installed
{
    my ($name) = @_;
    my ($path) = grep { -x } map { "$_/$name" }
        split(/:/, $ENV{PATH} || ''), '/usr/sbin', '/sbin';
    return $path;
}

# Those of the tree, and those that are built
sub plugin_path
{
    my ($name) = @_;
    my ($path) = grep { -x } map { "$_/plugins/worker/$name" }
        source_dir(), dirname(program('x'));
    return $path || die "no plugin $name\n";
}

sub plugin_describe
{
    my ($name) = @_;
    my ($rc, $out) = run_program(plugin_path($name), 'describe');
    return $out;
}

# A job that goes on: { pid, ... }. Its processes are a group.
sub plugin_start
{
    my ($name, $o) = @_;
    my $base = scratch() . '/plugin-' . ++(our $runs);
    my %args = %{ $o->{args} || {} };
    my $jid = "TEST-$runs";
    my %texts;    # as the worker does: bytes in base64, under another name
    for my $name (keys %args) {
        my $text = $args{$name};
        if (utf8::decode($text)) { $texts{$name} = $text }
        else { $texts{"$name:"} = encode_base64($args{$name}, '') }
    }
    delete @args{grep { /:/ || $args{$_} =~ /\0/
        || length $args{$_} > 65536 } keys %args};
    spew("$base.in", encode({ jid => $jid, op => $name, host => 'here',
        args => \%texts, $o->{secrets} ? (secrets => $o->{secrets}) : () }));
    # found before the environment, which says where, is replaced
    my @command = (@{ $o->{before} || [] }, plugin_path($name), 'run');
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        %ENV = (PATH => $ENV{PATH}, HOME => scratch(), MUSTER_JOB => $jid,
            MUSTER_HOST => 'here', MUSTER_STATE => scratch() . '/state',
            (map { ("MUSTER_ARG_$_" => $args{$_}) } keys %args),
            %{ $o->{env} || {} });
        open STDIN, '<', defined $o->{stdin} ? $o->{stdin} : "$base.in";
        open STDOUT, '>', "$base.out";
        open STDERR, '>', "$base.err";
        open my $three, '>', "$base.three";
        POSIX::dup2(fileno $three, 3) if fileno $three != 3;
        open my $keep, '>&=', 3;
        fcntl $keep, Fcntl::F_SETFD(), 0;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    setpgrp $pid, $pid;    # as it does itself: whoever is first
    return { pid => $pid, base => $base, jid => $jid,
        seconds => $o->{seconds} };
}

# What a plugin that was killed leaves behind: the worker would find it by its
# environment, and so it is found here.
sub end_strays
{
    my ($jid) = @_;
    my $state = scratch() . '/state';
    for my $file (glob '/proc/[0-9]*/environ') {
        my %env = map { split /=/, $_, 2 } grep { /=/ } split /\0/,
            slurp($file);
        next if ($env{MUSTER_JOB} || '') ne $jid
            || ($env{MUSTER_STATE} || '') ne $state;
        kill 'KILL', $file =~ /(\d+)/;
    }
    return;
}

sub plugin_wait
{
    my ($p) = @_;
    my $status = Muster::wait_for($p->{pid}, $p->{seconds} || 300);
    if (!defined $status) {
        kill 'KILL', -$p->{pid};
        waitpid $p->{pid}, 0;
        $status = 9;
    }
    end_strays($p->{jid});
    my %r = (rc => $status & 127 ? -($status & 127) : $status >> 8,
        map { ($_ => slurp("$p->{base}.$_")) } qw(out err three));
    $r{results} = [map { decode($_) } $r{three} =~ /^result (.*)$/mg];
    $r{result} = $r{results}[-1] || {};
    ($r{state}) = $r{three} =~ /^state (\w+)$/m;
    return \%r;
}

sub plugin { return plugin_wait(plugin_start(@_)) }

# A repository with a branch main and its author's name, whoever we are
sub git_repo
{
    my ($dir) = @_;
    my $self = bless { dir => $dir }, 'MusterPlugin::Git';
    make_path($dir);
    $self->run('init', '-q', '-b', 'main');
    return $self;
}

# A role of these tasks, at DIR
sub ansible_role
{
    my ($dir, $tasks) = @_;
    make_path("$dir/tasks");
    return spew("$dir/tasks/main.yml", $tasks);
}

package MusterPlugin::Git;
use strict;
use warnings;

sub run
{
    my ($self, @args) = @_;
    my ($rc, $out, $err) = Muster::run_program(
        { env => { GIT_CONFIG_GLOBAL => '/dev/null', HOME => '/nonexistent',
            GIT_CONFIG_NOSYSTEM => 1 } },
        'env', 'git', '-C', $self->{dir}, '-c', 'user.name=t', '-c',
        'user.email=t@t', @args);
    die "git @args: $err" if $rc;
    chomp $out;
    return $out;
}

# Commits these files, and says the commit
sub commit
{
    my ($self, %files) = @_;
    Muster::spew("$self->{dir}/$_", $files{$_}) for keys %files;
    $self->run('add', '-A');
    $self->run('commit', '-q', '-m', join ' ', sort keys %files);
    return $self->run('rev-parse', 'HEAD');
}

1;
