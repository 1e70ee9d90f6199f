# No peer fills the log with what it is refused: the first few of a kind are
# told as they come, of the others their number; the counts are exact.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'log.refusals=10');
my $c = $reg->dial('new');
$c->send("a .ack 1\n");
$c->line;
$c->send(".foo $_\n") for 1 .. 40;
is scalar($c->lines(40)), 40, 'forty refusals, and each answered';
$c->send(".new a\n");
like $c->line, qr/duplicate/, 'one for another reason';
my $d = $reg->dial('find');
$d->send("kind\n");
$d->rest;
sub told { return scalar grep { /$_[0]/ } $reg->log }
is told('refused: unknown directive'), 10, 'ten of them are told';
is told('refused: duplicate'), 1, 'another reason has an account of its own';
is told('find#\d+: refused: odd'), 1, 'and another face';
ok !told('more refused'), 'the rest waits';
$reg->stop;
is told('new: \.\.\. and 30 more refused from 127\.0\.0\.1, the last: '
    . 'unknown directive'), 1, 'at the end the rest is told';
is told('more refused'), 1, 'where there is any';
finish();
