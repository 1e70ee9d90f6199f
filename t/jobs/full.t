# The dispatcher's disk takes nothing for a while: new jobs are refused with the
# reason, what runs goes on and ends as it does, and when there is room again all
# of it is kept.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use SmallDisk;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $disk = SmallDisk->new(4096) or plan skip_all => SmallDisk::why();
my $reg = registry();
my $w = worker($reg, 'web1', '-o', 'worker.slots=2');
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$disk->{path}/jobs.db",
    '-o', 'dispatcher.admin=127.0.0.1:0');
ok eventually { $d->knows(1) }, 'it knows its worker';

my $gate = scratch() . '/gate';
my $did = scratch() . '/did';
my $script = "echo begin; while ! test -e $gate; do sleep 0.02; done; "
    . "seq 3; echo x >>$did; exit 7";
my $c = $d->dial('exec');
$c->send("execute cmd '$script' .on all\n");
my ($jid) = $c->line =~ /^submit (\S+) 1$/;
is_deeply [$c->lines(2)], ['ack web1', "out web1 stdout begin"], 'a job runs';

sub health { return decode_json(http($d, 'GET', '/health')->{body}) }

$disk->fill(0);
my @refused = eventually {
    my @said = $d->ask('exec', "ping .on all\n");
    $said[0] =~ /^error: 'not kept: the disk is full'$/ ? \@said : 0;
};
ok $refused[0], 'a new one is refused, with the reason';
is +(health())->{checks}{store}, 'not kept: the disk is full', '/health says so';
is +(health())->{status}, 'degraded', 'and what that makes of it';
is $d->metric('muster_store_degraded'), 1, 'so does the metric';
spew($gate, '');
my @end = $c->rest;
is_deeply [@end[0 .. 2]], [map { "out web1 stdout $_" } 1 .. 3],
    'what runs goes on';
like $end[3], qr/^exit web1 7 state 2 reason exited/, 'and ends as it does';
like +(my @list = $d->ask('exec', "jobs state=2\n"))[0], qr/^$jid /,
    'its record is there';
is scalar(@list), 1, 'and none of those that were refused';
$disk->free;
ok eventually { health()->{status} eq 'ok' }, 'there is room again';
like +($d->ask('exec', "ping .on all\n"))[-1], qr/^done \S+ state 0/,
    'new ones are taken';
my @life = $d->ask('exec', "follow $jid\n");
$d->kill;
$d->start;
is_deeply [$d->ask('exec', "follow $jid\n")], \@life, 'all of it is kept';
is_deeply [$d->ask('exec', "jobs op=ping state=2\n")], [],
    'of those refused there is no trace';
is slurp($did), "x\n", 'nothing has run twice';
$d->stop;
finish();
