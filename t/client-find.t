# libmuster looks services up: an answer is whole, or it is an error.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
my $d = driver($reg->name, undef, deadline(5) * 1000);

# asks, and gives the accepted connection with its question read
sub asked
{
    my ($what) = @_;
    $d->send("find f $what\n");
    my $c = $reg->find or die 'nobody asks';
    return ($c, $c->line);
}

my ($c, $q) = asked("'role=web mem>=8G kind x'");
is $q, "kind x mem>= 8G role web .keep 1", 'the question, in pairs';
$c->send("a kind 'a b' e ''\nb\n.end 7\n");
is $d->line, "f service a kind 'a b' e ''", 'a service';
is $d->line, 'f service b', 'another';
is $d->line, 'f done 7', 'the end, as of a revision';
is $c->line, undef, 'and the connection is closed';

($c, $q) = asked("''");
is $q, '.keep 1', 'an empty selector selects all';
$c->send("error: 'too much'\n");
is $d->line, "f done 'too much'", 'an error is the end';

($c, $q) = asked("'' .names 1 .limit 2 .after b");
is $q, '.names 1 .limit 2 .after b .keep 1', 'directives';
$c->send("c\n.end 1\n");
is $d->line, 'f service c', 'a name';
is $d->line, 'f done 1', 'and the end';

($c, $q) = asked("''");
$c->send("a b\n");
is $d->line, "f done 'no answer of a find port'", 'nonsense is an error';

($c, $q) = asked("''");
$c->send('a ' . 'x' x 500000 . "\n");
is $d->line, "f done 'no answer of a find port'", 'also at length';
($c, $q) = asked("''");
$c->send("a " . 'x' x (1 << 21));
is $d->line, "f done 'an answer is too long'", 'without bounds it is too long';
$c->close;

($c, $q) = asked("''");
$c->send("a k v\n");
is $d->line, 'f service a k v', 'a beginning';
$c->close;
like $d->line, qr/^f done '/, 'without its end is no answer';

($c, $q) = asked("''");
is $d->line, "f done 'the registry does not answer'", 'nor is silence';

$d->send("find f 'a~('\n");
like $d->line, qr/^f bad /, 'a bad selector is said at once';
$d->send("find f 'a'\n");
like $d->line, qr/^f bad /, 'half a selector, too';
$d->send("find f '' .since 1\n");
like $d->line, qr/^f bad '.since: no directive of this request'/, 'no such thing';

# in callbacks
($c, $q) = asked("''");
$d->send("at f service free f\n");
ok $d->quiet, 'ordered';
$c->send("a\nb\n.end 1\n");
is $d->line, 'f service a', 'freed in its callback';
is $c->line, undef, 'it has ended';
ok $d->quiet, 'and is silent';

($c, $q) = asked("''");
$d->send("find g ''\n");
my $g = $reg->find;
is $g->line, '.keep 1', 'two at once';
$d->send("at f done free g\n");
ok $d->quiet, 'ordered';
$c->send(".end 1\n");
is $d->line, 'f done 1', 'one frees the other';
is $g->line, undef, 'which ends';
ok $d->quiet, 'in silence';

($c, $q) = asked("''");
$d->send("find g ''\nat f service end\n");
ok $d->quiet, 'ordered';
$c->send("a\nb\n.end 1\n");
is $d->line, 'f service a', 'everything is freed in a callback';
is $c->line, undef, 'which ends it all';
$d->finish;

# nobody there: said at once, not after a time
$d = driver($reg->name);
my $port = $reg->{find}->port;
$reg->{find}->close;
$d->send("find f ''\n");
like $d->line, qr/^f done '.*127\.0\.0\.1:$port: Connection refused'/,
    'no registry';
$d->finish;

# the second of two answers
my $other = fake_registry();
$d = driver($reg->name . ' ' . $other->name);
for (1 .. 2) {
    $d->send("find f ''\n");
    $c = $other->find;
    is $c->line, '.keep 1', 'another registry is asked';
    $c->send(".end 4\n");
    is $d->line, 'f done 4', 'and answers';
}
$d->finish;
done_testing();
