# Who may run what where, on the dispatcher's port and the worker's: every
# token with every action. The dispatcher has no tokens of its own: it asks the
# registry. Each cell of the table stands there; one that is missing is a
# failure.
#
# w1 and w2 are registered by tokens that pin their role to web and db; w3's
# token pins nothing, and it claims to be a web.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch));
my $rights = "register: ['*']\nset: ['*']\nfind: all\nwatch: all";
my $reg = registry('-o', 'auth.anonymous=none', '-o', 'auth.tokens='
    . tokens_file(
        'worker-web' => "$rights\npin: {role: web}",
        'worker-db' => "$rights\npin: {role: db}",
        'worker-any' => $rights,
        dispatch => "$rights\nexec: all\nops: ['*']",
        nobody => '{find: all}',
        web => '{exec: .pinned.role=web, ops: [execute, ping]}',
        claim => '{exec: role=web, ops: [execute, ping]}',
        ping => '{exec: all, ops: [p?ng]}',
        root => "{exec: all, ops: ['*']}",
        admin => '{admin: on}'));
my @closed = ('-o', 'auth.anonymous=none', '-o');
my %worker = (w1 => 'web', w2 => 'db', w3 => 'any');
my @workers = map {
    worker($reg, $_, { unregistered => 1 }, @closed,
        'token_file=' . token_file("worker-$worker{$_}"),
        $_ eq 'w3' ? ('-o', 'worker.attrs.role=web') : ())
} sort keys %worker;
my $d = dispatcher($reg, @closed, 'token_file=' . token_file('dispatch'));

sub ask
{
    my ($face, $token, $line) = @_;
    my $c = ($face eq 'worker' ? $workers[0] : $d)->dial($face);
    $c->send(".token $token.secret\n") if $token ne 'none';
    $c->send("$line\n");
    return $c->line if $face eq 'worker';
    $c->end;
    return $c->rest;
}
my $linked = eventually {
    scalar grep { /ok 3/ } ask('exec', 'root', 'ping .on all .expect 3')
};
ok $linked, 'the dispatcher and three workers speak to each other by tokens';

# Whom a job reached, or why not
sub reached
{
    my @lines = ask('exec', @_);
    return 'right' if $lines[0] =~ /^error: 'no right/;
    return 'nobody' if $lines[0] =~ /^error: .*no worker matches/;
    return "@lines" if $lines[0] !~ /^submit/;
    my @ok = map { /^exit (\w+) (?:0|-) state 0/ ? $1 : () } @lines;
    my @refused = map { /^exit (\w+) .*refused/ ? "!$1" : () } @lines;
    return join(' ', sort(@ok), sort @refused) || "@lines";
}

# Jobs there are: one of root's, and one of each who may
my ($root) = map { /^submit (\S+)/ } ask('exec', 'root', 'ping .hosts w2');
ok $root, 'a job of root';
my %own;
for my $token (qw(web claim ping)) {
    ($own{$token}) = map { /^submit (\S+)/ }
        ask('exec', $token, 'ping .on all');
}
sub own_of { return $own{$_[0]} || $root }

# The answer to a request about a job in a word
sub about
{
    my ($token, $request) = @_;
    my @lines = ask('exec', $token, $request);
    return 'none' if !@lines;
    return 'right' if $lines[0] =~ /^error: 'no right/;
    return 'absent' if $lines[0] =~ /^error: 'no job/;
    return $lines[0] =~ /^error: 'job \S+ has ended/ ? 'ended' : 'told';
}

sub listed
{
    my ($token) = @_;
    my @lines = ask('exec', $token, 'jobs');
    return 'right' if @lines && $lines[0] =~ /^error: 'no right/;
    return 'all' if grep { /^\Q$root\E / } @lines;
    return @lines && !(grep { !/ by \Q$token\E(?: |$)/ } @lines) ? 'own' : "@lines";
}

my $n = 0;
my %action = (
    'ping all' => sub { reached($_[0], 'ping .on all') },
    'ping a claimed role' => sub { reached($_[0], 'ping .on role=web') },
    'ping a pinned role' =>
        sub { reached($_[0], "ping .on '.pinned.role=web'") },
    'ping by owner' => sub { reached($_[0], "ping .on .owner=worker-any") },
    'ping any' => sub { reached($_[0], "ping .on role=db .any 1") },
    'ping a host by name' => sub { reached($_[0], 'ping .hosts w2') },
    'ping hosts by name' => sub { reached($_[0], 'ping .hosts w1,w2,w3') },
    'execute on all' => sub { reached($_[0], 'execute cmd true .on all') },
    'execute on a host' => sub { reached($_[0], 'execute cmd true .hosts w1') },
    'list jobs' => sub { listed($_[0]) },
    'a job of its own' => sub { about($_[0], 'job ' . own_of($_[0])) },
    'a job of another' => sub { about($_[0], "job $root") },
    'follow its own' => sub { about($_[0], 'follow ' . own_of($_[0])) },
    'follow another' => sub { about($_[0], "follow $root") },
    'cancel its own' => sub { about($_[0], 'cancel ' . own_of($_[0])) },
    'cancel another' => sub { about($_[0], "cancel $root") },
    'delete another' => sub { about($_[0], 'delete X-1') },
    'greet a worker' => sub {
        my $line = ask('worker', $_[0], 'hello ABC' . ++$n);
        return $line =~ /^hello w1/ ? 'hello'
            : $line =~ /goes by a dispatcher/ ? 'some'
            : $line =~ /no right to execute/ ? 'right' : $line;
    },
    'greet a worker as another' => sub {
        my ($instance) = $root =~ /^(.*)-/;
        my $line = ask('worker', $_[0], "hello $instance");
        return $line =~ /^hello w1/ ? 'hello'
            : $line =~ /another token/ ? 'owner'
            : $line =~ /goes by a dispatcher/ ? 'some'
            : $line =~ /no right to execute/ ? 'right' : $line;
    },
);
my @tokens = qw(none nobody web claim ping root admin);
my @no = ('right') x 2;
my @table = (
    # action             none nobody web claim ping root admin
    ['ping all', @no, 'w1', 'w1 w3', 'w1 w2 w3', 'w1 w2 w3', 'right'],
    ['ping a claimed role', @no, 'w1', 'w1 w3', 'w1 w3', 'w1 w3', 'right'],
    ['ping a pinned role', @no, 'w1', 'w1', 'w1', 'w1', 'right'],
    ['ping by owner', @no, 'nobody', 'w3', 'w3', 'w3', 'right'],
    ['ping any', @no, 'nobody', 'nobody', 'w2', 'w2', 'right'],
    ['ping a host by name', @no, '!w2', '!w2', 'w2', 'w2', 'right'],
    ['ping hosts by name', @no, 'w1 !w2 !w3', 'w1 w3 !w2', 'w1 w2 w3',
        'w1 w2 w3', 'right'],
    ['execute on all', @no, 'w1', 'w1 w3', 'right', 'w1 w2 w3', 'right'],
    ['execute on a host', @no, 'w1', 'w1', 'right', 'w1', 'right'],
    ['list jobs', @no, 'own', 'own', 'own', 'all', 'all'],
    ['a job of its own', @no, ('told') x 5],
    ['a job of another', @no, ('absent') x 3, 'told', 'told'],
    ['follow its own', @no, ('told') x 5],
    ['follow another', @no, ('absent') x 3, 'told', 'told'],
    ['cancel its own', @no, ('ended') x 5],
    ['cancel another', @no, ('absent') x 3, 'ended', 'ended'],
    ['delete another', @no, ('absent') x 5],
    ['greet a worker', @no, 'some', 'some', 'hello', 'hello', 'right'],
    ['greet a worker as another', @no, 'some', 'some', 'owner', 'owner',
        'right'],
);
my %expected = map { my ($name, @cells) = @$_; ($name => \@cells) } @table;
is_deeply [sort keys %expected], [sort keys %action],
    'a row for every action, and no other';
for my $name (map { $_->[0] } @table) {
    my $cells = $expected{$name};
    is scalar(@$cells), scalar(@tokens), "$name: a cell for every token";
    for my $i (0 .. $#tokens) {
        is $action{$name}->($tokens[$i]), $cells->[$i],
            "$tokens[$i]: $name: $cells->[$i]";
    }
}

# A wrong token, and what the job says of itself
is_deeply [ask('exec', 'wrong', 'ping .on all')],
    [q{error: 'unknown or expired token'}], 'a wrong token at the dispatcher';
is ask('worker', 'wrong', 'hello ABC'), q{error: 'unknown or expired token'},
    'and at a worker';
my ($job) = grep { /^\Q$own{web}\E / } ask('exec', 'web', 'jobs');
like $job, qr/ by web only '\.pinned\.role web'/, 'whose it is, and how narrow';

# The command line shows the token that it is told of
my %env = (MUSTER_DISPATCHER => $d->address('exec'));
my ($rc, $out, $err) = muster($reg, { env => { %env,
    MUSTER_TOKEN_FILE => token_file('web') } }, 'exec', '--all', '--', 'true');
is $rc, 0, 'muster exec with a token';
($rc, $out, $err) = muster($reg, { env => \%env }, 'exec', '--all', '--',
    'true');
isnt $rc, 0, 'and without one';
like $err, qr/no right to execute/, 'says why';
($rc, $out, $err) = muster($reg, 'find');
is $rc, 8, 'muster find without one';
like $err, qr/no right to find.*\n.*MUSTER_TOKEN_FILE/, 'the same, and what to do';
my $secrets = join '', map { slurp($_->{log}) } $reg, $d, @workers;
unlike $secrets, qr/\.secret\b/, 'no token in any log';
unlike $secrets, qr/wrong\./, 'not even a wrong one';
finish();
