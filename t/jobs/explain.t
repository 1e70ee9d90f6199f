# explain HOST SELECTOR: which term holds, which does not, with the values.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'auth.tokens=' . tokens_file(
    web => "{exec: role=web, ops: ['*']}", nobody => '{find: all}'));
my $w = FakeWorker->new($reg, 'web1',
    attrs => "role web mem 8G note 'it''s a host' empty '' tags a,b")->link;
my $db = FakeWorker->new($reg, 'db1', attrs => 'role db')->link;

sub explained
{
    my ($request) = @_;
    my @lines = $d->ask('exec', "explain $request\n");
    s/ age \d+\.\d{3}$// for @lines;
    return \@lines;
}

# TERM (as it stands in one text), what is told
my @table = (
    ['role=web', "term 'role web' 1 value web"],
    ['role web', "term 'role web' 1 value web"],
    ['role=db', "term 'role db' 0 value web"],
    ['role=*', "term 'role *' 1 value web"],
    ['role!=db', "term 'role! db' 1 value web"],
    ['role!=web', "term 'role! web' 0 value web"],
    ['rack!=r1', "term 'rack! r1' 0"],
    ['rack!=*', "term 'rack! *' 1"],
    ['role!=*', "term 'role! *' 0 value web"],
    ['rack=r1', "term 'rack r1' 0"],
    ['rack~.', "term 'rack~ .' 0"],
    ['mem>=8G', "term 'mem>= 8G' 1 value 8G"],
    ['mem>8G', "term 'mem> 8G' 0 value 8G"],
    ['mem<9000M', "term 'mem< 9000M' 1 value 8G"],
    ['role<5', "term 'role< 5' 0 value web"],
    ['cpus>1', "term 'cpus> 1' 0"],
    ['host?web*', "term 'host? web*' 1 value web1"],
    ['host~^web[0-9]$', "term 'host~ ^web[0-9]\$' 1 value web1"],
    ['host~^eb', "term 'host~ ^eb' 0 value web1"],
    ['empty=*', "term 'empty *' 1 value ''"],
    ['tags=a', "term 'tags a' 0 value a,b"],
    ["note 'it''s a host'",
        "term 'note ''it''''s a host''' 1 value 'it''s a host'"],
    ["role= web,db", "term 'role= web,db' 1 value web"],
    ["role= a,b", "term 'role= a,b' 0 value web"],
);
for my $row (@table) {
    my ($term, $want) = @$row;
    my $quoted = $term =~ s/'/''/gr;
    my ($holds) = $want =~ /' ([01])(?: value|$)/;
    is_deeply explained("web1 '$quoted'"), ["matches web1 $holds", $want],
        $term;
    # find and a run mean the same by it
    my ($pair) = $want =~ /^term '((?:[^']|\'\')*)' /;
    $pair =~ s/''/'/g;
    my $found = grep { / host web1\b/ } $reg->find($pair);
    is $found, $holds, 'as find has it';
    my @plan = $d->ask('exec', "plan ping .on '$quoted'\n");
    is scalar(grep { $_ eq 'host web1' } @plan), $holds, 'as a plan has it';
}
is_deeply explained("web1 'role=web mem>16G rack=r1'"), ['matches web1 0',
    "term 'role web' 1 value web", "term 'mem> 16G' 0 value 8G",
    "term 'rack r1' 0"], 'several terms, each by itself';
is_deeply explained('web1 all'), ['matches web1 1'], 'all';

# ages: of what changed since it came
$w->{service}->send("role db\n");
ok eventually { explained("web1 role=web")->[0] eq 'matches web1 0' },
    'it changes';
my @lines = $d->ask('exec', "explain web1 'role=web mem=8G .name tcp*'\n");
my %age = map { /^term '(\S+) .* age (\d+\.\d+)$/ ? ($1 => $2) : () } @lines;
ok defined $age{role} && defined $age{mem}, 'values have ages';
cmp_ok $age{role}, '<=', $age{mem}, 'the one that changed is younger';
ok !exists $age{'.name'}, 'a name has none';

$w->{service}->send("drain disk\n");
ok eventually { explained('web1 all')->[0] eq
    'matches web1 1 drained disk' }, 'drained: matches, but';
$w->deaf;
$w->{conn}->close;
ok eventually { explained('web1 all')->[0] eq
    'matches web1 1 link down drained disk' }, 'not connected';

my %wrong = (
    "nobody role=web" => 'no worker nobody',
    "web1 ''" => 'empty selector: say all for every worker',
    'web1' => 'usage: explain HOST SELECTOR',
    "web1 'mem>=x'" => "mem is compared with numbers (suffixes K M G T), and ''x'' is none",
    "web1 all more" => 'odd attribute/value pairs',
);
for my $request (sort keys %wrong) {
    my ($line) = @{explained($request)};
    like $line, qr/^error: '?\Q$wrong{$request}\E/, $request;
}

# a token sees those that it may run something on
is_deeply explained('db1 role=db .token web.secret'),
    ["error: 'no worker db1'"], 'not those of others';
like explained('db1 role=db .token nobody.secret')->[0],
    qr/^error: /, 'who may run nothing is refused';
finish();
