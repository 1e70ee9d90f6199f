# Real sshd processes on addresses of loopback: a listener of ours takes each
# connection and hands it to `sshd -i`, with its own host key, on a port that
# the kernel chose. Whoever runs the test logs in, with a key of the test's.
#
#   my $sshd = Sshd->new('127.0.0.2') or plan skip_all => Sshd::why();
#   $sshd->port; $sshd->key; $sshd->options;    # of ssh, to reach it
#   $sshd->stop;                                # nobody answers there any more
package Sshd;
use strict;
use warnings;

use Cwd qw(realpath);
use IO::Socket::IP;
use Muster;
use MusterPlugin qw(installed);
use POSIX ();

my $owner = $$;
my (@all, $made, $why);

sub why { return $why || 'openssh-server is not installed' }

# A key pair of that name, made once
sub key_pair
{
    my ($name) = @_;
    my $path = realpath(scratch()) . "/$name";
    return $path if -e $path;
    my ($rc, $out, $err) = run_program('ssh-keygen', '-q', '-t', 'ed25519',
        '-N', '', '-C', $name, '-f', $path);
    die "ssh-keygen: $err" if $rc;
    return $path;
}

# What root's sshd wants to be there, and systemd makes for it
sub privileges
{
    return 1 if $> != 0 || -d '/run/sshd';
    return $made = 1 if mkdir '/run/sshd', 0755;
    $why = "/run/sshd: $!";
    return 0;
}

sub new
{
    my ($class, $address) = @_;
    my $sshd = installed('sshd');
    return unless $sshd && installed('ssh') && privileges();
    my $dir = realpath(scratch());
    my $host = key_pair("host-$address");
    my $conf = spew("$dir/sshd-$address.conf", <<"END");
HostKey $host
AuthorizedKeysFile $dir/login.pub
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin yes
PidFile none
Subsystem sftp internal-sftp
LogLevel ERROR
END
    key_pair('login');
    my $socket = IO::Socket::IP->new(LocalHost => $address, Listen => 20,
        LocalPort => eval { own_port($address) }, ReuseAddr => 1);
    if (!$socket) {
        $why = "no address $address here";
        return;
    }
    my $self = bless { address => $address, port => $socket->sockport,
        log => "$dir/sshd-$address.log" }, $class;
    open my $known, '>>', "$dir/known_hosts" or die "known_hosts: $!";
    my ($type, $key) = split ' ', slurp("$host.pub");
    print $known "[$address]:$self->{port} $type $key\n";
    close $known;
    $self->{pid} = fork;
    die "fork: $!" unless defined $self->{pid};
    $self->serve($socket, $sshd, $conf) if !$self->{pid};
    setpgrp $self->{pid}, $self->{pid};    # as it does itself
    push @all, $self;
    return $self;
}

# In the child, for as long as it lives
sub serve
{
    my ($self, $socket, $sshd, $conf) = @_;
    setpgrp;
    $SIG{$_} = 'DEFAULT' for qw(TERM INT HUP);
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $conn = $socket->accept or next;
        my $pid = fork;
        if (defined $pid && !$pid) {
            $SIG{CHLD} = 'DEFAULT';
            open STDIN, '<&', $conn;
            open STDOUT, '>&', $conn;
            open STDERR, '>>', $self->{log};
            exec $sshd, '-i', '-f', $conf or POSIX::_exit(127);
        }
        close $conn;
    }
}

sub port { return $_[0]{port} }
sub key { return key_pair('login') }

# That nothing of who runs the test is read
sub options
{
    my $dir = realpath(scratch());
    return "-F /dev/null -o UserKnownHostsFile=$dir/known_hosts"
        . ' -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none'
        . ' -o IdentitiesOnly=yes';
}

sub stop
{
    my ($self) = @_;
    return unless $self->{pid};
    kill 'KILL', -$self->{pid};
    waitpid delete $self->{pid}, 0;
    return;
}

END {
    if ($$ == $owner) {
        my $status = $?;
        $_->stop for @all;
        rmdir '/run/sshd' if $made;
        $? = $status;
    }
}

1;
