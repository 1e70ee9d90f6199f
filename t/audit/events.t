# Each committed change and each refusal is one line: who, from where, what.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd', 'muster');
my $log = audit_file();
my $reg = registry('-o', "audit.to=file:$log");

my $c = $reg->dial('new');
$c->send("a kind web host h .ack 1\n");
is $c->line, 'ok 1', 'registered';
$c->send("kind db x 1\n");
$c->line;
$c->send(".unset x\n");
$c->line;
$c->send(".new p persist 1\n");
$c->line;
$c->send("kind web\n.foo 1\n");
$c->lines(2);
$c->send(".new a\n");
$c->line;
$c->send(".of nobody x 1\n");
$c->line;
$c->send(".remove p\n");
$c->line;
my $from = $c->{socket}->sockhost . ':' . $c->{socket}->sockport;
$c->close;
eventually { !$reg->find('.names 1') };
my $d = $reg->register('t .ttl 1');
eventually { !$reg->find('.names 1') };
$d->close;
$reg->dial('find')->send("x\n");
$reg->dial('new')->send("'bad\x01\\ name \xff' x 1\n");
audit_wait { ($_->{face} || '') eq 'find' } $log;
audit_wait { ($_->{reason} || '') =~ /bad character/ } $log;
$reg->stop;

is audit_whole($log), '', 'the chain is whole';
my @e = audit_events($log);
my @of = grep { ($_->{from} || '') eq $from } @e;
my @told = map { my $e = $_; join ' ', map { defined $e->{$_} ? $e->{$_} : '-' }
    qw(face action what outcome revision code) } @of;
is_deeply \@told, [
    'new register a ok 1 -',
    'new update a ok 2 -',
    'new update a ok 3 -',
    'new register p ok 4 -',
    'new update a ok 5 -',
    'new request - refused - request',
    'new register a refused - taken',
    'new update nobody refused - request',
    'new remove p ok 6 -',
], 'what one connection did, in its order';
is_deeply $of[0]{attrs}, ['kind', 'host'], 'names of what was set';
is_deeply $of[1]{attrs}, ['kind', 'x'], 'of what was changed and added';
is_deeply $of[2]{attrs}, ['x'], 'of what was unset';
is $of[6]{reason}, 'duplicate service name', 'the reason is what the peer saw';
is_deeply [map { $_->{who} } @of], [('anonymous') x @of], 'nobody showed a token';
unlike slurp($log), qr/"web"|"db"/, 'no values';

my @ends = grep { $_->{action} eq 'end' } @e;
is_deeply [map { "$_->{what} $_->{revision} $_->{reason}" } @ends],
    ['a 7 its connection ended', 't 9 its ttl is over'],
    'ends that nobody asked for, and why';
my ($find) = grep { ($_->{face} || '') eq 'find' } @e;
is "$find->{outcome} $find->{code}", 'refused request', 'a refusal of find';
my ($bad) = grep { ($_->{reason} || '') =~ /bad character/ } @e;
ok $bad, 'a name that is none: valid JSON all the same';
is_deeply [map { "$_->{action}" } @e[0, -1]], ['start', 'stop'],
    'the daemon says when it began and ended';
like $e[1]{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'UTC';
my ($rc, $o) = audit_verify($log);
is "$rc $o->{lines}", '0 ' . @e, 'muster audit verify agrees';
finish();
