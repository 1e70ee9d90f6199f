# A remote execution with more output than the dispatcher keeps of it, over
# restarts of musterd: what was told before is not told again, and what is
# missing is said once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/registry.db',
    '-o', 'consul.remote_exec=on');
my $disp = dispatcher($reg, '-o', 'dispatcher.output=64K');
worker($reg, 'web1');
my ($go1, $go2, $go3, $go4) = map { scratch() . "/go$_" } 1 .. 4;

sub until_file { return "until test -e $_[0]; do sleep 0.02; done" }
sub lines { return join '', map { sprintf "%s %06d %s\n", $_[0], $_, '.' x 80 }
    1 .. 2000 }
sub print_lines { return "awk 'BEGIN { for (i = 1; i <= 2000; i++) "
    . "printf \"$_[0] %06d %s\\n\", i, \"" . '.' x 80 . "\" }'" }

my $missing = qr/^muster: web1: (\d+) bytes of output are missing here\n/m;

# Whether the dispatcher has that line of it
sub dispatcher_has
{
    my ($line) = @_;
    my ($jid) = map { /: job (\S+) on 1 hosts/ ? $1 : () } $reg->log;
    my $c = $disp->dial('exec');
    $c->send("follow $jid\n");
    my $got = $c->until(qr/^out web1 std(?:out|err) $line$/);
    $c->close;
    return $got;
}

ok eventually { $reg->find('kind worker .names 1')
    && $reg->find('kind dispatcher .names 1') }, 'all are registered';
# between the streams it waits: in which order they are read is not said
my $e = submit($reg, command => join '; ', print_lines('a'), until_file($go1),
    print_lines('b'), 'echo mid', until_file($go2),
    print_lines('b') . ' >&2', 'echo last >&2', until_file($go3),
    'echo end', until_file($go4), 'exit 4');
my $told = lines('a');
ok eventually { $e->look('1s'); length($e->{output}{web1} || '')
    == length $told }, 'much is written';

# -- nothing is missing of what was told live -----------------------------------

$reg->kill;
spew($go1, '');
ok dispatcher_has('mid'), 'more is said while nobody listens';
spew($go2, '');
ok dispatcher_has('last'), 'on both streams';
$reg->restart;
ok eventually { $e->look('1s'); $e->{output}{web1} =~ /^last$/m },
    'after the restart it is written, too';
my ($more) = $e->{output}{web1} =~ /^\Q$told\E(.*)/s;
ok defined $more, 'behind what was written before';
like $more, $missing, 'with what the dispatcher did not keep';

# -- once more ------------------------------------------------------------------

my $all = $e->{output}{web1};
$reg->kill;
spew($go3, '');
ok dispatcher_has('end'), 'it goes on';
$reg->restart;
ok eventually { $e->look('1s'); $e->{output}{web1} =~ /^end$/m },
    'so does what is written';
spew($go4, '');
ok $e->until_done(1), 'it ends';
is $e->{exits}{web1}, 4, 'with its status';
my $out = $e->{output}{web1};
is index($out, $all), 0, 'what was written stays';
my $cut = 0;
$cut += $_ for $out =~ /$missing/g;
(my $said = $out) =~ s/$missing//g;
(my $before = $all) =~ s/$missing//g;
ok $said eq "${before}end\n", 'nothing is told twice';
is length($said) + $cut, length lines('a') . lines('b') . lines('b')
    . "mid\nlast\nend\n", 'and nothing is missing that is not said to be';
is $e->cleanup, 404, 'nothing is left';

finish();
