# doc/limits.md names every reason for a refusal with the setting it comes from,
# every setting that is a bound, and no others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('muster');
my $doc = slurp(source_dir() . '/doc/limits.md');

my %documented;
for my $row ($doc =~ /^\| `\w+` \|.*$/mg) {
    my (undef, $reason, $settings, $text) = split / *\| */, $row, 4;
    $reason =~ tr/`//d;
    ok !$documented{$reason}, "one row for $reason";
    $documented{$reason} = [$settings =~ /`([\w.]+)`/g];
    ok length $text > 10, 'which says what happens';
}

# [REFUSED_X] = {"name", "setting", ...} or NULL
my %coded = slurp(source_dir() . '/lib/refusal.c')
    =~ /\[REFUSED_\w+\] = \{\s*"(\w+)",\s*(NULL|"[\w.]+")/g;
ok keys %coded > 20, 'there is a table of reasons';
is_deeply [sort keys %documented], [sort keys %coded], 'the reasons are those';
for my $reason (sort keys %coded) {
    my ($setting) = $coded{$reason} =~ /"(.*)"/ or next;
    is $documented{$reason}[0], $setting, "the setting of $reason";
}

my ($rc, $out) = run_program(program('muster'), 'config', 'show',
    '--effective', '--json', '-c', '/dev/null');
my %setting = map { $_->{key} => 1 } map { JSON::PP::decode_json($_) }
    split /\n/, $out;
my %named = map { $_ => 1 } $doc =~ /`((?:\w+\.)\w+)`/g;
is_deeply [grep { !$named{$_} } sort grep { /^limits\./ } keys %setting], [],
    'every bound of the settings is told of';
is_deeply [grep { !$setting{$_} } sort grep { !/^muster/ } keys %named], [],
    'and no setting that is not there';
finish();
