# Nobody becomes what a token pins by saying so, in whatever way it is said:
# .pinned.role and .owner stand for what the registry set, and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

my $reg = registry('-o', 'auth.tokens=' . tokens_file(
        web => "{register: [web*], set: ['*'], pin: {role: web, 'a b': x y}}",
        evil => "{register: ['*'], set: ['*']}"));
sub is_as_it_was
{
    my ($what) = @_;
    is_deeply [$reg->find('.pinned.role * .names 1')], ['web1'],
        "$what: pinned is who was";
    is_deeply [$reg->find('.owner web .names 1')], ['web1'],
        "$what: and owned by the same";
    is_deeply [$reg->find('.name web1 .pinned 1')],
        [q{web1 load 1 role web 'a b' 'x y' persist 1 .pinned 'role,a b'}],
        "$what: and nothing of it has changed";
}

my $first = $reg->dial('new');
$first->send("web1 load 1 .token web.secret .ack 1\n");
like $first->line, qr/^ok /, 'registered';
$first->send("persist 1\n");
like $first->line, qr/^ok /, 'for good';
is_as_it_was('at first');

# [who, what is tried as a first line, or later ones, how it is refused;
# undef: it is taken for what it says and no more]
my $pinned = qr/is pinned by the token/;
my $directive = qr/unknown directive/;
my $right = qr/no right to register/;
my $owner = qr/belongs to another token/;
my @forgeries = (
    # who has the token claims another value
    ['web', 'web2 role db', $pinned],
    ['web', 'web2 role web role db', $pinned],
    ['web', 'web2 role db role web', $pinned],
    ['web', "web2 'role' db", $pinned],
    ['web', "web2 ro'le' db", $pinned],
    ['web', "web2 'a b' z", $pinned],
    ['web', "web2 role ''", $pinned],
    ['web', "web2 role WEB", $pinned],
    ['web', 'web2', '.unset role', $pinned],
    ['web', 'web2', 'role db', $pinned],
    ['web', 'web2', "'role' 'db'", $pinned],
    ['web', 'web2', '.unset role role db', $pinned],
    ['web', 'web2', '.unset load .unset role', $pinned],
    ['web', 'web2', '.new web3 role db', $pinned],
    ['web', 'web2', '.of web1 role db', $pinned],
    ['web', '.of web1 .unset role', $pinned],
    ['web', 'web1 role db .replace 1', $pinned],
    ['web', 'web2', '.volatile role role db', $pinned],
    ['web', 'web2 .volatile role', 'role db', $pinned],
    # the registry's own names
    ['web', 'web2 .pinned.role db', $directive],
    ['web', 'web2 .owner evil', $directive],
    ['web', 'web2', '.pinned.role db', $directive],
    ['web', "web2 '.pinned.role' db", $directive],
    ['web', 'web2', '.unset .pinned.role', qr/begins with a dot/],
    ['web', 'web2', '.unset .owner', qr/begins with a dot/],
    ['evil', 'x .pinned.role web', $directive],
    ['evil', "x '.pinned.role' web", $directive],
    ['evil', "x .pinned'.'role web", $directive],
    ['evil', "x '.owner' web", $directive],
    ['evil', "x .pinned 'role web'", $directive],
    ['evil', 'x', '.pinned.role web', $directive],
    ['evil', 'x .hidden 1', $directive],
    ['evil', 'x', ".unset '.owner'", qr/begins with a dot/],
    # who has not just claims it
    ['evil', 'x role web', undef],
    ['evil', 'x pinned.role web', undef],
    ['evil', 'x owner web', undef],
    ['evil', "x ' .pinned.role' web", undef],
    ['evil', "x '\x01.owner' web", undef],
    # another's service
    ['evil', 'web1 role web .replace 1', $owner],
    ['evil', 'web1 .ttl 5 role web', qr/duplicate|another token/],
    ['evil', '.of web1 load 2', $owner],
    ['evil', '.of web1 .unset role', $owner],
    ['evil', '.remove web1', $owner],
    ['evil', '.of web1 .ttl 1', $owner],
    ['evil', '.of web1 .volatile role', $owner],
    # names that look alike
    ['web', "db1 role web", $right],
    ['web', "WEB1", $right],
    ['web', "we\x7fb", qr/bad character/],
    # two tokens, or one that is smuggled in
    ['evil', "x .token web.secret", undef],
    ['evil', "x role '.token web.secret'", undef],
    ['evil', "x", ".token web.secret", qr/first line/],
    ['evil', "x role .token", undef],
);
for my $case (@forgeries) {
    my ($who, @lines) = @$case;
    my $why = pop @lines;
    my $shown = join ' / ', @lines;
    $shown =~ s/[\x00-\x1f\x7f]/?/g;
    # the token comes on its own line, but where the line has one of its own
    my $c = $reg->dial('new');
    $c->send(".token $who.secret\n") if "@lines" !~ /^\S+ \.token web/;
    my $answer;
    for my $line (@lines) {
        $c->send("$line .ack 1\n");
        $answer = $c->line;
        last if !defined $answer || $answer !~ /^ok /;
    }
    if (defined $why) {
        like $answer, qr/^error: .*$why/, "$who: $shown: refused";
    } elsif ("@lines" =~ /^\S+ \.token web/) {
        like $answer, $right, "$who: $shown: web may not register x";
    } else {
        like $answer, qr/^ok /, "$who: $shown: taken as it stands";
    }
    is_deeply [$reg->find('.name x .pinned.role * .names 1')], [],
        'x is not pinned to anything';
    is_deeply [$reg->find('.owner web .name x .names 1')], [],
        'nor is it of that token';
    $c->close;
    ok eventually {
        !grep { $_ ne 'web1' } $reg->find('.names 1') }, 'gone again';
    is_as_it_was($shown);
}

# Who has the token may say what it is: that is no forgery
my $honest = $reg->dial('new');
$honest->send("web2 role web .token web.secret .ack 1\n");
like $honest->line, qr/^ok /, 'the value that is pinned may be said';
is_deeply [$reg->find('.pinned.role web .names 1')], ['web1', 'web2'],
    'and is pinned';

# In words and as text, with any operator
my %same = ('.pinned.role web' => 2, '.pinned.role? w*' => 2,
    '.pinned.role~ ^w' => 2, '.pinned.role= db,web' => 2,
    '.pinned.role! db' => 2, '.pinned.role! *' => 0, '.pinned.role *' => 2,
    '.owner web' => 2, '.owner? w*' => 2, '.owner! web' => 0,
    '.pinned.load *' => 0, '.pinned.role web load 1' => 1,
    q('.pinned.a b' 'x y') => 2);
for my $query (sort keys %same) {
    is scalar(@{[$reg->find("$query .names 1")]}), $same{$query}, $query;
}
for my $text ('.pinned.role=web', '.pinned.role?w*', '.owner=web',
    '.pinned.role!=db .owner~^w') {
    my ($rc, $out) = muster($reg, 'find', '--names', $text);
    is_deeply [$rc, $out], [0, "web1\nweb2\n"], "as text: $text";
}
like $reg->find_bytes(".pinned. x\n"), qr/^error: 'unknown directive/,
    'an empty name is none';
like $reg->find_bytes(".owners web\n"), qr/^error: 'unknown directive/,
    'nor is a longer one';

# Nobody with all rights: unset takes the pin along
my $admin = $reg->dial('new');
$admin->send(".of web1 .unset role .ack 1\n");
like $admin->line, qr/^ok /, 'who may do everything takes a pin away';
is_deeply [$reg->find('.pinned.role web .names 1')], ['web2'], 'it is gone';
is_deeply [$reg->find('.name web1 .pinned 1')],
    [q{web1 load 1 'a b' 'x y' persist 1 .pinned 'a b'}], 'and no other';
finish();
