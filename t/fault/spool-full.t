# The disk of the worker's spool is full, in bytes and in inodes: new jobs are
# refused, with why; what runs goes on, its output is cut with a mark of as
# many bytes as are missing, and its end is true. With room all is well again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use SmallDisk;
use Test::More;

my $disk = SmallDisk->new(1024) or plan skip_all => SmallDisk::why();
my $go = scratch() . '/go';
my $w = lone_worker("worker.spool=$disk->{path}/spool",
    'worker.admin=127.0.0.1:0');
my $d = dial_worker($w, 'ABCDEFGH');
$d->{store} = 1;

# writes 100 lines, and then 3000 when it may, and a last one after that
my $jid = $d->run(qq{execute cmd 'seq 100; until [ -e $go ]; do sleep 0.01; done; }
    . qq{i=0; while [ \$i -lt 3000 ]; do i=\$((i+1)); echo \$i-}
    . ('x' x 90) . qq{; done; until [ -e $go.2 ]; do sleep 0.01; done; echo last; exit 5'});
$d->says($jid, qr/^100$/m);
like $w->ask_admin('/health'), qr/HTTP\/1.1 200/, 'all is well';

# -- bytes
$disk->fill(0);
my $new = $d->run('execute cmd true');
like $d->refusal($new), qr/^spool: .*: No space left on device$/,
    'a new job is refused, with why';
is $d->ended($d->run('ping'))->{rc}, 0, 'one that needs no disk is not';
spew($go, '');
ok eventually { $w->ask_admin('/health') =~ /degraded/ }, '/health says so';
ok scalar in_job($jid), 'what runs goes on';
select undef, undef, undef, 1;
$disk->free;
ok $d->says($jid, qr/bytes are missing here/), 'with room it is told';
spew("$go.2", '');
my $exit = $d->ended($jid);
is "@$exit{qw(rc state)}", '5 2', 'its end is true';
my $text = $d->text($jid, 'stdout');
my $missing = 0;
$missing += $1 while $text =~ /muster: (\d+) bytes are missing here: /g;
(my $kept = $text) =~ s/muster: \d+ bytes are missing here: [^\n]*\n//g;
my $said = length join '', map({ "$_\n" } 1 .. 100),
    map({ "$_-" . 'x' x 90 . "\n" } 1 .. 3000), "last\n";
is length($kept) + $missing, $said, 'what is missing is told, to the byte';
is $missing, $exit->{cut} || 0, 'and told with its end';
like $kept, qr/^last$/m, 'with room it goes on';
ok eventually { $d->ended($d->run('execute cmd true')) }, 'and so do new jobs';
ok eventually { $w->ask_admin('/health') !~ /degraded/ }, 'all is well again';

# -- inodes
system("mount -o remount,nr_inodes=30 '$disk->{path}'") == 0
    or die 'cannot remount';
my $n = 0;
while ($n < 40 && open my $f, '>', "$disk->{path}/inode" . $n++) {
    close $f;
}
$new = $d->run('execute cmd true');
like $d->refusal($new), qr/^spool: .*: No space left on device$/,
    'without inodes a new job is refused, too';
unlink glob "$disk->{path}/inode*";
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'and runs with some';
finish();
