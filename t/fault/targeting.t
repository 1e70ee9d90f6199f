# Targeting does not lie: a table of selectors over workers with missing, empty
# and odd attributes, with the right answers; find, watch, a token's right and a
# run have the same ones. What a worker may not claim, an empty selector and one
# that matches nobody are refused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-dispatch muster));

# name => what it registers beside kind and host
my %workers = (
    plain => "role web mem 8G n 9 dc eu",
    empty => "role '' mem 16G n 10 dc eu",
    absent => "mem 512M n 1e1 dc us",
    odd => "role 'web front''s' mem lots n ten dc eu",
    list => "role web,db tags a,b,c mem 8192M n 09 dc us",
    twice => "role db mem 8G n -1 dc eu",
);
# selector in pairs (and as one text, if that is another) => who matches
my @table = (
    ['role web', 'plain'],
    ['role *', 'plain empty odd list twice'],
    ['role! *', 'absent'],
    ["role ''", 'empty', "role=''"],
    ['role! web', 'empty odd list twice'],
    ['role! web role! db', 'empty odd list'],
    ['role! web role! web', 'empty odd list twice'],
    ["role 'web front''s'", 'odd'],
    ['role? web*', 'plain odd list'],
    ['role~ ^web$', 'plain'],
    ['role~ web', 'plain odd list'],
    ['role~ ^w.b,', 'list'],
    ["role~ ^\$", 'empty'],
    ['role= web,db', 'plain twice'],
    ['nothing x', ''],
    ['nothing! x', ''],
    ['nothing~ .*', ''],
    ['nothing? *', ''],
    ['nothing< 5', ''],
    ['nothing! *', 'plain empty absent odd list twice'],
    ['mem 8G', 'plain twice'],
    ['mem>= 8G', 'plain empty list twice'],
    ['mem<= 8192M', 'plain absent list twice'],
    ['mem> 8G', 'empty'],
    ['n< 10', 'plain list twice'],
    ['n>= 10', 'empty'],
    ['n 9', 'plain'],
    ['dc eu mem>= 8G role! *', ''],
    ['dc eu mem>= 8G role! web', 'empty twice'],
    ['host? *e*', 'empty absent twice'],
    ['tags? *b*', 'list'],
);
# a token for each row: it may run where its selector holds
my $n = 0;
my $text = tokens_text(
    own => "{register: ['*'], set: ['*'], pin: {team: red}, find: all}",
    map { ('t' . ++$n => "exec: '" . quoted(text_of($_)) . "'\nops: [ping]") }
    @table);
sub text_of
{
    my ($row) = @_;
    return $row->[2] if $row->[2];
    my $pairs = $row->[0];
    my @words;
    while ($pairs =~ /\G\s*((?:'(?:[^']|'')*'|[^'\s]+)+)/g) { push @words, $1 }
    return join ' ', @words;
}

sub quoted { my ($t) = @_; $t =~ s/'/''/g; return $t }

my $tokens = spew(scratch() . '/tokens', $text);
chmod 0600, $tokens;
my $reg = registry('-o', "auth.tokens=$tokens");
my $d = dispatcher($reg, '-o', "auth.tokens=$tokens");
my (%service, %host, $port);
for my $host (sort keys %workers) {
    my $name = 'tcp!127.0.0.1!' . ++$port;    # nobody answers there
    $host{$name} = $host;
    $service{$host} = $reg->register(
        "$name kind worker host $host ops ping $workers{$host}");
}

sub found
{
    my ($pairs) = @_;
    return join ' ', sort map { $host{$_} }
        $reg->find("kind worker $pairs .names 1");
}

# As many as are wanted, and whatever else has come with these
sub watched
{
    my ($pairs, $n) = @_;
    my $c = $reg->dial('event');
    $c->send("kind worker $pairs .detail 1 .since 0\n");
    $c->until(qr/^READY \d+$/);
    my @in = map { $c->line } 1 .. $n;
    $c->fill(0);
    push @in, split /\n/, $c->{in};
    $c->close;
    return join ' ', sort map { /^\+ \d+ (\S+)/ ? $host{$1} : $_ } @in;
}

# The set of a job, whoever of it is there
sub set_of
{
    my ($request) = @_;
    my ($said) = $d->ask('exec', "ping $request .detach 1\n");
    return $said =~ /no worker matches/ ? '' : $said
        if $said !~ /^submit (\S+)/;
    my $jid = $1;
    my @hosts = map { /^host (\S+)/ } $d->ask('exec', "job $jid\n");
    $d->ask('exec', "cancel $jid\n");
    return join ' ', sort @hosts;
}

ok eventually { set_of('.on all') eq join ' ', sort keys %workers },
    'the dispatcher knows them all';
$n = 0;
for my $row (@table) {
    my ($pairs, $who) = @$row;
    my $text = text_of($row);
    my $want = join ' ', sort split ' ', $who;
    my $token = 't' . ++$n . '.secret';
    my @want = split / /, $want;
    is found($pairs), $want, "find: $pairs";
    is watched($pairs, scalar @want), $want, "watch: $pairs";
    (my $on = $text) =~ s/'/''/g;
    is set_of(".on '$on'"), $want, "run: $text";
    is set_of(".on all .token $token"), $want, "a token's right: $text";
    my ($rc, $out) = muster($reg, 'find', '--names', 'kind=worker',
        split_words($pairs));
    is join(' ', sort map { $host{$_} } split /\n/, $out), $want,
        "muster find: $text";
}

# as a shell hands them over
sub split_words
{
    my ($text) = @_;
    my @words;
    while ($text =~ /\G\s*((?:'(?:[^']|'')*'|[^'\s]+)+)/g) {
        push @words, $1;
        $words[-1] =~ s/'((?:[^']|'')*)'/(my $w = $1) =~ s,'',',g; $w/e;
    }
    return @words;
}

# the attribute changed: the next run goes by what it is now
$service{plain}->send("role db\n");
ok eventually { found('role web') eq '' }, 'an attribute has changed';
ok eventually { set_of(".on 'role=db'") eq 'plain twice' },
    'the next run knows';
$service{twice}->close;
ok eventually { set_of(".on 'role=db'") eq 'plain' }, 'a host is gone';

# what a worker may not claim, and what is no selector
my $forger = $reg->dial('new');
$forger->send("tcp!127.0.0.1!98 kind worker host forged .ack 1"
    . " .token own.secret\nteam blue\n");
like join(' ', map { $forger->line } 1, 2),
    qr/^ok \d+ error: 'team is pinned by the token/,
    'what is pinned is not claimed';
is found("team blue"), '', 'nor to be found';
ok eventually { set_of(".on '.pinned.team=red'") eq 'forged' },
    'what it is its token says';
is set_of(".on ''"), "error: 'empty .on: say .on all for every worker'",
    'an empty selector is none';
is_deeply [(muster($reg, 'exec', '-s', '', '--', 'true'))[0]], [2],
    'muster exec: a usage error';
is_deeply [(muster($reg, 'exec', '-s', 'role=none', '--', 'true'))[0]], [3],
    'nobody matches: 3';
like set_of(".on 'role~('"), qr/^error: /, 'nor a broken one';
finish();
