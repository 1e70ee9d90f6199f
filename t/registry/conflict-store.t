# Conflicts with a store that takes its time, and over a restart: of two that
# come at once one is quarantined, and one that was still is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd');

my $db = scratch() . '/registry.db';
my $reg = registry('-o', "registry.store=sqlite:$db",
    '-o', 'registry.conflict_hold=1s');

sub count { return ($reg->find('conflict * .count 1'))[0] }
sub names { return join ' ', $reg->find("$_[0] .names 1") }

# both are with the store before either is there
my @conns = map { $reg->dial('new') } 1 .. 40;
for my $i (0 .. $#conns) {
    my $host = int($i / 2);
    $conns[$i]->send("w$i kind worker host h$host persist 1 .ack 1\n");
}
is((grep { $_->line =~ /^ok/ } @conns), 40, 'all are registered');
ok eventually { count() eq '20' },
    'half of them are quarantined' or diag($reg->find);
for my $host (0 .. 19) {
    is(scalar(my @one = $reg->find("host h$host conflict! * .names 1")), 1,
        "one of h$host is not");
}
$_->close for @conns;

# what is kept of it
my ($held) = $reg->find('host h7 conflict * .names 1');
my ($holder) = $reg->find('host h7 conflict! * .names 1');
$reg->kill;
$reg->restart;
is count(), '20', 'as many after a restart';
my $c = $reg->dial('new');
$c->send("op .ack 1\n");
$c->line;
$c->send(".remove $holder\n");
like $c->line, qr/^ok/, 'one goes';
ok eventually { !$reg->find("conflict $holder") }, 'the other takes its place';
is names('host h7'), $held, '... that one';
is count(), '19', 'and no other is released';
$c->send(".of $held host h8\n");
like $c->line, qr/^ok/, 'it says to be another';
is(scalar(my @two = $reg->find("host h8 conflict *")), 2, 'and waits for that');
finish();
