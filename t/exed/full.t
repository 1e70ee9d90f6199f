# The dispatcher's disk is full: what cannot be kept is no job, and that is our
# fault (500); what runs is told to its end, and when there is room again all is
# as before.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use SmallDisk;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $disk = SmallDisk->new(2000) or plan skip_all => SmallDisk::why();
my $f = fleet({dispatcher => ["dispatcher.store=sqlite:$disk->{path}/jobs.db"]});
my ($host) = fleet_hosts();
is ask($f, 'GET', "/ping?target=$host")->{status}, 200, 'there is room';
my $runs = post_job($f, '/execute', {targets => [$host],
    cmd => "while [ ! -e $f->{dir}/go ]; do sleep 0.05; done; echo done"});

$disk->fill(0);
my $a;
ok eventually {
    $a = ask($f, 'POST', '/execute', {targets => [$host],
        cmd => 'true ' . 'x' x 60000});
    $a->{status} == 500
}, 'POST: 500 when there is none';
like $a->{json}{message}, qr/full|space|disk/i, 'and why';
is ask($f, 'GET', "/execute?target=$host&cmd=true")->{status}, 500,
    'GET, too';
is ask($f, 'GET', '/jobs')->{status}, 200, 'what is there can be seen';
is ask($f, 'GET', "/jobs/$runs")->{json}{state}, 1, 'and goes on';
spew("$f->{dir}/go", '');

$disk->free;
ok eventually { ask($f, 'GET', "/ping?target=$host")->{status} == 200 },
    'when there is room again, jobs are taken';
is job($f, $runs)->{return_data}{$host}[0]{stdout}, "done\n",
    'nothing of what ran is lost';
finish();
