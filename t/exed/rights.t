# Who may what over HTTP: the dispatcher asks the registry about tokens that it
# does not know. A token runs what it may where it may, and sees its own jobs;
# what is submitted, cancelled and deleted is written to the audit log, and
# what is refused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use MusterExed;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch));
my $all = "register: ['*']\nset: ['*']\nfind: all\nwatch: all";
my $reg = registry('-o', 'auth.anonymous=none', '-o', 'auth.tokens='
    . tokens_file(
        worker => "$all\npin: {role: web}", dispatch => "$all\nexec: all\n"
            . "ops: ['*']",
        root => "{exec: all, ops: ['*']}",
        ping => '{exec: all, ops: [ping]}',
        web => '{exec: host=w1, ops: [ping, execute]}',
        uptime => '{exec: all, ops: ["execute cmd=uptime*"]}',
        nobody => '{find: all}',
        admin => '{admin: on}'));
my @closed = ('-o', 'auth.anonymous=none', '-o');
my %worker = map {
    ($_ => worker($reg, $_, {unregistered => 1}, @closed,
        'token_file=' . token_file('worker')))
} qw(w1 w2);
my $audit = audit_file();
my $f = {d => dispatcher($reg, @closed, 'token_file=' . token_file('dispatch'),
    '-o', "audit.to=file:$audit")};

sub as
{
    my ($token, $method, $path, $body) = @_;
    return ask($f, $method, $path, $body,
        $token ? (Authorization => "Bearer $token.secret") : ());
}
ok eventually {
    my $a = as('root', 'GET', '/targets');
    $a->{status} == 200 && @{$a->{json}} == 2
}, 'the dispatcher knows two workers, and asks about a token';

# -- whose token ---------------------------------------------------------------
my $a = as(undef, 'GET', '/targets');
is $a->{status}, 401, 'no token';
like $a->{json}{message}, qr/token with the right `exec`/, 'what it takes';
is as('unheard', 'GET', '/targets')->{status}, 401, 'no token of anybody';
is ask($f, 'GET', '/targets', undef, Authorization => 'Basic x')->{status},
    400, 'no token at all';
is ask($f, 'GET', '/targets', undef, 'X-Consul-Token' => 'root.secret')
    ->{status}, 200, 'shown in the other way';
is as('nobody', 'GET', '/targets')->{status}, 403, 'without the right';
is as(undef, 'GET', '/openapi.json')->{status}, 200,
    'what there is is no secret';
is as('nobody', 'POST', '/ping', 'x' x 70000)->{status}, 403,
    'a stranger sends no body';

# -- which operation, and where ------------------------------------------------
sub run { my $a = as(@_); return $a->{status} == 200
    ? join ' ', sort keys %{$a->{json}} : $a->{status} }
is run('root', 'GET', '/ping?select=all'), 'w1 w2', 'root pings both';
is run('ping', 'GET', '/ping?select=all'), 'w1 w2', 'ping, too';
is run('ping', 'GET', '/execute?select=all&cmd=true'), 403, '... only that';
is run('web', 'GET', '/ping?select=all'), 'w1', 'web is narrowed to w1';
is run('web', 'GET', '/execute?target=w1&cmd=true'), 'w1', '... by name';
is run('web', 'GET', '/execute?target=w2&cmd=true'), 404,
    '... and knows no other';
is_deeply as('web', 'GET', '/targets')->{json}, ['w1'], '... nor sees one';
is run('uptime', 'GET', '/execute?target=w1&cmd=uptime'), 'w1',
    'an operation by its arguments';
is run('uptime', 'GET', '/execute?target=w1&cmd=reboot'), 403, 'no others';
is run('admin', 'GET', '/ping?select=all'), 403, 'admin runs nothing';
like as('ping', 'GET', '/execute?target=w1&cmd=true')->{json}{message},
    qr/^no right to execute execute/, 'a refusal says which right';

# -- whose job -----------------------------------------------------------------
my $jid = as('web', 'POST', '/execute', {targets => ['w1'],
    cmd => 'echo pssst; sleep 60'})->{json}{jid};
ok $jid, 'a job of web';
for my $who (qw(ping nobody)) {
    my $none = $who eq 'nobody' ? 403 : 404;
    is as($who, 'GET', "/jobs/$jid$_")->{status}, $none, "$who: $_"
        for '', '?outputs=1', '?follow=1', '/events';
    is as($who, 'DELETE', "/jobs/$jid")->{status}, $none, "$who: delete";
    is as($who, 'POST', "/jobs/$jid/cancel")->{status}, $none,
        "$who: cancel";
    ok !grep { $_ eq $jid } @{as($who, 'GET', '/jobs')->{json}}
        if $none == 404;
}
is as($_, 'GET', "/jobs/$jid")->{json}{by}, 'web', "$_ sees it, and whose it is"
    for qw(web admin);
ok scalar(grep { $_ eq $jid } @{as('admin', 'GET', '/jobs')->{json}}),
    'admin lists it';
is as('web', 'POST', "/jobs/$jid/cancel")->{status}, 202, 'web cancels it';
ok eventually { as('web', 'GET', "/jobs/$jid")->{json}{state} == 2 }, 'it ends';
is as('admin', 'DELETE', "/jobs/$jid")->{status}, 204, 'admin deletes it';

# -- what is written down ------------------------------------------------------
my @mine;
ok eventually {
    @mine = grep { ($_->{face} || '') eq 'http' } audit_events($audit);
    grep { ($_->{action} || '') eq 'delete' } @mine
}, 'the audit log';
my @events = map {
    join ' ', map { defined ? $_ : '-' } @$_{qw(who action what outcome)}
} @mine;
my $text = join "\n", @events;
like $text, qr/^web submit $jid ok$/m, 'a job that is submitted';
like $text, qr/^web cancel $jid ok$/m, 'cancelled';
like $text, qr/^admin delete $jid ok$/m, 'deleted';
my ($submit) = grep { ($_->{what} || '') eq $jid
    && $_->{action} eq 'submit' } @mine;
is_deeply [@$submit{qw(op on)}], ['execute', 'w1'], 'which, and where';
like $submit->{from}, qr/^127\.0\.0\.1:/, 'from where';
my @refused = grep { $_->{outcome} eq 'refused' } @mine;
ok scalar(grep { ($_->{code} || '') eq 'right'
    && ($_->{reason} || '') =~ /execute execute/ } @refused),
    'a right that was lacking';
ok scalar(grep { ($_->{code} || '') eq 'token' } @refused),
    'a token that is none';
unlike slurp($audit), qr/pssst|secret/, 'no argument and no token';
ok !audit_whole($audit), 'it is whole';
$worker{w1}->kill;
finish();
