# plugins/worker/README.md does what it says: its plugin is taken out of it, tried
# by hand, put where it says, and asked for by the commands that stand there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $text = slurp(source_dir() . '/plugins/worker/README.md');
my @blocks = $text =~ /^```(\w*\n.*?)^```$/msg;
my ($plugin, $yaml, $commands, $output, $by_hand) = @blocks;
is scalar(@blocks), 5, 'what stands there';
s/^\w*\n// for @blocks;
s/^\w*\n// for $plugin, $yaml, $commands, $output, $by_hand;
my @lines = grep { /\S/ } split /\n/, $plugin;
cmp_ok @lines - 1, '<=', 10, 'ten lines of shell, and #!';
my ($folder) = $yaml =~ m{plugins: \[installed, (/[^\]]+)\]};
like $text, qr/Save it as `\Q$folder\E\/full`/, 'it is saved where it is looked for';

# by hand
my $dir = scratch() . '/own';
mkdir $dir;
spew("$dir/full", $plugin);
chmod 0755, "$dir/full";
my ($rc, $out, $err) = run_program('sh', '-c', "cd $dir\n$by_hand");
is "$rc $err", '0 ', 'it can be tried by hand';
like $out, qr{^op full .*\n/var is \d+% full\nresult \{"path": "/var", "used": \d+\}\n\z},
    'and says what it should';

# in the worker, by the configuration as it stands
$yaml =~ s/\Q$folder\E/$dir/;
$yaml =~ s/installed, //;    # of this machine, not of this tree
my $file = scratch() . '/worker.plugins.yaml';    # so Muster.pm sets no others
spew($file, $yaml);
my $reg = registry();
my $d = dispatcher($reg);
my $w = worker($reg, 'web1', '-c', $file,
    '-o', 'worker.attrs.role=web', '-o', 'log.level=info');
ok eventually { $d->knows(1) }, 'the worker is known';
my ($bin) = program('muster') =~ m{(.*)/};
my @answers;
for my $command (split /\n/, $commands) {
    ($rc, $out, $err) = run_program({ env => {
            MUSTER_REGISTRY => $reg->registry_address,
            PATH => "$bin:$ENV{PATH}" } }, 'sh', '-c', $command);
    is $rc, 0, $command or diag $err;
    push @answers, join '', sort split /^/, $out;
}
my $want = join '', sort split /^/, $output;
s/\d+%/N%/, s/"used": \d+/"used": N/ for $want, @answers;
is $answers[1], $want, 'prints what stands there';

# its exit status is the job's
($rc, $out, $err) = muster($reg, 'run', 'full', 'limit=0', '--all');
is $rc, 1, 'as full as the limit: failed';
($rc, $out, $err) = muster($reg, 'run', 'full', 'limits=0', '--all');
like $err, qr/full takes no argument limits/, 'what it does not know is refused';

# the operations of the table are those of the tree
my %told = map { $_ => 1 } $text =~ /^\| `(\w+)` \|/mg;
my %there = map { s{.*/}{}r => 1 } grep { -f && -x }
    glob(source_dir() . '/plugins/worker/*'), glob("$bin/plugins/worker/*");
is_deeply \%told, \%there, 'and no others are here than it names';
finish();
