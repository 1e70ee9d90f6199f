# Who may do what on the registry's ports: every token with every action. Each
# cell of the table stands there; one that is missing is a failure.
#
# What is registered: web1 and pweb (persistent) by token web, which pins role
# to web; db1, which only claims that role, and pdb (persistent) by admin.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

my @tokens = qw(none nobody finder narrow watcher web load boss);
my $reg = registry('-o', 'auth.anonymous=none', '-o', 'auth.tokens='
    . tokens_file(
        nobody => '{}',
        finder => '{find: all}',
        narrow => '{find: .pinned.role=web, watch: .pinned.role=web}',
        watcher => '{watch: all}',
        web => "{register: [web*, pweb], set: ['*'], pin: {role: web}, "
            . 'find: .owner web, watch: .owner web}',
        load => '{register: [web*, pweb, pdb], set: [load]}',
        boss => "{register: ['*'], set: ['*'], find: all, watch: all, "
            . 'admin: on}'));

# A connection that has shown a token, if it is one.
sub speak
{
    my ($face, $token) = @_;
    my $c = $reg->dial($face);
    $c->line if $face eq 'event';    # READY
    $c->send(".token $token.secret\n") if $token ne 'none';
    return $c;
}

# Registers for good, or as long as what is returned lives.
sub have
{
    my ($token, $line) = @_;
    my $c = speak('new', $token);
    $c->send("$line .ack 1\n");
    like $c->line, qr/^ok /, "there is $line";
    return $c;
}

# The answer in a word: what was found, or why it was refused.
sub outcome
{
    my @lines = @_;
    return 'silent' if !@lines || !defined $lines[0];
    return join ' ', @lines if $lines[0] !~ /^error: /;
    return $lines[0] =~ /no right to / ? 'right'
        : $lines[0] =~ /is pinned by the token|a pinned attribute/ ? 'pinned'
        : $lines[0] =~ /belongs to another token/ ? 'owner'
        : $lines[0] =~ /belongs to another connection/ ? 'connection'
        : $lines[0] =~ /duplicate/ ? 'taken'
        : $lines[0] =~ /no such service/ ? 'absent' : $lines[0];
}

sub found
{
    my ($token, $query) = @_;
    my $c = speak('find', $token);
    $c->send("$query\n");
    $c->end;
    my @lines = grep { !/^\.end/ } $c->rest;
    return @lines ? outcome(sort @lines) : '-';
}

# What a line of port new comes to; a word like ok, not its revision.
sub said
{
    my ($token, $first, @more) = @_;
    my $c = speak('new', $token);
    my $answer;
    for my $line ($first, @more) {
        $c->send("$line .ack 1\n");
        $answer = $c->line;
        last if $answer !~ /^ok /;
    }
    return 'ok' if $answer =~ /^ok /;
    return outcome($answer);
}

# What a reader hears of a change of db1, then of web1: as many of them.
my ($web1, $db1) = (have('web', 'web1 load 1'), have('boss', 'db1 role web'));
have('web', 'pweb persist 1');
have('boss', 'pdb role db persist 1');

sub heard
{
    my ($token, $line, $wait) = @_;
    my $c = speak('event', $token);
    $c->send("$line\n") if $line;
    my $ready = $line ? $c->line : '';
    return outcome($ready) if $ready =~ /^error/;
    # a plain reader that may not: is told when it is found out
    my $plain = !$line && ($token eq 'none' || $token =~ /nobody|finder|load/);
    return outcome($c->line) if $plain && $token ne 'none';
    my $version = ($reg->{version} ||= 0);
    $db1->send("n " . ++$reg->{version} . "\n");
    $db1->line;
    $web1->send("n " . ++$reg->{version} . "\n");
    my ($last) = $web1->line =~ /(\d+)/;
    return $c->silent ? 'silent' : 'told' if $plain;
    my @told;
    while (1) {
        my $text = $c->line;
        last if !defined $text;
        push @told, $text =~ /^[-+=] \d+ (\w+)/ ? $1 : 'version';
        last if $text =~ /^(?:[-+=] )?0*$last\b/;
    }
    return join ' ', sort keys %{{map { $_ => 1 } @told}};
}

my $nothing = 'right';
my %action = (
    'find all' => sub { found($_[0], '.names 1') },
    'find by a claim' => sub { found($_[0], 'role web .names 1') },
    'find by a pin' => sub { found($_[0], '.pinned.role web .names 1') },
    'find by owner' => sub { found($_[0], '.owner boss .names 1') },
    'find by name' => sub { found($_[0], '.name db1 .names 1') },
    'find absence' => sub { found($_[0], '.owner! * .names 1') },
    'count' => sub { found($_[0], '.count 1') },
    'page' => sub { found($_[0], '.after web1 .limit 1 .names 1') },
    'page after what is not seen' =>
        sub { found($_[0], '.after db1 .limit 1 .names 1') },
    'since' => sub { found($_[0], '.since 0 .names 1') },
    'kept' => sub { found($_[0], ".keep 1 .names 1\nrole web .count 1") },
    'watch plainly' => sub { heard($_[0], '') },
    'watch versions' => sub { heard($_[0], '.filter 1') },
    'watch a selection' => sub { heard($_[0], 'role web .filter 1') },
    'watch details' => sub { heard($_[0], '.detail 1') },
    'look into port new' => sub { said($_[0], '.ack 1') },
    'register' => sub { said($_[0], 'web7') },
    'register another name' => sub { said($_[0], 'db7') },
    'register with load' => sub { said($_[0], 'web7 load 1') },
    'register with role' => sub { said($_[0], 'web7 role db') },
    'register a name that is taken' => sub { said($_[0], 'web1') },
    'further service' => sub { said($_[0], 'web7', '.new web8') },
    'change own' => sub { said($_[0], 'web7', 'load 2') },
    'change own role' => sub { said($_[0], 'web7', 'role db') },
    'unset own role' => sub { said($_[0], 'web7', '.unset role') },
    'change pweb' => sub { said($_[0], '.of pweb load 1') },
    'change pdb' => sub { said($_[0], '.of pdb load 1') },
    'unset pinned of pweb' => sub {
        my $said = said($_[0], '.of pweb .unset role');
        have('web', 'pweb persist 1 .replace 1') if $said eq 'ok';
        return $said;
    },
    'set pinned of pweb' => sub { said($_[0], '.of pweb role db') },
    'change web1 of another connection' => sub { said($_[0], '.of web1 load 1') },
    'change what is not there' => sub { said($_[0], '.of web99 load 1') },
    'replace web1' => sub {
        my $said = said($_[0], 'web1 .replace 1');
        if ($said eq 'ok') {
            ok eventually { !$reg->find('.token boss.secret .name web1') },
                'who took web1 is gone';
            $web1 = have('web', 'web1 load 1');
        }
        return $said;
    },
    'replace pdb' => sub {
        my $said = said($_[0], 'pdb role db persist 1 .replace 1');
        have('boss', 'pdb role db persist 1 .replace 1') if $said eq 'ok';
        return $said;
    },
    'remove pweb' => sub {
        my $said = said($_[0], '.remove pweb');
        have('web', 'pweb persist 1') if $said eq 'ok';
        return $said;
    },
    'remove pdb' => sub {
        my $said = said($_[0], '.remove pdb');
        have('boss', 'pdb role db persist 1') if $said eq 'ok';
        return $said;
    },
);

my ($mine, $every) = ('pweb web1', 'db1 pdb pweb web1');
my @table = (
    # action      none nobody finder narrow watcher web load boss
    ['find all', $nothing, $nothing, $every, $mine, $nothing, $mine, $nothing,
        $every],
    ['find by a claim', $nothing, $nothing, 'db1 pweb web1', $mine, $nothing,
        $mine, $nothing, 'db1 pweb web1'],
    ['find by a pin', $nothing, $nothing, $mine, $mine, $nothing, $mine,
        $nothing, $mine],
    ['find by owner', $nothing, $nothing, 'db1 pdb', '-', $nothing, '-',
        $nothing, 'db1 pdb'],
    ['find by name', $nothing, $nothing, 'db1', '-', $nothing, '-', $nothing,
        'db1'],
    ['find absence', $nothing, $nothing, '-', '-', $nothing, '-', $nothing,
        '-'],
    ['count', $nothing, $nothing, '4', '2', $nothing, '2', $nothing, '4'],
    ['page', $nothing, $nothing, 'db1', 'pweb', $nothing, 'pweb', $nothing,
        'db1'],
    ['page after what is not seen', $nothing, $nothing, 'pweb', 'absent',
        $nothing, 'absent', $nothing, 'pweb'],
    ['since', $nothing, $nothing, $every, $mine, $nothing, $mine, $nothing,
        $every],
    ['kept', "$nothing", $nothing, "3 $every", "2 $mine", $nothing, "2 $mine",
        $nothing, "3 $every"],
    ['watch plainly', 'silent', $nothing, $nothing, 'version', 'version',
        'version', $nothing, 'version'],
    ['watch versions', $nothing, $nothing, $nothing, 'version', 'version',
        'version', $nothing, 'version'],
    ['watch a selection', $nothing, $nothing, $nothing, 'version', 'version',
        'version', $nothing, 'version'],
    ['watch details', $nothing, $nothing, $nothing, 'web1', 'db1 web1',
        'web1', $nothing, 'db1 web1'],
    ['look into port new', ($nothing) x 5, 'ok', 'ok', 'ok'],
    ['register', ($nothing) x 5, 'ok', 'ok', 'ok'],
    ['register another name', ($nothing) x 7, 'ok'],
    ['register with load', ($nothing) x 5, 'ok', 'ok', 'ok'],
    ['register with role', ($nothing) x 5, 'pinned', $nothing, 'ok'],
    ['register a name that is taken', ($nothing) x 5, ('taken') x 3],
    ['further service', ($nothing) x 5, 'ok', 'ok', 'ok'],
    ['change own', ($nothing) x 5, 'ok', 'ok', 'ok'],
    ['change own role', ($nothing) x 5, 'pinned', $nothing, 'ok'],
    ['unset own role', ($nothing) x 5, 'pinned', $nothing, 'ok'],
    ['change pweb', ($nothing) x 5, 'ok', 'owner', 'ok'],
    ['change pdb', ($nothing) x 6, 'owner', 'ok'],
    ['unset pinned of pweb', ($nothing) x 5, 'pinned', $nothing, 'ok'],
    ['set pinned of pweb', ($nothing) x 5, 'pinned', $nothing, 'pinned'],
    ['change web1 of another connection', ($nothing) x 5, ('connection') x 3],
    ['change what is not there', ($nothing) x 5, ('absent') x 3],
    ['replace web1', ($nothing) x 5, 'ok', 'owner', 'ok'],
    ['replace pdb', ($nothing) x 7, 'ok'],
    ['remove pweb', ($nothing) x 5, 'ok', 'owner', 'ok'],
    ['remove pdb', ($nothing) x 6, 'owner', 'ok'],
);

$_->send(".ack 1\n"), $_->line for $web1, $db1;
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
finish();
