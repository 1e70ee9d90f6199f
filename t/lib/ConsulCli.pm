# The verbs of `muster` that speak to the Consul face, for tests.
#
#   my ($rc, $out, $err) = cli($reg, 'kv', 'get', 'a');
#   my $p = begin($reg, 'kv', 'watch', 'a');    # goes on
#   eventually { $p->out =~ /.../ };
#   is $p->status, 0;                           # waits for its end
package ConsulCli;
use strict;
use warnings;

use Exporter 'import';
use Muster;

our @EXPORT = qw(cli begin);

sub environment
{
    my ($reg, $options) = @_;
    return (MUSTER_CONSUL => $reg->address('consul'), CONSUL_HTTP_ADDR => '',
        CONSUL_HTTP_TOKEN => '', MUSTER_TOKEN_FILE => '',
        MUSTER_REGISTRY => $reg->registry_address, %{$options->{env} || {}});
}

# cli(REGISTRY, [{as of run_program},] ARGUMENT...)
sub cli
{
    my ($reg, @args) = @_;
    my $o = ref $args[0] eq 'HASH' ? shift @args : {};
    return run_program({%$o, env => {environment($reg, $o)}},
        program('muster'), @args);
}

# The same, in the background
sub begin
{
    my ($reg, @args) = @_;
    my $o = ref $args[0] eq 'HASH' ? shift @args : {};
    return ConsulCli->spawn({environment($reg, $o)}, program('muster'), @args);
}

# Any program in the background, with that in its environment
sub spawn
{
    my ($class, $env, $program, @args) = @_;
    my $base = scratch() . '/begun-' . ++(our $begun);
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        %ENV = (%ENV, %$env);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$base.out";
        open STDERR, '>', "$base.err";
        exec { $program } $program, @args or POSIX::_exit(127);
    }
    return bless {pid => $pid, base => $base}, $class;
}

sub out { return Muster::slurp("$_[0]{base}.out") }
sub err { return Muster::slurp("$_[0]{base}.err") }

sub signal
{
    my ($self, $signal) = @_;
    kill $signal, $self->{pid};
    return $self;
}

# Its exit status, or -signal; undef: it has not ended in time
sub status
{
    my ($self, $seconds) = @_;
    my $status = Muster::wait_for($self->{pid}, $seconds || 60);
    return undef unless defined $status;
    delete $self->{pid};
    return $status & 127 ? -($status & 127) : $status >> 8;
}

sub DESTROY
{
    my ($self) = @_;
    local ($?, $!);
    return unless $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
