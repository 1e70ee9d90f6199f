# The sources keep the shape we want: short functions, files and lines, no
# exported variables, no calls that we do without, no unfinished work.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Find qw(find);
use Muster;
use Test::More;

my $top = source_dir();
my @files;
find({ no_chdir => 1, preprocess => sub { sort grep {
    !/^(?:\.git|_?build.*|_inst|out.*|autom4te\.cache|muster-\d.*)$/ } @_ },
    wanted => sub { push @files, $_ if /\.[ch]$/ } }, $top);
ok @files > 0, 'there are sources';

my @wrong;
for my $path (@files) {
    my $file = substr $path, length($top) + 1;
    my @lines = split /\n/, slurp($path);
    push @wrong, "$file: " . @lines . ' lines' if @lines > 500;
    my $start;
    for my $n (1 .. @lines) {
        my $line = $lines[$n - 1];
        (my $text = $line) =~ s/[\x80-\xbf]//g;    # a character is a column
        push @wrong, "$file:$n: " . length($text) . ' columns'
            if length $text > 80;
        push @wrong, "$file:$n: a tab or blanks at the end"
            if $line =~ /\t|\s$/;
        push @wrong, "$file:$n: $1, which we do without"
            if $line =~ /\b(strcpy|strcat|sprintf|gets|system|popen|alloca
                |strtok)\s*\(/x;
        push @wrong, "$file:$n: unfinished: $1"
            if $line =~ /\b(TODO|FIXME|XXX|HACK)\b/;
        push @wrong, "$file:$n: an exported variable"
            if $file =~ /\.h$/ && $line =~ /^extern\s+(?!const\b)[^"(]*;/;
        $start = $n if $line =~ /^\{/;
        if ($line =~ /^\}/ && $start) {
            my $length = $n - $start + 1;
            push @wrong, "$file:$start: a function of $length lines"
                if $length > 80;
            $start = undef;
        }
    }
    if ($file =~ /\.h$/) {
        my $head = join "\n", @lines;
        push @wrong, "$file: no guard"
            unless $head =~ /^#ifndef (\w+)\n#define \1$/m;
    }
}
ok !@wrong, 'all of them' or diag(map { "$_\n" } @wrong);
done_testing();
