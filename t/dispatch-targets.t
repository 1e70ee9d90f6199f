# Targeting must not lie: a missing fact matches nothing, an empty selector is
# an error, and quoting means what it says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my %attrs = (
    a => "role web rack r1 mem 8G note 'two words' tags x,y",
    b => "role db rack r2 mem 16G note 'it''s' zone ''",
    c => "role web-old mem 512M n 10",
    d => "n 9 note '*'",
);
my %w = map { ($_ => FakeWorker->new($reg, $_, attrs => $attrs{$_})->link) }
    sort keys %attrs;
ok eventually { matching('kind=worker') eq 'a b c d' }, 'it knows them';

# The hosts that a selector hits: .min makes sure that nothing is run
sub matching
{
    my ($selector, @others) = @_;
    $selector =~ s/'/''/g;
    my ($answer) = $d->ask('exec', "ping .on '$selector' .expect 1000\n");
    return '' if $answer eq "error: 'no worker matches'";
    my ($n) = $answer =~ /^error: '(\d+) workers? match/;
    return $answer unless defined $n;
    my @hit = grep {
        my ($one) = $d->ask('exec',
            "ping .on '$selector host=$_' .expect 1000\n");
        $one =~ /^error: '1 worker matches/;
    } (sort keys %w), @others;
    return @hit == $n ? "@hit" : "$n, but @hit";
}

my @rows = (
    ['role=web', 'a', 'the value, not its beginning'],
    ['role web', 'a', 'a pair of words'],
    ['role?web*', 'a c', 'a glob'],
    ['role~web', 'a c', 'a regular expression, anywhere'],
    ['role~^web$', 'a', 'with anchors'],
    ['role!=web', 'b c', 'not: d has none at all'],
    ['role!=web role!=db', 'c', 'not, twice'],
    ['rack=*', 'a b', 'any value'],
    ['rack!=*', 'c d', 'absent'],
    ['rack!=r1', 'b', 'a missing fact does not widen'],
    ['mem>=8G', 'a b', 'numbers with units'],
    ['mem>1G mem<10G', 'a', 'between'],
    ['mem<1000G', 'a b c', 'a missing number is not small'],
    ['n>9', 'c', 'numbers, not texts'],
    ['n=9', 'd', 'or as a text'],
    ['role>1', '', 'a text is no number'],
    ["note='two words'", 'a', 'a blank'],
    ["note='it''s'", 'b', 'a quote'],
    ["zone=''", 'b', 'an empty value is a value'],
    ['tags=x', '', 'a list is a text'],
    ['tags~(^|,)x(,|$)', 'a', 'that can be looked into'],
    ['role= web,db', 'a b', 'one of'],
    ['host=a rack=r2', '', 'all must hold'],
    ['.name tcp!127.0.0.1!' . $w{b}{port}, 'b', 'by the name of the service'],
);
for my $row (@rows) {
    my ($selector, $want, $name) = @$row;
    is matching($selector), $want, "$selector: $name";
}
for my $bad ('', ' ', "''", 'role', '=', 'role~(', 'n>x', 'role=web all') {
    (my $quoted = $bad) =~ s/'/''/g;
    my @answer = $d->ask('exec', "ping .on '$quoted'\n");
    ok @answer == 1 && $answer[0] =~ /^error: / && $answer[0] !~ /no worker/,
        "'$bad' is a mistake" or diag("@answer");
}

# load and slots_free as the worker says them, not as it registered once
$w{d}->say('load slots-free 0 load 9.5', 'load slots-free 3 load 7.25');
ok eventually { matching('load>7') eq 'd' }, 'its live load';
is matching('slots_free=3'), 'd', 'its live slots';

# the set is fixed at the submit: who comes later has no part
my $c = $d->dial('exec');
$c->send("execute cmd x .on 'role?web*' .parallel 1\n");
like $c->line, qr/^submit \S+ 2$/, 'two of them';
my $late = FakeWorker->new($reg, 'late', attrs => 'role web')->link;
ok eventually { matching('role=web host=late', 'late') eq 'late' },
    'another one comes';
$w{$_}->run_one for qw(a c);
my @lines = $c->rest;
like $lines[-1], qr/ ok 2 /, 'two have run';
ok !grep({ / late / } @lines), 'not the late one';

# an attribute changes
$w{a}{service}->send("role retired\n");
ok eventually { matching('role=web', 'late') eq 'late' },
    'what changes is seen';
finish();
