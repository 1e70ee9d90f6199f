# libmuster keeps a service registered: what it says to a registry, and when.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
my $d = driver($reg->name);

$d->send("register r a kind web note 'it''s two' .volatile load load 1\n");
my $c = $reg->new;
is $c->line, "a kind web note 'it''s two' load 1 .ack 1 .volatile load",
    'one line with all of it';
$c->send("ok 1\n");
is $d->news, 'r registered 1', 'and it is told';

$d->send("set r x 1 y 2\nunset r note\nset r kind web\n");
is $c->line, 'x 1 y 2 .unset note', 'what is set in one turn is one line';
$d->send("set r x 2\n");
$d->send("set r x 3\n");
ok $d->quiet, 'what is set while it is unanswered';
ok $c->silent, 'waits';
$c->send("ok 2\n");
is $c->line, 'x 3', 'and goes out as one change';
$c->send("ok 3\n");
$d->send("set r x 3\n");
ok $d->quiet && $c->silent, 'what is so already is not sent';
$d->send("set r .ack 1\nset r 'bad=' 1\n");
is $d->news, 'r unset-able .ack', 'an attribute has its rules';
is $d->news, 'r unset-able bad=', 'all of them';

$d->send("set r x 4\n");
is $c->line, 'x 4', 'an update';
$c->send("error: 'over the limit'\n");
is $d->news, "r refused 'over the limit'", 'that is refused is told';
is $c->line, 'x 4', 'and tried again, on the same connection';
$c->send("ok 4\n");

$c->close;
$c = $reg->new;
is $c->line,
    'a kind web load 1 x 4 y 2 .ack 1 .replace 1 .volatile load',
    'after a loss it replaces what it left behind, as it is now';
$d->send("set r y 9\n");
ok $d->quiet && $c->silent, 'nothing else before the answer';
$c->send("ok 5\n");
is $d->news, 'r registered 5', 'told again';
is $c->line, 'y 9', 'then the news';
$c->send("ok 6\n");

$c->send("error: 'replaced by another connection'\n");
is $d->news, "r refused 'replaced by another connection'",
    'an error out of the blue is told';
is $c->line, undef, 'that connection is given up';
$c = $reg->new;
like $c->line, qr/^a kind web .* \.replace 1 /, 'and it registers anew';
$c->send("ok 7\n");
is $d->news, 'r registered 7', 'which works';

$d->send("free r\n");
is $c->line, undef, 'freed: the connection is closed';
is $c->{eof}, 'eof', 'in order';
$d->finish;
$c->close;

$d = driver($reg->name);
$d->send("register r a .ttl 1\n");
$c = $reg->new;
is $c->line, 'a .ack 1 .ttl 1', 'without .replace the first time';
$c->send("error: 'duplicate service name'\n");
is $d->news, "r refused 'duplicate service name'", 'a refusal is told';
$c->close;
$c = $reg->new;
is $c->line, 'a .ack 1 .ttl 1', 'and tried again, still not by force';
$c->send("ok 1\n");
is $d->news, 'r registered 1', 'until it is accepted';
is $c->line, '', 'an empty line in time keeps a .ttl';
$c->send("ok 1\n");
is $c->line, '', 'again and again';
$d->send("set r x 1\n");
is $c->line, 'x 1', 'an update beside it';
$c->send("ok 1\nok 2\n");
$d->send("set r x 2\n");
my @l = $c->until(qr/x/);
is $l[-1], 'x 2', 'the answers are told apart';
$c->send("ok 2\n" x @l);
$d->send("register q b .replace 1\n");
my $e = $reg->new;
is $e->line, 'b .ack 1 .replace 1', 'by force where that is wanted';
$e->send("nonsense\n");
is $e->line, undef, 'nonsense ends the connection';
$e = $reg->new;
is $e->line, 'b .ack 1 .replace 1', 'and is no answer';
$d->finish;

$d = driver($reg->name);
$d->send("register bad a/b\n");
like $d->line, qr/^bad bad 'bad character in service name'/, 'a bad name';
$d->send("register bad a x=y= 1\n");
like $d->line, qr/^bad bad /, 'a bad attribute';
$d->finish;

$d = driver($reg->name);
$d->send("register p a kind x .persist 1\n");
$c = $reg->new;
is $c->line, 'a kind x persist 1 .ack 1', 'a persistent one';
$c->send("ok 1\n");
is $d->news, 'p registered 1', 'is registered';
$d->send("free p\n");
is $c->line, '.remove a', 'and removed when it is freed';
is $c->line, undef, 'then the connection ends';
$d->send("register p a .persist 1\n");
$c = $reg->new;
is $c->line, 'a persist 1 .ack 1', 'again';
$c->send("ok 1\n");
is $d->news, 'p registered 1', 'registered';
$reg->{new}->close;
$c->close;
like eventually { $d->line =~ /^(link down.*)/ ? $1 : '' }, qr/^link down/,
    'freed while the registry is away';
$d->send("free p\n");
ok $d->quiet, 'it is silent';
$reg->{new}->reopen;
$c = $reg->new;
is $c->line, 'a .replace 1', 'taken over when the registry is back';
is $c->line, '.remove a', 'and removed';
is $c->line, undef, 'for good';
$d->finish;

# A registry that takes lines and never answers
$d = driver($reg->name, undef, deadline(3) * 1000);
$d->send("register r a\n");
$c = $reg->new;
is $c->line, 'a .ack 1', 'a line that is not answered';
is $c->line, undef, 'in time ends the connection';
$c = $reg->new;
is $c->line, 'a .ack 1', 'and the next is tried';
$c->send("ok 1\n");
is $d->news, 'r registered 1', 'which answers';
$d->finish;
done_testing();
