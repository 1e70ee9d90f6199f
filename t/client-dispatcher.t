# libmuster finds a dispatcher in the registry; other requests to it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterClient;
use Test::More;

need_programs('t/driver/client-driver');
my $reg = fake_registry();
my ($one, $two) = (fake(), fake());
my $d = driver($reg->name, undef, deadline(5) * 1000);

sub lookup
{
    my ($answer) = @_;
    my $f = $reg->find or die 'nobody looks';
    is $f->line, 'kind dispatcher .keep 1', 'a dispatcher is looked up';
    $f->send($answer);
    return;
}

my @tcp = map { 'tcp!127.0.0.1!' . $_->port } $one, $two;
my $both = "$tcp[0] kind dispatcher instance AAAA\n"
    . "$tcp[1] kind dispatcher instance BBBB\n.end 3\n";

$d->send("exec e execute cmd x\n");
lookup(".end 1\n");
is $d->news, "e error 'no dispatcher is registered' unreachable", 'none';
$d->send("exec e execute cmd x\n");
lookup("error: 'not you'\n");
is $d->news, "e error 'not you' unreachable", 'an error';

$d->send("exec e execute cmd x\n");
lookup("neither!nor kind dispatcher\n$both");
my $c = $one->accept;
is $c->line, 'execute cmd x', 'the first that is an address';
$c->send("submit AAAA-1 1\n");
is $d->news, 'e submit AAAA-1 1', 'takes it';
$c->close;
$c = $one->accept;
is $c->line, 'follow AAAA-1', 'and no other will do for that job';
$d->send("free e\n");
is $c->line, undef, 'freed';

$d->send("follow e BBBB-7\n");
lookup($both);
$c = $two->accept;
is $c->line, 'follow BBBB-7', 'the one that made the job';
$d->send("free e\n");
$c->line;
$d->send("request q job BBBB-7\n");
lookup($both);
$c = $two->accept;
is $c->line, 'job BBBB-7', 'for a request, too';
$c->send("BBBB-7 state 1 cmd 'a b'\nhost a ''\n");
$c->end;
is $d->news, "q line BBBB-7 state 1 cmd 'a b'", 'an answer';
is $d->news, "q line host a ''", 'of lines';
is $d->news, 'q done', 'to its end';

my $closed = $one->port;
$one->close;
$d->send("request q jobs 'state 1'\n");
lookup($both);
$c = $two->accept;
is $c->line, "jobs 'state 1'", 'one that is away is passed over';
$c->send("error: 'what?'\n");
is $d->news, "q done what? refused", 'an error';

$d->send("request q jobs\n");
lookup($both);
$c = $two->accept;
$c->send("a b\n");
is $d->news, 'q line a b', 'half an answer';
$c->reset;
like $d->news, qr/^q done '.*' unreachable$/, 'is none';

$d->send("request q jobs\n");
lookup($both);
$c = $two->accept;
is $d->news, "q done 'the dispatcher does not answer' unreachable",
    'nor is silence';
$c->close;

for my $do ('free q', 'end') {
    $d->send("request q jobs\nat q line $do\n");
    lookup($both);
    $c = $two->accept;
    $c->line;
    $c->send("a\nb\n");
    is $d->news, 'q line a', "$do in its callback";
    is $c->line, undef, 'ends it';
    ok $d->quiet, 'in silence';
}
$d->finish;

$two->close;
$d = driver($reg->name);
$d->send("request q jobs\n");
lookup($both);
like $d->news, qr/^q done '.*refused' unreachable$/, 'nobody there';
$d->finish;

$d = driver($reg->name, "127.0.0.1:$closed");
$d->send("exec e execute cmd x\n");
like $d->news, qr/^e error '.*127.0.0.1:$closed.*refused' unreachable$/,
    'nor at the address that was named';
$d->finish;

$d = driver($reg->name, 'off');
like $d->news, qr/^bad /, 'a dispatcher cannot be off';
done_testing();
