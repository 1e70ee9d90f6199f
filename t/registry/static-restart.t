# Static entries over a restart: what the store has kept of them is theirs, and
# only what differs from the file is a change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd');

my $file = spew(scratch() . '/static',
    "service=lamp kind=lamp\nservice=door kind=door\n");
my $db = scratch() . '/registry.db';
my $reg = registry('-o', "registry.static=$file",
    '-o', "registry.store=sqlite:$db");
my $all = "door kind door persist 1 lamp kind lamp persist 1";

sub lines { return join ' ', sort $reg->find }
sub said { return scalar grep { /$_[0]/ } $reg->log }

ok eventually { lines() eq $all }, 'registered';
$reg->register('other persist 1')->close;
is_deeply [$reg->find('.owner static .names 1')], ['lamp', 'door'],
    'they are owned by static';

$reg->stop;
$reg->restart;
is lines(), "$all other persist 1", 'there at once after a restart';
ok eventually { said('entries 2, new 0, changed 0, removed 0') },
    'and nothing has changed';
my $c = $reg->dial('new');
$c->send("x .ack 1\n");
$c->line;
$c->send(".remove lamp\n");
like $c->line, qr/^error: .*static/, 'still nobody else can remove one';
$c->close;

$reg->kill;
spew($file, "service=lamp kind=torch\n");
$reg->restart;
ok eventually { lines() eq 'lamp kind torch persist 1 other persist 1' },
    'the file has the last word on its own, and on nothing else';

$reg->stop;
$reg->{args} = [grep { !/^registry\.static=/ } @{$reg->{args}}];
splice @{$reg->{args}}, $_, 1 for reverse grep {
    $reg->{args}[$_] eq '-o' && ($_ == $#{$reg->{args}}
        || $reg->{args}[$_ + 1] eq '-o') } 0 .. $#{$reg->{args}};
$reg->restart;
ok eventually { lines() eq 'other persist 1' }, 'no file, no entries';
finish();
