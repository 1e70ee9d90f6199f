# What README.md tells a newcomer to type is there, and works.
use strict;
use warnings;
use File::Basename;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs('muster', 'musterd', 'muster-dispatch', 'muster-worker');
my $top = source_dir();
my $text = slurp("$top/README.md");
my @commands = map { split /\n/ } $text =~ /^```sh\n(.*?)^```$/msg;
cmp_ok scalar(@commands), '>', 10, 'there are commands';

my $reg = registry();
my $plugins = dirname(program('plugins/worker/facter'));
my @workers = map { worker($reg, "w$_", '-o', 'worker.attrs.role=web', '-o',
        "worker.plugins=$plugins") } 1, 2;
my $dispatcher = dispatcher($reg);
ok eventually { $dispatcher->knows(2) }, 'all of muster runs';

for my $command (@commands) {
    my ($program, @words) = split ' ', $command;
    if ($program eq 'out/bin/muster' && $words[0] ne 'dev') {
        my ($rc, $out, $err) = muster($reg, @words);
        is $rc, 0, $command or diag $out, $err;
        isnt $out, '', 'and it printed something';
    } elsif ($program eq 'out/bin/muster') {
        my ($rc, $out) = muster($reg, 'help', $words[0]);
        is $rc, 0, "$command: there is that verb";
        ok index($out, $_) >= 0, "with its option $_" for grep { /^-/ } @words;
    } elsif ($program eq './dev') {
        my $dev = slurp("$top/dev");
        ok $dev =~ /^verb_$words[0]\(\)/m, $command;
    } else {
        ok $program =~ /^(?:mkdir|cd|make|\.\.\/configure|\.\/bootstrap)$/,
            $command;
    }
}

# the two lines of netcat of its beginning
my ($line, $query, $answer) = $text =~
    /printf '(.*?)\\n' \| nc -q.*\n.*echo '(.*?)' \| nc -N.*\n    (.*)\n/;
my $service = $reg->register($line);
is_deeply [$reg->find($query)], [$answer], 'what netcat is said to print';

for my $link ($text =~ /\]\(([^)]+)\)/g) {
    ok -e "$top/$link", "there is $link";
}
while ($text =~ /\b([a-z.-]+)\(([1-8])\)/g) {
    my ($page, $section) = ($1, $2);
    next if $page eq 'registry';    # Inferno's
    ok -e "$top/doc/$page.$section", "there is $page($section)";
}
finish();
