# muster copy: a large file goes to several hosts by chunks, is killed half-way,
# goes on where it was, and is put in place whole or not at all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Digest::SHA;
use Muster;
use MusterPlugin;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker muster));
plan skip_all => 'copy is not built' unless -x program('plugins/worker/copy');

my $dir = realpath(scratch());
my $plugins = program('plugins/worker');
my $chunk = 512 * 1024;

# SIZE bytes that are no two chunks alike
sub large
{
    my ($path, $size) = @_;
    open my $f, '>', $path or die "$path: $!";
    my $block = join '', map { pack 'N', int rand 2**32 } 1 .. 4096;
    for (my $at = 0; $at < $size; $at += length $block) {
        print $f pack('Q', $at), substr $block, 8;
    }
    truncate $f, $size or die "$path: $!";
    close $f or die "$path: $!";
    return $path;
}

sub digest { return Digest::SHA->new(256)->addfile($_[0])->hexdigest }

my $reg = registry();
my $d = dispatcher($reg);
my %w;
for my $host (qw(c1 c2)) {
    $w{$host} = worker($reg, $host, '-o', "worker.plugins=$plugins",
        '-o', "worker.state=$dir/state-$host", '-o', 'worker.slots=4');
}

# -- 50 MB, killed half-way -------------------------------------------------
my $big = large("$dir/big", 50_000_000);
my $there = "$dir/there";
my $all = int((50_000_000 + $chunk - 1) / $chunk);
spew($there, 'the old one');

sub chunks_of { return scalar(() = glob "$dir/state-$_[0]/copy/[0-9a-f]*") }

my $pid = fork;
die "fork: $!" unless defined $pid;
if (!$pid) {
    $ENV{MUSTER_REGISTRY} = $reg->registry_address;
    open STDOUT, '>', "$dir/killed.out";
    open STDERR, '>', "$dir/killed.err";
    exec program('muster'), 'copy', $big, '-H', 'c1', '--to', $there
        or POSIX::_exit(127);
}
# most is left to do, whatever else this machine does
ok eventually { chunks_of('c1') > $all / 12 } 120;
kill 'KILL', $pid;
waitpid $pid, 0;
# what is under way comes to its end
ok eventually { (muster($reg, 'jobs'))[1] !~ / state 1 / } 60;
my $sent = chunks_of('c1');
cmp_ok $sent, '<', $all, 'killed half-way';
is slurp($there), 'the old one', 'the old file is as it was';

my ($rc, $out, $err) = muster($reg, { seconds => 300 }, '--json', '-v', 'copy',
    $big, '-H', 'c1', '--to', $there);
is $rc, 0, 'once more' or diag $err;
my $told = decode($out);
is_deeply $told, { host => 'c1', file => $big, path => $there,
    sha256 => digest($big), size => 50_000_000, changed => 1,
    sent => $told->{sent} }, 'it is there';
cmp_ok $told->{sent}, '<=', 50_000_000 - ($sent - 4) * $chunk,
    'what was there has not been sent again';
is digest($there), digest($big), 'byte for byte';
is chunks_of('c1'), 0, 'no chunk is left';
is_deeply [glob "$dir/.muster-copy-*"], [], 'nor anything else';
($rc, $out) = muster($reg, '--json', 'copy', $big, '-H', 'c1', '--to', $there);
is_deeply [@{ decode($out) }{qw(changed sent)}], [0, 0],
    'the same once more: nothing is sent, nothing changes';

# -- several hosts, some of which have some ---------------------------------
my $file = large("$dir/some", 5 * $chunk + 17);
open my $in, '<', $file or die $!;
binmode $in;
sysseek $in, 2 * $chunk, 0;
my $bytes;
sysread $in, $bytes, $chunk;
mkdir "$dir/state-c2";
mkdir "$dir/state-c2/copy";
spew("$dir/state-c2/copy/" . Digest::SHA::sha256_hex($bytes), $bytes);
# on one machine two hosts cannot have the same place: one is told of it
($rc, $out, $err) = muster($reg, '--json', 'copy', $file, '-H', 'c2', '--to',
    "$dir/c2-some", '--mode', '4711');
is decode($out)->{sent}, 4 * $chunk + 17, 'a chunk that is there is not sent'
    or diag $err;
is sprintf('%o', (stat "$dir/c2-some")[2] & 07777), '4711', 'with that mode';
mkdir "$dir/in";
($rc, $out) = muster($reg, 'copy', $file, "$dir/big", '-H', 'c1', '--to',
    "$dir/in/");
is $rc, 0, 'several files into a folder';
like $out, qr{^c1 \| \Q$dir\E/in/some: 2621457 bytes, changed\n}, 'told so';
is digest("$dir/in/$_"), digest("$dir/$_"), "$_ is there" for qw(some big);

# -- who is drained ---------------------------------------------------------
muster($reg, 'drain', 'c2', 'new disk');
ok eventually { ($d->ask('exec', "explain c2 all\n"))[0] =~ / drained / },
    'the dispatcher knows that one is drained';
($rc, $out, $err) = muster($reg, 'copy', $file, '-s', 'host=c2,c1', '--to',
    "$dir/drained");
is $rc, 0, 'a drained host is left out';
like $err, qr/copy: c2: .*: drained: new disk/, 'and named';
is digest("$dir/drained"), digest($file), 'the other has the file';
muster($reg, 'undrain', 'c2');

# -- what fails -------------------------------------------------------------
($rc, $out, $err) = muster($reg, 'copy', $file, '-H', 'c1,c9', '--to',
    "$dir/part");
is $rc, 4, 'a host that is not there';
like $err, qr/copy: c9: .*the host is not there/, 'is named';
is digest("$dir/part"), digest($file), 'the other has the file';
($rc, $out, $err) = muster($reg, 'copy', $file, '-H', 'c1', '--to',
    "$dir/no/such/folder/x");
is $rc, 1, 'no such folder there';
like $err, qr{copy: c1: .*making \Q$dir\E/no/such/folder/\S+: No such file},
    'with the reason';
for my $bad (
    [[$file, '-H', 'c1'], 2, qr/--to takes the whole path/],
    [[$file, '-H', 'c1', '--to', 'x'], 2, qr/--to takes the whole path/],
    [[$file, '--to', '/x'], 2, qr/no target/],
    [["$dir/none", '-H', 'c1', '--to', '/x'], 2, qr/none: No such file/],
    [[$dir, '-H', 'c1', '--to', '/x'], 2, qr/: Is a directory/],
    [[$file, $big, '-H', 'c1', '--to', '/x'], 2, qr/several files go to a/],
    [[$file, '-s', 'role=none', '--to', '/x'], 3, qr/no worker matches/],
    [[$file, '-H', 'c1', '--to', "$dir/x", '--mode', '9'], 1, qr/mode is octal/],
    [[$file, '-H', 'c1', '--to', "$dir/../x"], 1, qr/without \. and \.\./],
) {
    my ($args, $status, $why) = @$bad;
    my ($rc, $out, $err) = muster($reg, 'copy', @$args);
    is $rc, $status, "copy @$args[1 .. $#$args]";
    like $err, $why, '- says why';
}
my ($jobs) = (muster($reg, 'jobs'))[1];
unlike $jobs, qr/ do=put| do put/, 'jobs that carried chunks are forgotten';

finish();
