# Jobs that begin later begin with the rights that their submitter has then:
# a token that was revoked, expired or may less starts nothing any more.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch));
my $rights = "register: ['*']\nset: ['*']\nfind: all\nwatch: all";
sub tokens
{
    my (%more) = @_;
    return (worker => $rights, dispatch => "$rights\nexec: all\nops: ['*']",
        %more);
}
# The registry has all of them, the dispatcher some of its own
my $all = tokens_file(tokens(asked => '{exec: all, ops: [execute]}'));
my $own = tokens_file(ann => '{exec: all, ops: [execute, ping]}',
    bob => '{exec: all, ops: [execute]}', admin => '{admin: on}');
my $reg = registry('-o', 'auth.anonymous=none', '-o', "auth.tokens=$all");
my @closed = ('-o', 'auth.anonymous=none', '-o');
my $w = worker($reg, 'w1', {unregistered => 1}, @closed,
    'token_file=' . token_file('worker'), '-o', 'worker.slots=8');
my $d = dispatcher($reg, @closed, 'token_file=' . token_file('dispatch'), '-o',
    "auth.tokens=$own");
my $mark = scratch() . '/mark';

sub ask
{
    my ($token, $line) = @_;
    my $c = $d->dial('exec');
    $c->send(".token $token.secret\n$line\n");
    $c->end;
    return [$c->rest];
}
sub begin
{
    my ($token, $words) = @_;
    my ($first) = @{ask($token, "$words .on all .detach 1")};
    my ($jid) = $first =~ /^held (\S+)/ or fail("$token: $words: $first");
    return $jid;
}
# How it came out: done, or the error
sub came
{
    my ($jid) = @_;
    my @life = @{ask('admin', "follow $jid")};
    return $life[-1] =~ /^error: '(.*)'/ ? $1 : $life[-1] =~ /^(done)/ ? $1 :
        "@life";
}
ok +(eventually { ask('ann', 'ping .on all .expect 1')->[0] =~ /^submit/ } 20),
    'a worker';

# A job that runs until it is let go: others begin after it
my $hold = scratch() . '/hold';
sub held
{
    spew($hold, '');
    my ($jid) = map { /^submit (\S+)/ } @{ask('ann',
        "execute cmd 'while test -e $hold; do sleep 0.05; done' .on all "
        . '.detach 1')};
    return ".after $jid";
}
my $later = held();
my %job = (
    stays => begin('ann', "execute cmd 'echo >>$mark.stays' $later"),
    revoked => begin('bob', "execute cmd 'echo >>$mark.revoked' $later"),
    less => begin('ann', "execute cmd 'echo >>$mark.less' user x $later"),
    asked => begin('asked', "execute cmd 'echo >>$mark.asked' $later"),
    every => begin('bob', "execute cmd 'echo >>$mark.every' .every 1s"),
);
ok +(eventually { -e "$mark.every" } 20), 'a schedule has run';
# bob goes, ann may do less: no argument but cmd
Tokens::private($own, tokens_text(
    ann => "{exec: all, ops: ['execute cmd=*', ping]}", admin => '{admin: on}'));
$d->signal('HUP');
ok +(eventually { grep { /token bob: the token was revoked/ } $d->log } 20),
    'a token is revoked';
unlink $hold;
is came($job{stays}), 'done', 'who still may: it runs';
ok -e "$mark.stays", 'and has run';
is came($job{revoked}), 'the token bob, which asked for it, was revoked, has '
    . 'expired or is not known here', 'a revoked one starts nothing, and says so';
ok !-e "$mark.revoked", 'and has not';
like came($job{less}), qr/token ann, which asked for it: no right to execute .* arguments/,
    'nor one that may less';
is came($job{asked}), 'done', 'one that the registry keeps is asked about';
my $size = -s "$mark.every";
ok +(eventually {
    join("\n", @{ask('admin', "job $job{every}")}) =~ / missed [1-9]/
} 20), 'a schedule of a revoked token misses its times';
cmp_ok -s "$mark.every", '<=', $size + 1, 'and runs no more';
ok +(eventually { join("\n", @{ask('admin', "why $job{every}")}) =~
    /missed.*token bob, which asked for it, was revoked/ } 20),
    'which its history says';

# One that the registry revokes while its job waits
$later = held();
my $gone = begin('asked', "execute cmd 'echo >>$mark.gone' $later");
Tokens::private($all, tokens_text(tokens()));
$reg->signal('HUP');
ok +(eventually { grep { /token asked: the token was revoked/ } $d->log } 60),
    'the dispatcher hears of it while the job waits';
unlink $hold;
like came($gone), qr/token asked, which asked for it, was revoked/,
    'a token that the registry takes back starts nothing';
ok !-e "$mark.gone", 'and has not';
finish();
