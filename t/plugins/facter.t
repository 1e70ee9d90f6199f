# The plugin facter: facts under the names of Puppet's, those of facter(8) and of
# a folder of executables and files; what is wrong with one of these is named.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use Muster;
use MusterPlugin;
use MusterWorker;
use POSIX ();
use Sys::Hostname qw(hostname);
use Test::More;
use Time::HiRes qw(time);

need_programs('plugins/worker/facter');
my $dir = scratch() . '/facts.d';
mkdir $dir;
like plugin_describe('facter'), qr/^op facter args only\? doc '[^']+'$/,
    'it describes itself';

sub facts
{
    my (%o) = @_;
    my $r = plugin('facter', { args => $o{args} || {}, env => {
            MUSTER_FACTS_D => $dir, MUSTER_FACTER => $o{facter} || '' } });
    is $r->{rc}, 0, 'it ends well' or diag $r->{err};
    return ($r->{result}, $r->{result}{muster}{errors} || {});
}

# -- of the system
my ($f, $errors) = facts();
is_deeply $errors, {}, 'nothing is wrong';
my ($sysname, $nodename, $release, undef, $machine) = POSIX::uname();
is $f->{kernel}, $sysname, 'kernel';
is $f->{kernelrelease}, $release, 'kernelrelease';
is $f->{os}{hardware}, $machine, 'os.hardware';
my %release = slurp('/etc/os-release') =~ /^(\w+)="?([^"\n]*)/mg;
is $f->{os}{distro}{id}, $release{ID}, 'os.distro.id';
my %family = (debian => 'Debian', ubuntu => 'Debian', fedora => 'RedHat',
    rhel => 'RedHat', alpine => 'Alpine', arch => 'Archlinux');
SKIP: {
    skip "no family known of $release{ID}", 1 unless $family{$release{ID}};
    is $f->{os}{family}, $family{$release{ID}}, 'os.family';
}
SKIP: {
    skip 'it has no VERSION_ID', 1 unless $release{VERSION_ID};
    like $f->{os}{release}{full}, qr/^\Q$release{VERSION_ID}\E/,
        'os.release.full';
    is $f->{os}{release}{major}, $release{VERSION_ID} =~ /^(\d+)/ && $1,
        'os.release.major' if $release{ID} ne 'ubuntu';
}
my ($kib) = slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+)/m;
is $f->{memory}{system}{total_bytes}, $kib * 1024, 'memory.system.total_bytes';
like $f->{memory}{system}{total}, qr/^\d+\.\d\d [KMGT]iB$/,
    'memory.system.total';
is $f->{processors}{count}, POSIX::sysconf(POSIX::_SC_NPROCESSORS_ONLN()),
    'processors.count' if defined &POSIX::_SC_NPROCESSORS_ONLN;
my $cpus = () = slurp('/proc/cpuinfo') =~ /^processor\s*:/mg;
is $f->{processors}{count}, $cpus, 'processors.count' if $cpus;
is $f->{networking}{hostname}, hostname() =~ s/\..*//sr, 'networking.hostname';
is $f->{networking}{interfaces}{lo}{ip}, '127.0.0.1',
    'networking.interfaces.lo.ip';
is $f->{networking}{interfaces}{lo}{netmask}, '255.0.0.0', 'its netmask';
is $f->{networking}{interfaces}{lo}{network}, '127.0.0.0', 'its network';
ok !$f->{networking}{primary}
    || $f->{networking}{ip} eq $f->{networking}{interfaces}
        {$f->{networking}{primary}}{ip}, 'the primary one is that of the host';
my ($up) = slurp('/proc/uptime') =~ /^(\d+)/;
cmp_ok abs($f->{system_uptime}{seconds} - $up), '<', 60,
    'system_uptime.seconds';
my ($block, undef, $avail) = (split ' ', (`df -Pk /`)[1])[1 .. 3];
is $f->{mountpoints}{'/'}{size_bytes}, $block * 1024,
    'mountpoints./.size_bytes';
is $f->{identity}{uid}, $<, 'identity.uid';
ok defined $f->{virtual}, 'virtual';
is $f->{is_virtual} ? 1 : 0, $f->{virtual} eq 'physical' ? 0 : 1, 'is_virtual';

# -- some of them
($f, $errors) = facts(args => { only => 'os.family, memory.system,no.such' });
is_deeply [sort keys %$f], ['memory', 'muster', 'os'], 'only those asked for';
is_deeply [keys %{$f->{os}}], ['family'], 'parts of them';
is_deeply [keys %{$f->{memory}}], ['system'], 'as a whole';
is_deeply $errors, { 'no.such' => 'no such fact' }, 'and what there is not';

# -- a folder of facts
sub put
{
    my ($name, $text, $mode) = @_;
    spew("$dir/$name", $text);
    chmod $mode || 0644, "$dir/$name";
    return;
}
put('1.json', '{"site": {"rack": "r1", "row": 7}, "kernel": "mine"}');
put('2.txt', "role=web\n# a comment\n\nempty=\nwith=a=b\n");
put('3run', "#!/bin/sh\necho '{\"site\": {\"rack\": \"r2\"}}'\n", 0755);
put('4lines.sh', "#!/bin/sh\necho one=1; echo two=2; echo oops >&2\n", 0755);
put('.hidden', "#!/bin/sh\necho hidden=1\n", 0755);
put('bad.json', '{"a": ');
put('bad.txt', "fine=1\nnonsense\n");
put('array.json', '[1]');
put('binary.txt', "a=\xff\n");
put('dies', "#!/bin/sh\necho half=1; kill -9 \$\$\n", 0755);
put('fails', "#!/bin/sh\necho half=1; exit 3\n", 0755);
put('floods', "#!/bin/sh\nyes a=b\n", 0755);
put('notes', 'neither this nor that');
put('open.txt', "a=b\n", 0666);
put('large.txt', 'a=' . 'x' x 300_000);
mkdir "$dir/folder";
symlink '/no/such', "$dir/dangling";
($f, $errors) = facts();
is_deeply $f->{site}, { rack => 'r2', row => 7 }, 'members are put together';
is $f->{kernel}, 'mine', 'over those of ours';
is_deeply [@$f{qw(role empty with one two)}], ['web', '', 'a=b', 1, 2],
    'lines of NAME=VALUE';
ok !grep({ exists $f->{$_} } qw(half fine a hidden)),
    'nothing of those that are wrong';
my %why = (
    'bad.json' => qr/^it is no JSON: line 1: /,
    'bad.txt' => qr/^'nonsense' is not NAME=VALUE$/,
    'array.json' => qr/^'\[1\]' is not NAME=VALUE$/,
    'binary.txt' => qr/^it is no UTF-8$/, 'dies' => qr/^signal 9$/,
    'fails' => qr/^exit 3$/, 'floods' => qr/^it says too much$/,
    'notes' => qr/^it is neither executable nor/,
    'open.txt' => qr/^anybody may write to it$/,
    'large.txt' => qr/^it is too large$/, 'folder' => qr/^it is no file$/,
    'dangling' => qr/^No such file/,
);
for my $name (sort keys %why) {
    like delete $errors->{"$dir/$name"} || '', $why{$name},
        "$name: $why{$name}";
}
is_deeply $errors, {}, 'and nothing else';
unlink glob "$dir/*";
rmdir "$dir/folder";

# one that hangs costs its deadline and nothing else; nor do its children stay
put('hangs', "#!/bin/sh\nsleep 1000 & sleep 1000\n", 0755);
put('zlast.txt', "last=1\n");
my $begun = time;
($f, $errors) = facts();
is_deeply $errors, { "$dir/hangs" => 'it does not end in time' },
    'one that hangs is named';
is $f->{last}, 1, 'the one after it counts';
cmp_ok time - $begun, '>=', 4, 'it had its time';
unlink "$dir/hangs";

# -- facter(8)
my $facter = scratch() . '/facter8';
spew($facter, "#!/bin/sh\n[ \"\$*\" = --json ] || exit 9\n"
    . "echo '{\"facterversion\": \"4.2\", \"os\": {\"name\": \"Better\"},"
    . " \"processors\": {\"speed\": \"2 GHz\"}}'\n");
chmod 0755, $facter;
($f, $errors) = facts(facter => $facter);
is $f->{facterversion}, '4.2', 'facts of facter(8)';
is $f->{os}{name}, 'Better', 'which knows better';
ok $f->{os}{hardware}, 'and what it does not say stays';
is $f->{last}, 1, 'with those of the folder';
spew($facter, "#!/bin/sh\necho '{'; exit 1\n");
($f, $errors) = facts(facter => $facter);
is_deeply $errors, { $facter => 'exit 1' }, 'a broken one is named';
is $f->{kernel}, $sysname, 'and ours are there';

# -- through a worker, whose plugin it is
my $w = lone_worker('worker.plugins=' . dirname(program('plugins/worker/x')));
my $d = dial_worker($w, 'ABCDEFGH');
like $d->{hello}[6], qr/(?:^|,)facter(?:,|$)/, 'an operation of a worker';
my $jid = $d->run('facter only kernel');
is $d->ended($jid)->{state}, 0, 'it runs there';
is decode($d->results($jid)->[0])->{kernel}, $sysname, 'and gives its result';
finish();
