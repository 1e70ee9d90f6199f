# Every input in fuzz/corpus, through its target without a fuzzer: what was
# once found, or looked as if it might be, is found by every run of the tests.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $corpus = source_dir() . '/fuzz/corpus';
my @targets = map { m{([^/]+)$} } glob "$corpus/*";
need_programs('fuzz/replay-words');
ok @targets >= 10, 'there are targets: ' . @targets;

# (ended well, what it said)
sub replay
{
    my ($target, @files) = @_;
    my ($rc, $out, $err) = run_program({ seconds => 300 },
        program("fuzz/replay-$target"), @files);
    return ($rc == 0, "status $rc\n$out$err");
}

# The inputs one by one, to say which it is; the empty one always is.
sub blame
{
    my ($target, @files) = @_;
    for my $files ([], map { [$_] } @files) {
        my ($good, $said) = replay($target, @$files);
        next if $good;
        my ($name) = @$files ? $files->[0] =~ m{([^/]+)$} : 'the empty input';
        diag("$target: $name\n", substr $said, 0, 4000);
    }
}

for my $target (@targets) {
    my @files = sort glob "$corpus/$target/*";
    my ($good) = have_program("fuzz/replay-$target")
        ? replay($target, @files)
        : diag("there is no fuzz/replay-$target (Makefile.am)");
    ok $good, "$target: the empty input and " . @files . ' more'
        or blame($target, @files);
}
finish();
