# Workers killed hard in the middle of their tasks, through a dispatcher: those
# that live on end well; those that do not come back are lost, with all output
# that was received; those that do go on where they were, each line once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker qw(words);
use Test::More;

my $reg = registry();
my @hosts = map { "w$_" } 1 .. 6;
my %worker = map {
    $_ => worker($reg, $_, '-o', 'worker.spool=' . scratch() . "/spool-$_",
        '-o', 'worker.attrs.kill=' . ($_ eq 'w1' ? 'gone' : 'no'));
} @hosts;
# who comes back is never too late, until the test says so
my $disp = dispatcher($reg, {conf => "dispatcher: {lost_after: 10m}\n"},
    '-o', 'dispatcher.store=sqlite:' . scratch() . '/jobs.db');
ok eventually { $disp->knows(scalar @hosts) }, 'all workers are there';

my $go = scratch() . '/go';
my $effect = scratch() . '/effect';
my $c = $disp->dial('exec');
$c->send(q{execute cmd 'echo start >>} . $effect . q{; i=0; until [ -e } . $go
    . q{ ]; do i=$((i+1)); echo $i; sleep 0.02; done; echo end' .on all}
    . "\n");

# what came of each host
my ($jid, %out, %exit);
sub take
{
    my ($enough) = @_;
    until ($enough->()) {
        my $line = $c->line;
        return 0 unless defined $line;
        my ($word, @w) = words($line);
        $jid = $w[0] if $word eq 'submit';
        push @{$out{$w[0]}}, $w[2] if $word eq 'out';
        $exit{$w[0]} = {rc => $w[1], @w[2 .. $#w]} if $word eq 'exit';
    }
    return 1;
}
sub lines { return scalar @{$out{$_[0]} || []} }

ok take(sub { !grep { lines($_) < 5 } @hosts }), 'all of them run';

# three are killed; two come back
my %before = map { $_ => lines($_) } @hosts;
$worker{$_}->kill for qw(w1 w2 w3);
$worker{$_}->restart for qw(w2 w3);
ok take(sub { !grep { lines($_) < $before{$_} + 5 } qw(w2 w3 w4) }),
    'those that came back go on';
spew($disp->{conf}, "dispatcher: {lost_after: 1s}\n");
$disp->signal('HUP');
ok take(sub { $exit{w1} }), 'the one that did not ends';
is "$exit{w1}{state} $exit{w1}{reason}", '3 lost', 'lost';
cmp_ok lines('w1'), '>=', $before{w1}, 'and all that was received is kept';
spew($go, '');
ok take(sub { keys %exit == @hosts }), 'all end';
for my $host (qw(w2 w3 w4 w5 w6)) {
    is "$exit{$host}{rc} $exit{$host}{state}", '0 0', "$host: well";
    my @lines = @{$out{$host}};
    is pop @lines, 'end', "$host: to its end";
    ok !(grep { $lines[$_] != $_ + 1 } 0 .. $#lines),
        "$host: lines 1 to " . @lines . ', each once';
}
is $exit{w2}{adopted}, 1, 'the record tells that a task was adopted';
ok !exists $exit{w4}{adopted}, 'and only then';
my @starts = split /\n/, slurp($effect);
is scalar @starts, scalar @hosts, 'none was started twice';

# the lost one: its process went on to its end; that is added to the record
$worker{w1}->restart;
ok eventually { "@{[$disp->ask('exec', qq{job $jid\n})]}" =~ /late-rc 0/ },
    'its true end is added, and lost stays written'
    or diag($disp->ask('exec', "job $jid\n"));
is scalar(my @again = split /\n/, slurp($effect)), scalar @hosts,
    'and nothing was started again';
finish();
