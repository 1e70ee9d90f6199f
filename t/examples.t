# The example programs of libmuster, with real daemons.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my %example = map { ($_ => "client/examples/$_") }
    qw(register find monitor exec);
need_programs('musterd', values %example);

# In the background; (pid, file of its output)
sub background
{
    my ($name, @args) = @_;
    my $out = scratch() . "/$name.out";
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', $out;
        open STDERR, '>', "$out.err";
        exec { program($example{$name}) } $name, @args or exit 127;
    }
    return ($pid, $out);
}

sub ends_well
{
    my ($pid, $name) = @_;
    kill 'TERM', $pid;
    is Muster::wait_for($pid), 0, "$name ends well";
    return;
}

my $reg = registry();
my $address = $reg->registry_address;
my ($monitor, $seen) = background('monitor', $address, 'kind=web');
ok eventually { slurp($seen) =~ /^# in sync at 0$/m }, 'monitor: in sync';
my ($register, $said) = background('register', $address, 'tcp!h!80',
    'kind', 'web', 'note', 'two words');
ok eventually { slurp($said) =~ /^registered, revision 1$/m }, 'register';
ok eventually {
    slurp($seen) =~ /^\+ tcp!h!80 kind 'web' note 'two words'$/m },
    'monitor: it came';

my ($rc, $out) = run_program(program($example{find}), $address, 'kind=web');
is $rc, 0, 'find';
is $out, "tcp!h!80 kind 'web' note 'two words'\n# revision 1\n", 'finds it';
($rc) = run_program(program($example{find}), $address, 'a~(');
is $rc, 1, 'a bad selector is an error';
($rc) = run_program(program($example{find}));
is $rc, 2, 'as is no selector';

ends_well($register, 'register');
ok eventually { slurp($seen) =~ /^- tcp!h!80 /m }, 'monitor: it went';
ends_well($monitor, 'monitor');

SKIP: {
    my $daemons = grep { have_program($_) } 'muster-dispatch', 'muster-worker';
    skip 'dispatcher or worker is not built', 1 if $daemons < 2;
    my $dispatcher = dispatcher($reg);
    my $worker = worker($reg, 'web1', '-o', 'worker.attrs.role=web');
    ok eventually { $reg->find('kind dispatcher') }, 'a dispatcher';
    ($rc, $out) = run_program(program($example{exec}), $address, 'role=web',
        'echo one; echo two >&2; printf three; exit 0');
    is $rc, 0, 'exec';
    like $out, qr/^# job \S+ on 1 hosts\n# web1 has it\n/, 'its life';
    like $out, qr/^web1 \| one$/m, 'output';
    like $out, qr/^web1 ! two$/m, 'errors';
    like $out, qr/^web1 \| three\\$/m, 'without an end';
    like $out, qr/^# web1: exited, 0\n# ok 1, failed 0, unreachable 0$/m,
        'its end';
    ($rc, $out) = run_program(program($example{exec}), $address, 'role=web',
        'exit 3');
    is $rc, 1, 'a failure';
    like $out, qr/^# web1: exited, 3$/m, 'is told';
}
finish();
