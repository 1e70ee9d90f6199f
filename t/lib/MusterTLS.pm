# TLS for the tests: certificates made with `muster tls`, daemons that speak it,
# and connections to them.
#
#   use Muster;
#   use MusterTLS;
#   my $reg = registry({tls => 1}, tls_options('server'));
#   my $c = $reg->dial('find');               # over TLS, by t/driver/tls-pipe
#
# With MUSTER_TEST_TLS=1 every daemon and connection of a test speaks TLS, and
# the test itself knows nothing of it.
package MusterTLS;
use strict;
use warnings;

use Exporter 'import';
use File::Temp ();
use Socket ();
use Test::More;
use Muster ();

our @EXPORT = qw(certs certs_issue over_tls tls_options tls_pipe);

my $certs;
my %issued;

# The folder with ca.pem and what certs_issue() has made
sub certs
{
    return "$certs" if $certs;
    $certs = File::Temp->newdir('muster-certs-XXXXXX', TMPDIR => 1);
    muster_tls('init', '--dir', "$certs", '--name', 'test CA');
    # for whatever the test starts in its own ways
    $ENV{MUSTER_TLS_CA} = "$certs/ca.pem" if $ENV{MUSTER_TEST_TLS};
    return "$certs";
}

sub muster_tls
{
    my ($rc, $out, $err) = Muster::run_program(Muster::program('muster'),
        'tls', @_);
    die "muster tls @_: $err" if $rc;
    return $out;
}

# certs_issue(NAME, ARGUMENT...): NAME.pem and NAME.key there, once; for
# 127.0.0.1 and localhost, unless arguments say otherwise
sub certs_issue
{
    my ($name, @args) = @_;
    my $dir = certs();
    @args = ('--ip', '127.0.0.1', '--dns', 'localhost') unless @args;
    muster_tls('issue', $name, '--dir', $dir, @args)
        unless $issued{$name}++ || -e "$dir/$name.key";
    return "$dir/$name";
}

# The settings of a program that shows that certificate; undef: none.
sub tls_options
{
    my ($name, %more) = @_;
    my %set = (ca => certs() . '/ca.pem', %more);
    if (defined $name) {
        my $base = certs_issue($name);
        $set{cert} ||= "$base.pem";
        $set{key} ||= "$base.key";
    }
    return map { ('-o', "tls.$_=$set{$_}") } sort keys %set;
}

# A socket that carries plain text; TLS is spoken to the address by a process.
# Options: cert (a name of certs_issue), update, cut, ca
sub tls_pipe
{
    my ($host, $port, %o) = @_;
    socketpair my $ours, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(),
        0 or die "socketpair: $!";
    my @args = ($host, $port, $o{ca} || certs() . '/ca.pem');
    if (my $cert = $o{cert}) {
        my $base = certs_issue($cert);
        push @args, "$base.pem", "$base.key";
    }
    my $log = Muster::scratch() . '/tls-pipe-' . ++(our $pipes);
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        close $ours;
        open STDIN, '<&', $theirs;
        open STDERR, '>', $log;
        close $theirs;
        $ENV{TLS_PIPE_UPDATE} = $o{update} if $o{update};
        $ENV{TLS_PIPE_CUT} = 1 if $o{cut};
        my $pipe = Muster::program('t/driver/tls-pipe');
        exec { $pipe } $pipe, @args or POSIX::_exit(127);
    }
    close $theirs;
    return ($ours, $pid, $log);
}

# Runs tests that know nothing of TLS with all their daemons and clients
# speaking it.
sub over_tls
{
    for my $test (@_) {
        my ($rc, $out, $err) = Muster::run_program(
            {env => {MUSTER_TEST_TLS => 1}, seconds => 300},
            $^X, '-I', Muster::source_dir() . '/t/lib',
            Muster::source_dir() . "/t/$test.t");
        is $rc, 0, $test or diag($err);
        like $out, qr/^1\.\.\d+$/m, "$test was run";
    }
}

1;
