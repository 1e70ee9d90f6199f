# The harness of the whole-daemon tests: starts real daemons on ports that the
# kernel chose, in a directory of the test's own, speaks lines to them, and
# stops them, looking at how they end.
#
# Nothing here sleeps to wait for a daemon: every wait looks for something, and
# has a deadline, which MUSTER_TEST_SLOW multiplies (sanitizers, valgrind). It
# says when something hangs, and measures nothing: machines may be busy.
#
#   use Muster;
#   my $reg = registry();                    # Muster::Daemon
#   my $svc = $reg->register('a kind web');  # Muster::Conn, acknowledged
#   is_deeply [$reg->find('kind web')], ['a kind web'];
#   finish();                                # stops all, checks, done_testing
#
# Environment: MUSTER_BIN   where the programs are (default: build/)
#              MUSTER_WRAP  goes before each daemon ("valgrind ...")
#              MUSTER_TEST_SLOW, MUSTER_TEST_KEEP (keep the directory)
package Muster;
use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl ();
use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp ();
use POSIX ();
use Socket ();
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(registry dispatcher worker daemon run_program muster
    eventually deadline finish scratch program have_program need_programs
    source_dir spew slurp connect_to own_port);

$SIG{PIPE} = 'IGNORE';
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
# A test that hangs says where, and what its daemons said: after a time that none
# takes, unless it was asked for more than it does by itself.
$SIG{ALRM} = sub { require Carp; warn Carp::longmess('it hangs'); exit 1 };
alarm 1200 * ($ENV{MUSTER_TEST_SLOW} || 1)
    unless grep { /^MUSTER_(?:SOAK|STORM|TEST_(?:CRASHES|KEYS|MI?B))/ }
        keys %ENV;

my $owner = $$;
my $top = abs_path(dirname(__FILE__) . '/../..');
my $slow = $ENV{MUSTER_TEST_SLOW} || 1;
my $scratch;
my @daemons;
my @own;    # sockets that keep ports

# seconds, on a machine as slow as this
sub deadline { return $_[0] * $slow }

sub source_dir { return $ENV{MUSTER_SRC} || $top }

# The test's own directory; gone at its end.
sub scratch
{
    $scratch ||= File::Temp->newdir('muster-t-XXXXXX',
        TMPDIR => 1, CLEANUP => !$ENV{MUSTER_TEST_KEEP});
    return "$scratch";
}

sub program
{
    my ($name) = @_;
    my $dir = $ENV{MUSTER_BIN} || "$top/build";
    return "$dir/$name";
}

sub have_program { return -x program($_[0]) }

# Ends a test at once, well, where a program was not built.
sub need_programs
{
    for my $name (@_) {
        next if have_program($name);
        plan skip_all => "$name is not built";
    }
}

sub spew
{
    my ($path, @text) = @_;
    open my $f, '>', $path or die "$path: $!";
    print $f @text;
    close $f or die "$path: $!";
    return $path;
}

sub slurp
{
    my ($path) = @_;
    open my $f, '<', $path or return '';
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}

# own_port([HOST]): a port of that address, the test's to its end. A socket that
# never listens is bound to it, so that the kernel gives it to no other program
# while whoever is to listen there does not run. (Who listens says SO_REUSEADDR,
# and may come and go.)
sub own_port
{
    my $host = shift || '127.0.0.1';
    socket my $socket, Socket::PF_INET(), Socket::SOCK_STREAM(), 0
        or die "socket: $!";
    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_REUSEADDR(), 1;
    bind $socket, Socket::pack_sockaddr_in(0, Socket::inet_aton($host))
        or die "bind $host: $!";
    push @own, $socket;
    return (Socket::unpack_sockaddr_in(getsockname $socket))[0];
}

# A setting that leaves a port to the kernel, with one that stays the same when
# its daemon is started again. (A port of DNS is two, which are found together.)
sub with_port
{
    my ($setting) = @_;
    $setting =~ s/([:!])0$/$1 . own_port()/e
        if $setting =~ /=(?:t\w\w!)?127\.0\.0\.1[:!]0$/ &&
        $setting !~ /^registry\.dns=/;
    return $setting;
}

# eventually { condition } [SECONDS]: its value as soon as it is true, or
# false at the deadline.
sub eventually (&;$)
{
    my ($condition, $seconds) = @_;
    my $end = time + deadline($seconds || 30);
    my $pause = 0.002;
    while (1) {
        my $value = $condition->();
        return $value if $value;
        return $value if time > $end;
        select undef, undef, undef, $pause;
        $pause *= 1.5 if $pause < 0.1;
    }
}

# daemon(PROGRAM, ARGUMENT...): any daemon that says on ready_fd when it is up.
# A first argument that is a hash: name => in messages, limit_fds => N,
# before => [a command, and its arguments, that the daemon is handed to].
sub daemon
{
    my $program = shift;
    my $d = Muster::Daemon->new($program, in_memory($program, @_));
    push @daemons, $d;
    $d->start;
    return $d;
}

# A registry and a dispatcher keep nothing on disk unless a test asks for a store of
# its own, a registry has no HTTP face unless it asks for that; a worker has no
# plugins of what may be installed on this machine.
sub in_memory
{
    my ($program, @args) = @_;
    my $options = options_first(\@args);
    unshift @args, '-o', 'registry.store=memory'
        if $program eq 'musterd' && !grep { /registry\.store/ } @args;
    unshift @args, '-o', 'dispatcher.store=memory'
        if $program eq 'muster-dispatch' &&
        !grep { /dispatcher\.store/ } @args;
    # a busy test keeps its workers waiting
    unshift @args, '-o', 'dispatcher.probe=1h'
        if $program eq 'muster-dispatch' &&
        !grep { /dispatcher\.probe/ } @args;
    for my $face (qw(admin consul dns)) {
        unshift @args, '-o', "registry.$face=off"
            if $program eq 'musterd' && !grep { /registry\.$face/ } @args;
    }
    unshift @args, '-o', 'worker.state=' . scratch() . '/state'
        if $program eq 'muster-worker' && !grep { /worker\.state/ } @args;
    unshift @args, '-o', 'worker.spool=' . spool_of()
        if $program eq 'muster-worker' && !grep { /worker\.spool=/ } @args;
    unshift @args, '-o', 'worker.plugins=off'
        if $program eq 'muster-worker' && !grep { /worker\.plugins/ } @args;
    return ($options, @args);
}

# In memory; or, with MUSTER_TEST_SPOOL=1, a folder of each worker's own
sub spool_of
{
    return 'off' unless $ENV{MUSTER_TEST_SPOOL};
    return scratch() . '/spool' . ++(our $spools);
}

sub options_first
{
    my ($args) = @_;
    return ref $args->[0] eq 'HASH' ? shift @$args : {};
}

# With tls => NAME in the options of a daemon it speaks TLS, with that
# certificate (MusterTLS.pm); with MUSTER_TEST_TLS=1 all of them do.
sub tls_of
{
    my ($options) = @_;
    my $name = $options->{tls} || ($ENV{MUSTER_TEST_TLS} && 'everybody');
    require MusterTLS if $name;
    return $name;
}

sub any_port { return tls_of($_[0]) ? 'tls!127.0.0.1!0' : '127.0.0.1:0' }

sub tls_settings
{
    my $name = tls_of($_[0]) or return;
    return MusterTLS::tls_options($name);
}

# registry([{OPTIONS},] ARGUMENT...): a musterd with its three ports
sub registry
{
    my @args = @_;
    my $options = options_first(\@args);
    return daemon('musterd', $options,
        (map { ('-o', "registry.$_=" . any_port($options)) }
            qw(new find event)),
        tls_settings($options), @args);
}

# dispatcher(REGISTRY, [{OPTIONS},] ARGUMENT...)
sub dispatcher
{
    my ($registry, @args) = @_;
    my $options = options_first(\@args);
    return daemon('muster-dispatch', $options,
        '-o', 'dispatcher.exec=' . any_port($options),
        tls_settings($options),
        '-o', 'dispatcher.registry=' . $registry->registry_address,
        @args);
}

# worker(REGISTRY, HOST, [{OPTIONS},] ARGUMENT...): and waits until the
# registry knows it
sub worker
{
    my ($registry, $host, @args) = @_;
    my $options = options_first(\@args);
    my $unknown = delete $options->{unregistered};
    $options->{name} ||= $host;
    my $w = daemon('muster-worker', $options,
        '-o', "worker.host=$host",
        '-o', 'worker.bind=' . any_port($options),
        tls_settings($options),
        '-o', 'worker.registry=' . $registry->registry_address,
        @args);
    if (!$unknown) {
        eventually { $registry->find("kind worker host $host .names 1") }
            or die "worker $host did not register";
    }
    return $w;
}

# run_program([{in => TEXT, env => {}, seconds => N},] PROGRAM, ARGUMENT...):
# to its end; (exit status or -signal, what it printed, what it complained)
sub run_program
{
    my $o = ref $_[0] eq 'HASH' ? shift : {};
    my ($program, @args) = @_;
    my $base = scratch() . '/run-' . ++(our $runs);
    spew("$base.in", defined $o->{in} ? $o->{in} : '');
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        %ENV = (%ENV, %{$o->{env} || {}});
        open STDIN, '<', "$base.in";
        open STDOUT, '>', "$base.out";
        open STDERR, '>', "$base.err";
        exec { $program } $program, @args or POSIX::_exit(127);
    }
    my $status = wait_for($pid, $o->{seconds} || 120);
    if (!defined $status) {
        kill 'KILL', $pid;
        waitpid $pid, 0;
        diag("$program @args did not end");
        $status = 9;
    }
    my $rc = $status & 127 ? -($status & 127) : $status >> 8;
    return ($rc, slurp("$base.out"), slurp("$base.err"));
}

# muster(REGISTRY, [{OPTIONS},] ARGUMENT...): the command line, on it
sub muster
{
    my ($registry, @args) = @_;
    my $o = options_first(\@args);
    $o->{env} = {
        MUSTER_REGISTRY => $registry->registry_address,
        ($registry->registry_address =~ /^tls!/
            ? (MUSTER_TLS_CA => MusterTLS::certs() . '/ca.pem') : ()),
        %{$o->{env} || {}},
    } if $registry;
    return run_program($o, program('muster'), @args);
}

# waitpid with a deadline: the status, or undef
sub wait_for
{
    my ($pid, $seconds) = @_;
    my $status;
    eventually {
        my $got = waitpid $pid, POSIX::WNOHANG();
        return 0 if $got == 0;
        $status = $got == $pid ? $? : -1;
        return 1;
    } $seconds;
    return $status;
}

# A connection to an address as ready lines and settings have it.
sub connect_to { return Muster::Conn->new(@_) }

# The end of a test: stops what still runs, looks at how it ended.
sub finish
{
    $_->stop for reverse grep { $_->{pid} } @daemons;
    done_testing();
}

# Monitors of jobs that outlive a worker, of this test: what they were started
# with names its directory. Their jobs' main processes die with them.
sub survivors_end
{
    return unless $scratch;
    for my $dir (glob '/proc/[0-9]*') {
        my ($pid) = $dir =~ /(\d+)$/;
        next if $pid == $$ || slurp("$dir/comm") ne "muster-job\n";
        CORE::kill 'KILL', $pid
            if index(slurp("$dir/cmdline"), "$scratch/") >= 0;
    }
    return;
}

END {
    if ($$ == $owner) {
        my $rc = $?;
        for my $d (@daemons) {
            $d->kill if $d->{pid};
        }
        survivors_end();
        for my $d (@daemons) {
            next if Test::More->builder->is_passing && $rc == 0;
            my @log = split /\n/, slurp($d->{log});
            splice @log, 0, -40 if @log > 40;
            diag("-- $d->{name} said:\n", map { "   $_\n" } @log);
        }
        $? = $rc;
    }
}

package Muster::Daemon;
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);

sub new
{
    my ($class, $program, @args) = @_;
    my $options = ref $args[0] eq 'HASH' ? shift @args : {};
    my $name = $options->{name} || $program;
    my $n = ++(our $count);
    my $self = bless {
        name => $name,
        program => Muster::program($program),
        args => [@args],
        options => $options,
        log => Muster::scratch() . "/$name-$n.log",
        ready => Muster::scratch() . "/$name-$n.ready",
        addr => {},
    }, $class;
    die "$self->{program}: not built\n" unless -x $self->{program};
    unshift @{$self->{args}}, $self->http_port;
    $_ = Muster::with_port($_) for @{$self->{args}};
    # an empty file, so that one on this machine changes nothing
    $self->{conf} = Muster::spew(Muster::scratch() . "/$name-$n.yaml",
        $options->{conf} || "# empty\n");
    return $self;
}

# Starts it and waits for its ready line: new 127.0.0.1:40123 find ...
sub start
{
    my ($self) = @_;
    unlink $self->{ready};
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    $self->become if !$pid;
    $self->{pid} = $pid;
    my $line = Muster::eventually {
        return '-' if $self->ended;
        my $text = Muster::slurp($self->{ready});
        return $text =~ /^(.*)\n/ ? $1 : '';
    } 60;
    die "$self->{name} did not start:\n" . Muster::slurp($self->{log})
        if !$line || $line eq '-';
    my @words = split ' ', $line;
    while (my ($face, $address) = splice @words, 0, 2) {
        $self->{addr}{$face} = $address;
    }
    return $self;
}

# In the child: becomes the daemon, with descriptor 3 for the ready line.
sub become
{
    my ($self) = @_;
    my @wrap = split ' ', $ENV{MUSTER_WRAP} || '';
    my @command = (@wrap, $self->{program}, '-c', $self->{conf},
        '-o', 'ready_fd=3', '-o', 'log.refusals=1000000', @{$self->{args}});
    my $fds = $self->{options}{limit_fds};
    unshift @command, 'sh', '-c', "ulimit -n $fds; exec \"\$@\"", 'sh'
        if $fds;
    unshift @command, @{$self->{options}{before} || []};
    $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
    %ENV = (%ENV, %{$self->{options}{env} || {}});
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $self->{log};
    open STDERR, '>>', $self->{log};
    open my $ready, '>', $self->{ready};
    POSIX::dup2(fileno $ready, 3) if fileno $ready != 3;
    open my $three, '>&=', 3;
    fcntl $three, Fcntl::F_SETFD(), 0;
    exec { $command[0] } @command or POSIX::_exit(127);
}

# Its HTTP face has a port of its own in each test, too.
sub http_port
{
    my ($self) = @_;
    return () unless $self->{program} =~ /muster-dispatch$/
        && !$self->{options}{exed}
        && !grep { /^dispatcher\.http=/ } @{$self->{args}};
    return ('-o', 'dispatcher.http=127.0.0.1:0');
}

# True once the process is gone; remembers its status.
sub ended
{
    my ($self) = @_;
    return 1 unless $self->{pid};
    return 0 unless waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
    $self->{status} = $?;
    delete $self->{pid};
    return 1;
}

# What it must never have said
sub complaints
{
    my ($self) = @_;
    return grep {
        /ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer/
            || /^==\d+== .*(?:Invalid |uninitialised|\w+ly lost)/
            || /Assertion .* failed/
    } split /\n/, Muster::slurp($self->{log});
}

# TERM; checks that it ends well and has nothing to complain of.
sub stop
{
    my ($self, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    CORE::kill('TERM', $self->{pid}) if $self->{pid};
    my $ended = Muster::eventually { $self->ended } $seconds;
    my $status = $ended ? $self->{status} : 'still running';
    $self->kill unless $ended;
    my @bad = $self->complaints;
    ok($status eq '0' && !@bad, "$self->{name} ends well")
        or diag("status $status\n", map { "$_\n" } @bad);
    return;
}

# SIGKILL: it has no say in the matter.
sub kill
{
    my ($self) = @_;
    return unless $self->{pid};
    CORE::kill('KILL', $self->{pid});
    waitpid $self->{pid}, 0;
    $self->{status} = $?;
    delete $self->{pid};
    return;
}

sub signal
{
    my ($self, $signal) = @_;
    return CORE::kill($signal, $self->{pid});
}

# Has it read another configuration, and waits until its log says so.
sub reload
{
    my ($self, $conf, $told) = @_;
    my $before = () = $self->log;
    Muster::spew($self->{conf}, $conf);
    $self->signal('HUP');
    Muster::eventually {
        my @log = $self->log;
        grep { /$told/ } @log[$before .. $#log];
    } or die "$self->{name} does not say $told";
    return $self;
}

# Starts it again, on the addresses it had.
sub restart
{
    my ($self) = @_;
    my %face = (new => 'registry.new', find => 'registry.find',
        event => 'registry.event', exec => 'dispatcher.exec',
        http => 'dispatcher.http', worker => 'worker.bind',
        consul => 'registry.consul', dns => 'registry.dns');
    my %room = (musterd => 'registry', 'muster-dispatch' => 'dispatcher',
        'muster-worker' => 'worker');
    $face{admin} = $room{File::Basename::basename($self->{program})} . '.admin';
    push @{$self->{args}}, map { ('-o', "$face{$_}=$self->{addr}{$_}") }
        grep { $face{$_} } sort keys %{$self->{addr}};
    return $self->start;
}

sub address { return $_[0]{addr}{$_[1]} }

# HOST:NEW:FIND:EVENT, as clients name a registry
sub registry_address
{
    my ($self) = @_;
    my ($host) = $self->{addr}{new} =~ /^(.*)[:!]\d+$/;
    return join ':', $host,
        map { $self->{addr}{$_} =~ /[:!](\d+)$/ ? $1 : () } qw(new find event);
}

# A connection to one of its ports, by the face's name; from => one of our own
# addresses
sub dial
{
    my ($self, $face, %options) = @_;
    my $address = $self->{addr}{$face} or die "$self->{name} has no $face";
    return Muster::Conn->new($address, %options);
}

# A request that ends with the connection: the answer's lines
sub ask
{
    my ($self, $face, $text) = @_;
    my $c = $self->dial($face);
    $c->send($text);
    return $c->rest;
}

# One line of netcat to port find: the lines of the answer
sub find
{
    my ($self, $query) = @_;
    return $self->ask('find', (defined $query ? $query : '') . "\n");
}

# The bytes of that answer
sub find_bytes
{
    my ($self, $query) = @_;
    my $c = $self->dial('find');
    $c->send($query);
    return $c->bytes;
}

# Registers as a plain client does and waits until that can be seen.
sub register
{
    my ($self, $line) = @_;
    my $c = $self->dial('new');
    $c->send("$line .ack 1\n");
    my $answer = $c->line;
    die "register $line: " . (defined $answer ? $answer : 'no answer')
        unless defined $answer && $answer =~ /^ok \d+$/;
    return $c;
}

# True once this dispatcher is linked to so many workers
sub knows
{
    my ($self, $workers) = @_;
    my @done = grep { /^(?:error|done)/ }
        $self->ask('exec', "ping .on all .expect $workers\n");
    return "@done" =~ /^done/;
}

# Its log, as lines
sub log { return split /\n/, Muster::slurp($_[0]{log}) }

# What it counts, as its admin face tells: SERIES as it is written there, with
# its labels
sub metric
{
    my ($self, $series) = @_;
    return $self->ask_admin('/metrics') =~ /^\Q$series\E (\S+)$/m ? $1
        : undef;
}

# What its admin face answers to a GET, headers and all
sub ask_admin
{
    my ($self, $path) = @_;
    my $c = $self->dial('admin');
    $c->send("GET $path HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n");
    return $c->bytes;
}

# Resident memory, in KiB
sub memory
{
    my ($self) = @_;
    my $status = Muster::slurp("/proc/$self->{pid}/status");
    return $status =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# How many descriptors it has open
sub descriptors
{
    my ($self) = @_;
    my @fds = glob "/proc/$self->{pid}/fd/*";
    return scalar @fds;
}

package Muster::Conn;
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

sub new
{
    my ($class, $address, %options) = @_;
    my $socket;
    if ($address =~ /^unix!(.*)/) {
        $socket = IO::Socket::UNIX->new(Peer => $1);
    } elsif ($address =~ /^tls!(.*)!(\d+)$/) {
        require MusterTLS;
        ($socket, @options{qw(pid log)}) =
            MusterTLS::tls_pipe($1, $2, %options);
    } else {
        $address =~ s/^tcp!(.*)!(\d+)$/$1:$2/;
        my ($host, $port) = $address =~ /^\[?(.*?)\]?:(\d+)$/
            or die "address $address?";
        $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
            $options{from} ? (LocalHost => $options{from}) : (),
            Timeout => Muster::deadline(30));
        setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1
            if $socket;
    }
    die "connect $address: $!" unless $socket;
    binmode $socket;
    return bless {
        socket => $socket, in => '', eof => 0, address => $address,
        pipe => $options{pid}, pipe_log => $options{log},
    }, $class;
}

# Of a connection over TLS: how its process ended, and what it said
sub pipe_end
{
    my ($self, $seconds) = @_;
    $self->close;
    my $status = Muster::wait_for(delete $self->{pipe}, $seconds);
    return (defined $status ? $status >> 8 : undef,
        Muster::slurp($self->{pipe_log}));
}

sub DESTROY
{
    my ($self) = @_;
    return unless $self->{pipe};
    local ($?, $!);
    CORE::close(delete $self->{socket}) if $self->{socket};
    waitpid $self->{pipe}, POSIX::WNOHANG();
}

# All of it, or dies at the deadline
sub send
{
    my ($self, $text, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 60);
    my $select = IO::Select->new($self->{socket});
    while (length $text) {
        my $left = $end - time;
        die "sending to $self->{address} takes too long" if $left <= 0;
        next unless $select->can_write($left);
        my $n = CORE::send $self->{socket}, $text, Socket::MSG_DONTWAIT();
        if (!defined $n) {
            next if $!{EAGAIN} || $!{EINTR};
            $self->{broken} = "$!";
            return 0;
        }
        substr $text, 0, $n, '';
    }
    return 1;
}

# The other half stays open: nc -N
sub end { return shutdown $_[0]{socket}, 1 }

sub close
{
    my ($self) = @_;
    return CORE::close(delete $self->{socket} || return);
}

# A reset instead of an end
sub reset
{
    my ($self) = @_;
    setsockopt $self->{socket}, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
        pack('ii', 1, 0);
    return $self->close;
}

# Reads what there is, or comes; false at the deadline or the end
sub fill
{
    my ($self, $end) = @_;
    return 0 if $self->{eof};
    my $left = $end - time;
    $left = 0 if $left < 0;
    return 0 unless IO::Select->new($self->{socket})->can_read($left);
    my $n = sysread $self->{socket}, $self->{in}, 65536, length $self->{in};
    return 1 if $n;
    return 1 if !defined $n && ($!{EINTR} || $!{EAGAIN});
    $self->{eof} = defined $n ? 'eof' : "$!";
    return 0;
}

# The next line without its LF; undef at the end or the deadline
sub line
{
    my ($self, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 30);
    my $from = 0;
    while (1) {
        my $at = index $self->{in}, "\n", $from;
        if ($at >= 0) {
            my $line = substr $self->{in}, 0, $at + 1, '';
            chop $line;
            return $line;
        }
        $from = length $self->{in};
        return undef if !$self->fill($end);
    }
}

# So many lines
sub lines
{
    my ($self, $count, $seconds) = @_;
    my @lines;
    while (@lines < $count) {
        my $line = $self->line($seconds);
        last unless defined $line;
        push @lines, $line;
    }
    return @lines;
}

# Lines up to and with one that matches
sub until
{
    my ($self, $pattern, $seconds) = @_;
    my @lines;
    while (defined(my $line = $self->line($seconds))) {
        push @lines, $line;
        last if $line =~ $pattern;
    }
    return @lines;
}

# Every byte up to the end; dies if it does not come
sub bytes
{
    my ($self, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 60);
    1 while $self->fill($end);
    die "$self->{address} does not end; it said: "
        . substr($self->{in}, 0, 200) unless $self->{eof};
    my $bytes = $self->{in};
    $self->{in} = '';
    return $bytes;
}

# So many bytes; dies if they do not come
sub take
{
    my ($self, $count, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 60);
    1 while length $self->{in} < $count && $self->fill($end);
    die "$self->{address} said less than $count bytes"
        if length $self->{in} < $count;
    return substr $self->{in}, 0, $count, '';
}

# Its lines up to the end
sub rest { return split /\n/, $_[0]->bytes($_[1]) }

# True if the other side ends the connection within the deadline
sub ends
{
    my ($self, $seconds) = @_;
    my $end = time + Muster::deadline($seconds || 30);
    1 while $self->fill($end);
    return $self->{eof};
}

# True if nothing has come and the connection is open, now: first make sure,
# by something else, that the daemon had its turn.
sub silent
{
    my ($self) = @_;
    $self->fill(time);
    return $self->{in} eq '' && !$self->{eof};
}

1;
