# Slots: what does not fit is refused, what is free is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker('worker.slots=2');
my $d = dial_worker($w, 'ABCDEFGH');
my $other = dial_worker($w, 'OTHER234');
is $d->{hello}[4], 2, 'hello tells the slots';
my @jids = map { $d->run(q{execute cmd 'echo up; exec sleep 1000'}) } 1, 2;
$d->says($_, qr/up/) for @jids;
is $other->until(sub { @{$other->{load}} && $other->{load}[-1]{'slots-free'} eq '0' }), 1,
    'every dispatcher is told that none is free';
like $other->{load}[-1]{load}, qr/^\d+\.\d\d$/, 'with the load';
my $third = $d->run('execute cmd true');
is $d->refusal($third), 'no free slot', 'a third job is refused';
my $ping = $d->run('ping');
is $d->ended($ping)->{rc}, 0, 'ping needs none';
$d->send("cancel $jids[0]");
$d->ended($jids[0]);
$other->until(sub { $other->{load}[-1]{'slots-free'} eq '1' });
is $other->{load}[-1]{'slots-free'}, 1, 'one is free again';
$d->send("run $third execute cmd 'exit 4'");
is $d->ended($third)->{rc}, 4, 'one that was refused may be asked for again';
$d->send("cancel $jids[1]");
$d->ended($jids[1]);

my $few = lone_worker('worker.ops=ping');
$d = dial_worker($few, 'ABCDEFGH');
is $d->{hello}[6], 'ping', 'worker.ops restricts';
is $d->refusal($d->run('execute cmd true')), 'no operation execute',
    'what it does not take';
is $d->ended($d->run('ping'))->{rc}, 0, 'and what it does';
finish();
