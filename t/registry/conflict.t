# One worker, one identity: of two live ones that say to be the same host only
# the first gets jobs. The other says so to everybody who looks, and takes its
# place some time after the first has gone, or when an operator says so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Tokens;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd', 'muster-worker', 'muster-dispatch', 'muster');

my $tokens = tokens_file(plain => "register: ['*']\nset: ['*']\nfind: all");
# long enough that nothing is released while the test is at something else
my $reg = registry({conf => "registry: {conflict_hold: 1h}\n"},
    '-o', "auth.tokens=$tokens");
my $watch = $reg->dial('event');
$watch->send(".detail 1 conflict *\n");
$watch->until(qr/^READY \d/);

sub conflicts { return $reg->find('kind worker conflict * .names 1') }

my $first = worker($reg, 'web1', {name => 'first'});
my ($one) = $reg->find('kind worker .names 1');
is_deeply [conflicts()], [], 'one worker is in no conflict';
my $second = worker($reg, 'web1', {name => 'second', unregistered => 1});
my ($told) = $watch->lines(1);
my ($two) = $told =~ /^\+ \d+ (\S+) /;
isnt $two, $one, 'the second one is told of';
like $told, qr/ conflict \Q$one\E(?: |$)/, '... with the name of the first';
like $told, qr/ conflict\.from 127\.0\.0\.1:\d+ conflict\.with 127\.0\.0\.1:/,
    '... and where both are';
is_deeply [conflicts()], [$two], 'find shows it';
ok eventually { grep { /quarantined/ } $second->log }, 'it knows, and says so';
ok !(grep { /quarantined/ } $first->log), 'the first is none the wiser';
ok +(grep { /conflict: \Q$two\E from .* is quarantined/ } $reg->log),
    'nor does the registry keep quiet';
my ($rc, $out) = muster($reg, 'find', 'kind=worker',
    '--table=host,conflict');
like $out, qr/^\Q$two\E\s+web1\s+\Q$one\E\s*$/m, 'nor does the command line';

# no job for it
my $d = dispatcher($reg);
ok eventually { $d->knows(1) }, 'a dispatcher knows one of them';
for my $n (1 .. 5) {
    my @lines = $d->ask('exec', "execute cmd 'ps -o args= -p "
        . "\$(ps -o ppid= -p \$PPID)' .on all\n");
    is((grep { /^out web1 stdout .*\/first-/ } @lines), 1, 'the first runs it')
        or diag(@lines);
    ok !(grep { /second-/ } @lines), 'and only the first';
}

# it cannot shake that off
my $c = $reg->dial('new');
$c->send(".token plain.secret\n");
$c->send("tcp!h!1 kind worker host web1 .ack 1\n");
like $c->line, qr/^ok/, 'a third one';
for my $line ('.unset conflict x y', 'conflict none',
    '.unset conflict.from', 'conflict.with nobody') {
    $c->send("$line\n");
    like $c->line, qr/^error: .*pinned/, "refused: $line";
}
is_deeply [sort(conflicts())], [sort $two, 'tcp!h!1'],
    'it is in the same quarantine';
$c->send("host web2\n");
like $c->line, qr/^ok/, 'it says to be another';
is_deeply [$reg->find('.name tcp!h!1')], ['tcp!h!1 kind worker host web2'],
    'and is that';
$c->send("host web1\n");
$c->line;
is_deeply [sort(conflicts())], [sort $two, 'tcp!h!1'], 'and back';
my $again = $reg->dial('new');
$again->send(".token plain.secret\n");
$again->send("tcp!h!1 kind worker host web1 .replace 1 .ack 1\n");
like $again->line, qr/^ok/, 'it comes again under its name';
is_deeply [sort(conflicts())], [sort $two, 'tcp!h!1'], 'nothing is gained';
$again->close;
ok eventually { "@{[conflicts()]}" eq $two }, 'it goes';

# the first comes again under its name: it is still the first
$first->kill;
ok eventually { !grep { $_ eq $one } $reg->find('kind worker .names 1') },
    'the first is gone';
is_deeply [conflicts()], [$two], 'the second is not it at once';
$first->restart;
ok eventually { grep { $_ eq $one } $reg->find('conflict! * .names 1') },
    'the first is back';
is_deeply [conflicts()], [$two], 'and the second where it was';

# it goes for good
spew($reg->{conf}, "registry: {conflict_hold: 1s}\n");
$reg->signal('HUP');
ok eventually { grep { /conflict_hold is now 1s/ } $reg->log }, 'another hold';
my $since = time;
$first->stop;
ok eventually { !conflicts() }, 'the second is released ...';
cmp_ok time - $since, '>', 0.9, '... not at once';
ok eventually { grep { /no longer quarantined/ } $second->log },
    'and says so';
ok eventually { $d->knows(1) }, 'the dispatcher knows it';
ok +(grep { /^out web1/ } $d->ask('exec', "execute cmd 'echo x' .on all\n")),
    'it gets jobs';

# an operator's word
$first->start;
ok eventually { "@{[conflicts()]}" eq $one }, 'now the first is the second';
$c = $reg->dial('new');
$c->send("op .ack 1\n");
$c->line;
$c->send(".of $one .unset conflict kind x\n");
like $c->line, qr/^error:/, 'an operator changes nothing else of it';
$c->send(".of $one .unset conflict\n");
like $c->line, qr/^ok/, 'but may release it';
is_deeply [conflicts()], [], 'at once';
ok !$reg->find("conflict.from *"), 'and nothing is left of it';
finish();
