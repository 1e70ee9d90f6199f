# Tokens come, go and change while daemons run: at SIGHUP, with every mistake
# told and none taken over, and whoever spoke for one that went is closed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Muster;
use Test::More;
use Tokens;

my $file = tokens_file(
    a => "{register: [a*], set: ['*'], find: all, watch: all}",
    b => "{register: [b*], set: ['*'], find: all}",
    guest => '{find: .name a*}');
my $reg = registry('-o', 'auth.anonymous=guest', '-o', "auth.tokens=$file");

sub rewritten
{
    my ($text, $wanted) = @_;
    spew($file, $text);
    $reg->signal('HUP');
    ok eventually { grep { /$wanted/ } $reg->log }, "the log says: $wanted";
}
sub speak
{
    my ($face, $line) = @_;
    my $c = $reg->dial($face);
    $c->send("$line\n");
    return $c;
}

my $a = speak('new', 'a1 x 1 .token a.secret .ack 1');
like $a->line, qr/^ok /, 'a is good';
my $b = speak('new', 'b1 x 1 .token b.secret .ack 1');
like $b->line, qr/^ok /, 'b is good';
my $reader = speak('event', '.token a.secret .detail 1 .since 0');
is $reader->line, 'READY', 'a reader';
my $kept = speak('find', '.token b.secret .keep 1 .names 1');
$kept->until(qr/^\.end/);
is_deeply [$reg->find('.names 1')], ['a1'], 'a guest sees what guest may';

# the same again: nobody is disturbed
my $now = time - 1;
utime $now, $now, $file;
$reg->signal('HUP');
ok eventually { 1 < grep { /3 tokens of/ } $reg->log }, 'read again';
$kept->send(".count 1\n");
is_deeply [$kept->lines(2)], [2, '.end 2'], 'who asks is answered';

# a mistake: nothing changes
my $good = slurp($file);
rewritten("$good\nbad:\n  find: 'mem>= x'\n  colour: red\n",
    qr/there is no right colour/);
ok scalar(grep { /:\d+: token bad: find: mem is compared/ } $reg->log),
    'and the other one, with its line';
$kept->send(".count 1\n");
is_deeply [$kept->lines(2)], [2, '.end 2'], 'b is as good as before';

# one goes
rewritten(tokens_text(b => "{register: [b*], set: ['*'], find: all}",
        guest => '{find: .name a*}'), qr/2 tokens of/);
is $a->line, q{error: 'the token was revoked'}, 'a is told';
ok $a->ends, 'and closed';
$reader->until(qr/^error: 'the token was revoked'$/);
ok $reader->ends, 'its reader, too';
is_deeply [$reg->find('.token b.secret .names 1')], ['b1'],
    'what it had registered is gone';
is_deeply [$reg->find('.token a.secret')],
    [q{error: 'unknown or expired token'}], 'it is unknown now';
$kept->send(".count 1\n");
like $kept->line, qr/^1$/, 'b goes on';
$kept->line;

# one has other rights
rewritten(tokens_text(b => '{find: all}', guest => '{find: .name b*}'),
    qr/rights have changed/);
like $kept->line, qr/^error: 'the token's? ?'?.*rights have changed/,
    'b is told';
ok $kept->ends && $b->line && $b->ends, 'and everything of it closed';
my $none = speak('new', 'b1 .token b.secret .ack 1');
like $none->line, qr/^error: 'no right to register/, 'it may less now';

# it expires: so soon that a test may wait for it, but not before it has been
# used here
my $short;
for my $seconds (3, 6, 12, 24) {
    my $expires = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $seconds));
    spew($file, tokens_text(b => "{find: all, expires: $expires}",
            guest => '{find: .name b*}'));
    $reg->signal('HUP');
    # not the rights of before
    eventually {
        my ($who) = $reg->find('.token b.secret .whoami 1');
        return $who =~ /expires \Q$expires\E|^error: 'unknown or expired/;
    };
    my $c = speak('find', '.token b.secret .keep 1 .count 1');
    next unless ($c->line // '') eq '0';
    $short = $c;
    last;
}
ok $short, 'good for a while';
$short->until(qr/^\.end/);
is $short->line, q{error: 'the token has expired'}, 'then it is told';
ok $short->ends, 'and closed';
is_deeply [$reg->find('.token b.secret')],
    [q{error: 'unknown or expired token'}], 'and good no more';

# a file that others may write decides nothing
chmod 0664, $file;
$reg->signal('HUP');
ok eventually { grep { /its mode 0664 lets everybody read it/ } $reg->log },
    'what everybody may read is refused';
chmod 0660, $file;
$reg->signal('HUP');
ok eventually { grep { /its mode 0660 lets a group change it/ } $reg->log },
    'so is what others may write';
unlink $file;
$reg->signal('HUP');
ok eventually { grep { /No such file/ } $reg->log }, 'one that is gone';
my ($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', "auth.tokens=$file", '-o', 'registry.store=memory');
is $rc, 1, 'and none is started with such a file';
like $err, qr/the tokens file: No such file/, 'it says why';
finish();
