# One identity twice: a worker is cloned with its key and name, two names come
# with one key, one name with two keys. Whatever is run on all runs once for
# each host, the clone says so to everybody who looks, and takes over only some
# time after the first has gone, or at an operator's word.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Time::HiRes qw(time);
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $rights = "register: ['*']\nset: ['*']\nfind: all\nwatch: all";
my $reg = registry({conf => "registry: {conflict_hold: 2s}\n"},
    '-o', 'auth.anonymous=none', '-o', 'auth.tokens=' . tokens_file(
        key1 => $rights, key2 => $rights,
        pinned => "$rights\npin: {owner_host: web1}",
        dispatch => "$rights\nexec: all\nops: ['*']",
        boss => "$rights\nexec: all\nops: ['*']\nadmin: on"));
my @closed = ('-o', 'auth.anonymous=none', '-o');
my $d = dispatcher($reg, @closed, 'token_file=' . token_file('dispatch'));
my $watch = $reg->dial('event');
$watch->send(".token boss.secret\n.detail 1 conflict *\n");
$watch->until(qr/^READY \d/);
my $effects = scratch() . '/effects';
my $n = 0;

sub found { return $reg->find(".token boss.secret $_[0]") }
sub start
{
    my ($host, $key, $name, @more) = @_;
    return worker($reg, $host, {name => $name, unregistered => 1}, @closed,
        'token_file=' . token_file($key), @more);
}
# A worker and its service: what it is registered as
sub service_of
{
    my ($w) = @_;
    my $address = $w->address('worker') =~ s/:(\d+)$/!$1/r;
    return "tcp!$address";
}
sub ask
{
    my ($line) = @_;
    my $c = $d->dial('exec');
    $c->send(".token boss.secret\n$line\n");
    $c->end;
    return $c->rest;
}
# Runs something once wherever the request says; which worker did, by its pid
sub who_ran
{
    my ($request) = @_;
    my $file = "$effects." . ++$n;
    spew($file, '');
    # $PPID is the job's monitor, its parent the worker
    my @life = ask("execute cmd 'ps -o ppid= -p \$PPID >>$file' $request");
    return "@life" if $life[0] =~ /^error/;
    return join ' ', sort map { s/\s//gr } split /\n/, slurp($file);
}
sub knows
{
    my ($count) = @_;
    return eventually { (ask("ping .on all .expect $count"))[0] =~ /^submit/ };
}

my $one = start('web1', 'key1', 'one');
ok knows(1), 'a worker';
is who_ran('.on all'), $one->{pid}, 'which runs what it is told';

# -- the matrix: who comes second, and what becomes of it --------------------------

my @matrix = (
    # key, name, quarantined
    ['key1', 'web1', 1, 'the same key, the same name: a clone'],
    ['key2', 'web1', 1, 'another key, the same name'],
    ['pinned', 'web1', 1, 'another key that pins something, the same name'],
    ['key1', 'web2', 0, 'the same key, another name'],
    ['key2', 'web2', 0, 'another key, another name'],
);
for my $row (@matrix) {
    my ($key, $host, $conflict, $what) = @$row;
    my $two = start($host, $key, "$host-$key");
    my $service = service_of($two);
    ok +(eventually { found(".name $service") }), "$what: is registered";
    my ($line) = found(".name $service");
    if ($conflict) {
        my $told = ($watch->until(qr/^\+ \d+ \Q$service\E /))[-1];
        like $line, qr/ conflict \Q@{[service_of($one)]}\E(?: |$)/,
            'quarantined, and says by whom';
        like $told, qr/ conflict\.from 127\.0\.0\.1:\d+ conflict\.with 127\.0\.0\.1:\d+/,
            'an event tells of it, with both addresses';
        is who_ran($_), $one->{pid}, "only the first runs: $_"
            for '.on all', '.on host=web1', '.hosts web1', '.on all .any 1';
        is +(ask('ping .on all .expect 2'))[0],
            q{error: '1 worker matches, .expect is 2'}, 'they count as one';
    } else {
        unlike $line, qr/conflict/, 'no conflict';
        ok knows(2), 'they are two';
        is who_ran('.on all'), join(' ', sort $one->{pid}, $two->{pid}),
            'both run it, once each';
        is who_ran(".hosts $host"), $two->{pid}, 'each by its name';
    }
    $two->stop;
    ok +(eventually { !found(".name $service") }), 'it goes';
    ok knows(1), 'and one is left';
}

# -- many at once ----------------------------------------------------------------

my @clones = map { start('web1', 'key1', "clone$_") } 1 .. 4;
ok +(eventually { 4 == found('kind worker conflict * .names 1') }),
    'four clones at once: each is quarantined';
is who_ran('.on all'), $one->{pid}, 'one of five runs it';

# -- the first goes ----------------------------------------------------------------

my ($next) = found('kind worker conflict * .names 1');
$one->kill;
my $since = time;
ok +(eventually { !found('.name ' . service_of($one)) }), 'the first is killed';
my $ran = who_ran('.on all .wait 0.1');
ok $ran =~ /no worker matches/ || time - $since > 2,
    'nobody takes its place at once' or diag($ran);
ok +(eventually { 3 == found('kind worker conflict * .names 1') }),
    'after a while one does';
cmp_ok time - $since, '>', 1.9, 'which is registry.conflict_hold';
is_deeply [found('kind worker conflict! * .names 1')], [$next],
    'the one that came next';
ok knows(1), 'the dispatcher knows it';
my $runs = who_ran('.on all');
is scalar(grep { $runs eq $_->{pid} } @clones), 1, 'and one of them runs it';

# -- an operator's word ------------------------------------------------------------

my ($third) = found('kind worker conflict * .names 1');
my $c = $reg->dial('new');
$c->send(".token key2.secret\nx .ack 1\n");
$c->line;
$c->send(".of $third .unset conflict\n");
like $c->line, qr/^error:/, 'not everybody may release one';
$c = $reg->dial('new');
$c->send(".token boss.secret\ny .ack 1\n");
$c->line;
my ($first) = grep { service_of($_) eq $next } @clones;
$first->stop;
ok +(eventually { !found(".name $next") }), 'the first goes again';
$c->send(".of $third .unset conflict\n");
like $c->line, qr/^ok/, 'an operator releases another';
is_deeply [found('kind worker conflict! * .names 1')], [$third], 'at once';
ok knows(1), 'and the dispatcher gives it jobs';
my ($chosen) = grep { service_of($_) eq $third } @clones;
is who_ran('.on all'), $chosen->{pid}, 'which it runs';

# -- its history -----------------------------------------------------------------

my @hosts = map { /^host (\S+)/ ? $1 : () } map { ask("job $_") }
    map { (split ' ')[0] } ask('jobs op=execute');
is_deeply [sort keys %{{map { $_ => 1 } @hosts}}], ['web1', 'web2'],
    'jobs stand under the names of their hosts, whoever was it';
finish();
