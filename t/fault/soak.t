# Two hundred clients do whatever clients do, on all ports, well and badly, for a
# while. At the end the registry says what a model says that heard the same
# acknowledgements, a reader of details has seen it all, jobs have ended, and
# descriptors and memory are back where they were.
#
# MUSTER_SOAK_SEED=N repeats a run; MUSTER_SOAK_ROUNDS=N makes it longer;
# MUSTER_SOAK_STORE=memory keeps the registry off the disk.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Swarm;
use Test::More;

my $seed = $ENV{MUSTER_SOAK_SEED} || (time ^ $$ << 8) % 1_000_000;
my $rounds = $ENV{MUSTER_SOAK_ROUNDS} || deadline(6000);
my $store = $ENV{MUSTER_SOAK_STORE}
    || ($seed % 2 ? 'memory' : 'sqlite:' . scratch() . '/registry.db');
diag "seed $seed, $rounds rounds, store $store";
srand $seed;

my $reg = registry('-o', "registry.store=$store",
    '-o', 'limits.services_per_connection=30', '-o', 'limits.attrs=60',
    '-o', 'limits.value=2K', '-o', 'limits.line=8K', '-o', 'limits.output=64K',
    '-o', 'log.level=warn');
my $work = worker($reg, 'w1', '-o', 'worker.slots=4', '-o', 'log.level=warn');
my $dispatch = dispatcher($reg, '-o', 'log.level=warn');
eventually { $dispatch->knows(1) } or die 'the dispatcher knows no worker';

my $swarm = Swarm->new;
my $serial = 0;       # of everything that gets a name or a value
my @log;              # what was acknowledged: [revision, order, what]
my %job;              # what was submitted: id => its last line
my %said;             # face => how many of our well-formed lines were answered
my @clients;          # their owners' view: kind, socket, pending requests ...

# -- the model: what the acknowledgements make of an empty registry -----------

sub model
{
    my %service;
    for my $did (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @log) {
        my $op = $did->[2];
        my $v = $service{$op->{name}};
        if ($op->{verb} eq 'register') {
            $service{$op->{name}} = {set => {@{$op->{set}}},
                owner => $op->{owner}};
        } elsif ($op->{verb} eq 'remove') {
            delete $service{$op->{name}};
        } elsif ($v) {
            my %new = @{$op->{set}};
            delete $v->{set}{$_} for @{$op->{unset} || []};
            @{$v->{set}}{keys %new} = values %new;
        }
    }
    for my $name (keys %service) {
        my $v = $service{$name};
        delete $service{$name} if $v->{owner}{gone} && !$v->{set}{persist};
    }
    return {map { $_ => line_of($service{$_}{set}) } keys %service};
}

# attributes in an order that does not depend on who wrote them
sub line_of
{
    my ($set) = @_;
    return join ' ', map { "$_ $set->{$_}" } sort keys %$set;
}

sub parse
{
    my ($line) = @_;
    my ($name, @pairs) = split ' ', $line;
    return ($name, line_of({@pairs}));
}

# the same as the registry tells it
sub registered
{
    my %service = map { parse($_) } $reg->find;
    return \%service;
}

# -- well-formed clients of port new ------------------------------------------

sub word { my @w = qw(web db cache os linux eu us a b); return $w[rand @w] }

sub pairs
{
    my ($n) = @_;
    my @set = map { (word() . int rand 20, int rand 1000) } 1 .. $n;
    return (@set, 'n', ++$serial);
}

sub ask_new
{
    my ($o, $op, $text) = @_;
    $op->{owner} = $o;
    $op->{set} ||= [];
    push @{$o->{pending}}, $op;
    $swarm->say($o->{conn}, "$text\n");
    return;
}

sub answered_new
{
    my ($o, $line) = @_;
    # (that "the service was taken over meanwhile" is an answer)
    if ($line
        =~ /^error: '(\S+) (?:was taken over by|was removed|expired: no line)/) {
        delete $o->{has}{$1};
        return;
    }
    my $op = shift @{$o->{pending}};
    if (!$op) {
        fail "an answer to nothing: $line";
        return;
    }
    if ($line =~ /^ok (\d+)$/) {
        push @log, [$1, scalar @log, $op];
        $said{new}++;
        $o->{has}{$op->{name}} = 1 if $op->{verb} eq 'register';
        delete $o->{has}{$op->{name}} if $op->{verb} eq 'remove';
    } elsif ($line !~ /^error: '/) {
        fail "port new says: $line";
    } else {
        $said{refused}++;
    }
    return;
}

sub a_name
{
    my ($o) = @_;
    my $at = rand;
    return 'shared.' . int rand 30 if $at < 0.2;
    return 'keep.' . int rand 20 if $at < 0.4;
    return "own.$o->{id}." . int rand 8;
}

sub register
{
    my ($o, $first) = @_;
    my $name = a_name($o);
    my @set = pairs(1 + int rand 5);
    push @set, 'persist', 1 if $name =~ /^keep/;
    my $replace = $name !~ /^own/ && rand 2 < 1 ? ' .replace 1' : '';
    my $load = $name =~ /^own/ ? ' .volatile load' : '';
    ask_new($o, {verb => 'register', name => $name, set => \@set},
        ($first ? '' : '.new ') . "$name @set$replace$load"
        . ($first ? ' .ack 1' : ''));
    return;
}

sub update
{
    my ($o) = @_;
    my @mine = sort keys %{$o->{has}};
    my $name = rand 4 < 1 || !@mine ? 'keep.' . int rand 20
        : $mine[rand @mine];
    my @set = rand 3 < 1 && $name =~ /^own/ ? ('load', int rand 100)
        : pairs(int rand 3);
    my @unset = rand 3 < 1 ? word() . int rand 20 : ();
    ask_new($o, {verb => 'update', name => $name, set => \@set,
        unset => \@unset},
        ".of $name @set " . join ' ', map { ".unset $_" } @unset);
    return;
}

sub take_away
{
    my ($o) = @_;
    my @mine = sort keys %{$o->{has}};
    my $name = rand 6 < 1 || !@mine ? 'keep.' . int rand 20
        : $mine[rand @mine];
    ask_new($o, {verb => 'remove', name => $name}, ".remove $name");
    return;
}

# Refused whatever the registry holds, and so without a trace in the model.
sub blunder
{
    my ($o) = @_;
    my @wrong = ('.of keep.1 odd', '.of nobody.1 x 1', '.new own/1 x 1',
        q(.of keep.1 x 'y), '.new error: x 1', '.of keep.1 .what 1',
        '.new long.' . 'x' x 3000 . ' x 1', '.remove nobody.2 x 1',
        '.of keep.1 x ' . 'y' x 3000, '.of keep.1 x ' . 'z' x 9000,
        ".of keep.1 x \0", '.of keep.1 ' . join ' ', map { "m$_ 1" } 1 .. 80);
    ask_new($o, {verb => 'none', name => 'none'}, $wrong[rand @wrong]);
    return;
}

# Ends a connection when what it leaves undone cannot matter.
sub leave
{
    my ($o) = @_;
    return $o->{leaves} = 1 if grep { $_->{verb} ne 'none' } @{$o->{pending}};
    $o->{gone} = 1;
    $swarm->drop($o->{conn}, rand 2 < 1);
    return;
}

sub new_client
{
    my ($o) = @_;
    $o->{has} = {};
    $o->{pending} = [];
    $o->{conn} = $swarm->dial($reg->address('new'),
        line => sub { answered_new($o, $_[1]) },
        end => sub { $o->{gone} = 1 }) or return;
    register($o, 1);
    return;
}

sub act_new
{
    my ($o) = @_;
    my $at = rand;
    return if @{$o->{pending}} > 20;
    return $at < 0.3 ? register($o) : $at < 0.7 ? update($o)
        : $at < 0.8 ? take_away($o) : $at < 0.9 ? blunder($o)
        : $at < 0.95 ? ask_new($o, {verb => 'none', name => 'none'}, '')
        : leave($o);
}

# -- clients of port find -----------------------------------------------------

sub selector
{
    my @terms = ('n *', 'persist 1', 'web1 *', 'n> ' . int rand $serial,
        'n< ' . int rand $serial, 'db1! *', '.name own.*', '.name keep.?',
        'n~ ^[0-9]*' . int(rand 10) . '$', 'n= ' . join(',', 1 .. 20),
        'web2? [1-5]*');
    return join ' ', map { $terms[rand @terms] } 1 .. 1 + int rand 2;
}

# A word in quotes: what a blunder registers may hold blanks.
my $quoted = qr/'(?:[^']|'')*'/;

sub find_client
{
    my ($o) = @_;
    $o->{conn} = $swarm->dial($reg->address('find'), deaf => $o->{deaf},
        end => sub { $o->{gone} = 1 }, line => sub {
            my ($c, $line) = @_;
            if ($line =~ /^\.end (\d+)$/) {
                $o->{asked}--;
                $said{find}++;
                fail "revision $1 after $o->{seen}" if $1 < $o->{seen};
                $o->{seen} = $1;
            } elsif ($line !~ /^(?:[^\s']+(?: (?:[^\s']+|$quoted))*|\.gone \S+|\.all)$/) {
                fail "port find says: $line";
            } elsif ($line =~ /^error: /) {
                $o->{asked}-- unless $line =~ /first_line/;
            }
        }) or return;
    $o->{asked} = 1;
    $o->{seen} = 0;
    $swarm->say($o->{conn}, selector() . " .keep 1\n");
    return;
}

sub act_find
{
    my ($o) = @_;
    return if $o->{asked} > 50 || length $o->{conn}{out};
    if (rand 30 < 1) {
        $o->{gone} = 1;
        return $swarm->drop($o->{conn}, rand 2 < 1);
    }
    my @how = ('', '', '', ' .names 1', ' .count 1', ' .limit 3',
        ' .since ' . int rand $serial + 1, ' .after keep.1', ' .meta 1');
    for (1 .. 1 + rand 5) {
        $o->{asked}++;
        $swarm->say($o->{conn}, (rand 12 < 1 ? q(bad 'quote)
            : selector() . $how[rand @how]) . "\n");
    }
    return;
}

# A reader that ended only its own side would still be told (nc -N): that it is
# gone for good shows by a reset, else not before something is written.
sub go
{
    my ($o) = @_;
    return $swarm->drop($o->{conn}, $o->{kind} =~ /event|noise/ || rand 2 < 1);
}

# -- readers of port event ----------------------------------------------------

sub event_client
{
    my ($o) = @_;
    my @how = ('', '.filter 1', '.detail 1', '.detail 1 .since 0',
        '.filter 1 .since 1');
    my $how = $how[rand @how];
    my $last = 0;
    $o->{conn} = $swarm->dial($reg->address('event'), deaf => $o->{deaf},
        end => sub { $o->{gone} = 1 }, line => sub {
            my ($c, $line) = @_;
            return $last = 0 if $line =~ /^READY( \d+)?$/;
            my ($revision) = $line =~ /^(?:[+=!-] )?(\d+)(?: |$)/;
            if (!defined $revision) {
                fail "port event says: $line";
            } elsif ($revision < $last && $how !~ /since 0/) {
                fail "a version went back from $last: $line";
            }
            $last = $revision;
            $said{event}++;
        }) or return;
    $swarm->say($o->{conn}, ($how ? selector() . " $how" : 'x') . "\n");
    return;
}

sub act_event
{
    my ($o) = @_;
    return if rand 10 > 1;
    return $swarm->end_output($o->{conn}) if rand 4 < 1;
    $o->{gone} = 1;
    return go($o);
}

# -- clients of port exec -----------------------------------------------------

sub exec_client
{
    my ($o) = @_;
    $o->{conn} = $swarm->dial($dispatch->address('exec'),
        end => sub { $o->{gone} = 1 }, line => sub {
            my ($c, $line) = @_;
            $o->{busy} = 0 if $line =~ /^(?:\.end|error:)/;
            $job{$1} = '' if $line =~ /^submit (\S+)/;
            $job{$1} = $line if $line =~ /^done (\S+)/ && exists $job{$1};
            $said{exec}++ if $line =~ /^done/;
        });
    $o->{busy} = 0;
    return;
}

sub act_exec
{
    my ($o) = @_;
    my @jobs = sort keys %job;
    my $jid = @jobs ? $jobs[rand @jobs] : 'NONE-1';
    my @lines = ('ping .on all', "execute cmd 'echo a; echo b' .on all",
        'execute argv true .hosts w1', 'ping .hosts nobody', 'jobs', "job $jid",
        "follow $jid", "cancel $jid", 'execute cmd', 'nonsense x', q(ping '),
        'ping .on', 'follow NONE-7', "execute cmd 'exit 3' .on 'kind worker'");
    return if $o->{busy};
    $o->{busy} = 1;
    $swarm->say($o->{conn}, $lines[rand @lines] . " .keep 1\n");
    return if rand 20 > 1;
    $o->{gone} = 1;    # whatever it is about: the job goes on
    $swarm->drop($o->{conn}, rand 2 < 1);
    return;
}

# -- noise, on every port -----------------------------------------------------

sub noise_client
{
    my ($o) = @_;
    my @faces = ([$reg, 'new'], [$reg, 'find'], [$reg, 'event'],
        [$dispatch, 'exec'], [$work, 'worker'],
        $reg->address('admin') ? [$reg, 'admin'] : ());
    my ($daemon, $face) = @{$faces[rand @faces]};
    $o->{conn} = $swarm->dial($daemon->address($face), deaf => rand 4 < 1,
        end => sub { $o->{gone} = 1 });
    return;
}

sub act_noise
{
    my ($o) = @_;
    my @bits = ("'", "''", ' ', "\t", "\n", "\n", "\r\n", "\0", '.ack 1', '.of',
        '.new', '.remove junk.1', '.since', '.detail 1', '.keep 1', 'junk.1',
        'junk.2', '*', '! *', '~ (((', "\xff\xfe", '.ttl 1', '.unset', '=',
        'error:', '.volatile', 'hello', 'run', 'got', 'GET / HTTP/1.1',
        'Host: x', 'POST', 'Content-Length: -1', '.token', '.token x.y', 'job',
        'cancel', '.on', '{"a":', 'x' x 300);
    if (rand 6 < 1) {
        $o->{gone} = 1;
        return go($o);
    }
    return if length $o->{conn}{out} > 100_000;
    $swarm->say($o->{conn}, join rand 2 < 1 ? ' ' : '',
        map { $bits[rand @bits] } 1 .. 1 + int rand 30);
    return;
}

# -- the run ------------------------------------------------------------------

my %kind = (
    new => [90, \&new_client, \&act_new],
    find => [40, \&find_client, \&act_find],
    deaf_find => [5, \&find_client, \&act_find],
    event => [25, \&event_client, \&act_event],
    deaf_event => [5, \&event_client, \&act_event],
    exec => [10, \&exec_client, \&act_exec],
    noise => [25, \&noise_client, \&act_noise],
);

# A client that is gone is replaced by another of its kind; the model still
# knows it. (What the registry closed, because its services were taken over, was
# answered as far as it was handled.)
sub step
{
    my $i = int rand @clients;
    my $o = $clients[$i];
    my ($n, $begin, $act) = @{$kind{$o->{kind}}};
    if ($o->{gone} || !$o->{conn}) {
        $o = $clients[$i] = {kind => $o->{kind}, id => ++$serial,
            deaf => scalar $o->{kind} =~ /^deaf/};
        $begin->($o);
    } elsif ($o->{leaves}) {
        leave($o);
    } else {
        $act->($o);
    }
    return;
}

sub run
{
    my ($count) = @_;
    for (1 .. $count) {
        step();
        $swarm->pump(0);
    }
    return;
}

# Every request of ours is answered.
sub settle
{
    return eventually {
        $swarm->pump(0.05);
        return 0 if grep { $_->{kind} eq 'new' && !$_->{gone}
            && @{$_->{pending} || []} } @clients;
        return !grep { $_->{kind} eq 'find' && !$_->{gone} && $_->{conn}
            && $_->{asked} > 0 } @clients;
    } 60;
}

sub end_all
{
    for my $o (@clients) {
        $o->{gone} = 1;
        go($o) if $o->{conn};
    }
    return;
}

# A reader of details from the beginning, which always reads.
my (%replica, @replica_wrong);
my $told = 0;
my $reader = $swarm->dial($reg->address('event'), line => sub {
    my ($c, $line) = @_;
    my ($sign, $revision, $rest) = split ' ', $line, 3;
    return if $sign eq 'READY';
    push @replica_wrong, $line if $sign eq '!' || $revision <= $told;
    $told = $revision;
    my ($name, $set) = parse($rest || '');
    my $there = exists $replica{$name};
    push @replica_wrong, "$line ($there)"
        if $there == ($sign eq '+') || $sign !~ /^[+=-]$/;
    delete $replica{$name} if $sign eq '-';
    $replica{$name} = $set if $sign ne '-';
});
$swarm->say($reader, ".name [oks][whe][nae]* .detail 1\n");

my %baseline = map { $_->{name} => $_->descriptors } $reg, $dispatch, $work;
my %memory;
for my $part (1, 2) {
    for my $kind (sort keys %kind) {
        push @clients, map { {kind => $kind, gone => 1} } 1 .. $kind{$kind}[0];
    }
    run($part == 1 ? $rounds / 3 : 2 * $rounds / 3);
    ok settle(), "part $part: every request is answered";
    # (connections whose services were taken over are still being closed)
    my %left;
    ok +(eventually {
        $swarm->pump(0.05);
        %left = only_differences(registered_ours(), model());
        return !%left;
    }), 'the registry is what the model is' or diag explain \%left;
    end_all();
    ok +(eventually {
        $swarm->pump(0.05);
        return keys %{registered_ours()} == keys %{model()};
    }), 'what was bound to connections goes with them';
    is_deeply registered_ours(), model(), 'and the rest is as it is in the model'
        or diag explain {only_differences(registered_ours(), model())};
    ok +(eventually {
        $swarm->pump(0.05);
        my $now = without_load(\%replica);
        my $model = without_load(model());
        return "@{[%$now{sort keys %$now}]}" eq
            "@{[%$model{sort keys %$model}]}";
    }), 'a reader of details has seen all of it';
    is_deeply \@replica_wrong, [], 'in order, and nothing twice';
    for my $d ($reg, $dispatch, $work) {
        ok +(eventually { $d->descriptors <= $baseline{$d->{name}} + 1 }),
            "$d->{name} has the descriptors it had"
            or diag $d->descriptors . " now, $baseline{$d->{name}} before";
        $memory{$d->{name}}[$part] = $d->memory;
    }
    @clients = ();
}

# jobs: whoever was there to hear of them, they have ended
ok +(eventually {
    my @jobs = map { [split] } grep { !/^\.end/ } $dispatch->ask('exec', "jobs\n");
    return !grep { "@$_" =~ / state 1( |$)/ } @jobs;
}), 'every job has ended';
ok $said{$_}, "$_ was spoken ($said{$_})" for sort keys %said;
for my $name (sort keys %memory) {
    my (undef, $first, $last) = @{$memory{$name}};
    # sanitizers keep what is freed
    cmp_ok $last, '<', 1.5 * $first + 8192,
        "$name: $last KiB after twice as much again, $first before"
        if ($ENV{MUSTER_TEST_SLOW} || 1) == 1;
}
if ($store ne 'memory') {
    $reg->kill;
    $reg->restart;
    is_deeply registered_ours(), model(), 'a crash changes nothing of it';
}
finish();

# what the clients of this test registered under their own names
sub registered_ours
{
    my $all = registered();
    delete @{$all}{grep { !/^(?:own|shared|keep)\./ } keys %$all};
    return $all;
}

sub without_load
{
    my ($all) = @_;
    my %left;
    while (my ($name, $set) = each %$all) {
        ($left{$name} = $set) =~ s/(^| )load \d+//;
    }
    return \%left;
}

sub only_differences
{
    my ($a, $b) = @_;
    my %all = (%$a, %$b);
    return map { $_ => {registry => $a->{$_}, model => $b->{$_}} }
        grep { ($a->{$_} || '') ne ($b->{$_} || '') } keys %all;
}
