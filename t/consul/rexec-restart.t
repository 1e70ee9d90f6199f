# A remote execution over the end of musterd: what runs goes on at the
# dispatcher, and the next start goes on writing it down where it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
plan skip_all => 'no sqlite3' if system('sqlite3 --version >/dev/null 2>&1');
my $db = scratch() . '/registry.db';
my $reg = consul('-o', "registry.store=sqlite:$db",
    '-o', 'consul.remote_exec=on', '-o', 'registry.admin=127.0.0.1:0');
my $disp = dispatcher($reg);
my %w = map { ($_ => worker($reg, $_)) } qw(web1 web2);

sub all_here
{
    return eventually {
        my $found = grep { $reg->find("kind $_ .names 1") } 'dispatcher';
        $found && @{[$reg->find('kind worker .names 1')]} == 2
            && $disp->knows(2);
    };
}
ok all_here(), 'all are registered';

# Shell text that goes on when that file comes
sub until_file { return "until test -e $_[0]; do sleep 0.02; done" }

# Whether pieces are numbered without a gap, none twice
sub whole
{
    my ($e, $node) = @_;
    my @n = sort { $a <=> $b } @{$e->{pieces}{$node}};
    return "@n" eq join ' ', 0 .. $#n;
}

# The lines of its two streams, in the order in which they came
sub both_lines { return ($_[0] // '') =~ /^(one\nerr\n|err\none\n)/ ? $1 : '' }

my $go = scratch() . '/go';
my $count = 0;
for my $end (qw(kill stop)) {
    my $file = $go . ++$count;
    my $e = submit($reg, wait => 0.2, command => 'echo one; echo err >&2; '
        . until_file($file)
        . '; printf "%04096d" 7; echo two; exit 3');
    ok eventually {
        $e->look('1s');
        2 == grep { both_lines($e->{output}{$_}) } qw(web1 web2);
    }, "$end: a command has said something";
    $reg->$end;
    spew($file, '') if $end eq 'kill'; # it ends while nobody listens
    $reg->restart;
    ok eventually { $e->look('1s'); $e->{beats}{web1} && $e->{beats}{web2} },
        'after the restart there are signs of life' if $end eq 'stop';
    spew($file, '');
    ok $e->until_done(2), 'it ends';
    for my $node (qw(web1 web2)) {
        is $e->{exits}{$node}, 3, "$node: with its status";
        is $e->{output}{$node}, both_lines($e->{output}{$node})
            . '0' x 4095 . "7two\n", 'all it said is written, and once';
        ok whole($e, $node), 'in pieces that follow each other';
    }
    is_deeply $e->{acks}, {web1 => 1, web2 => 1}, 'acknowledged once';
    is $e->{strange}, undef, 'there is nothing else';
    is $reg->metric('muster_consul_exec_resumed_total'), 1, 'counted';
    is $e->cleanup, 404, 'its keys go with its session';
    ok eventually { !$reg->metric('muster_consul_exec_running') }, 'it is over';
    ok all_here(), 'all are registered again';
}

$reg->stop;
$reg->restart;
is $reg->metric('muster_consul_exec_resumed_total'), 0,
    'nothing is kept of what is over';

# -- its session is no longer there ------------------------------------------

ok all_here(), 'all are registered again';
my ($up, $down) = map { scratch() . "/$_" } qw(up down);
my $e = submit($reg, node => 'web1', command =>
    "trap 'touch $down; exit' TERM; touch $up; while :; do sleep 0.02; done");
ok eventually { -e $up }, 'a command runs';
ok eventually { $e->look('1s'); $e->{acks}{web1} }, 'and is acknowledged';
$reg->stop;
is system('sqlite3', $db, "DELETE FROM records WHERE kind='session'"), 0,
    'its session is taken out of the store';
$reg->restart;
ok eventually { -e $down }, 'then it is stopped at the start';
ok eventually { !$reg->metric('muster_consul_exec_running') }, 'and is over';

# -- it was asked for, and the answer was not heard ----------------------------

ok all_here(), 'all are registered again';
my $ran = scratch() . '/ran';
$disp->signal('STOP');
$e = submit($reg, node => 'web1', wait => 0.2, command => "echo x >>$ran");
ok eventually {
    `sqlite3 $db "SELECT count(*) FROM records WHERE kind='exec'"` eq "1\n";
}, 'it is kept before it is asked for';
$reg->kill;
$disp->signal('CONT');
$reg->restart;
ok $e->until_done(1), 'it goes on';
is $e->{exits}{web1}, 0, 'well';
is slurp($ran), "x\n", 'and ran once';
is $e->cleanup, 404, 'nothing is left';

# -- the dispatcher knows nothing of it any more -------------------------------

ok all_here(), 'all are registered again';
my $after = $go . ++$count;
$e = submit($reg, command => 'echo here; ' . until_file($after));
ok eventually {
    $e->look('1s');
    2 == grep { ($e->{output}{$_} || '') eq "here\n" } qw(web1 web2);
}, 'a command runs';
$reg->stop;
$disp->kill; # it keeps nothing
$disp->restart;
$reg->restart;
ok $e->until_done(2), 'nobody waits in vain';
spew($after, '');
is "@{$e->{exits}}{qw(web1 web2)}", '255 255', 'there is no status';
like $e->{output}{$_}, qr/^here\nmuster: $_: .+\n\z/, 'why'
    for qw(web1 web2);
is $e->cleanup, 404, 'nothing is left';

# -- nothing of it is kept -----------------------------------------------------

ok eventually { !$reg->metric('muster_consul_exec_running') }, 'none runs';
ok eventually {
    `sqlite3 $db "SELECT count(*) FROM records WHERE kind='exec'"` eq "0\n";
}, 'and none is kept';

$_->kill for values %w; # they keep what nobody has fetched
finish();
