# doc/operations.md speaks of what there is: files, verbs, settings, units.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('muster');
my $top = source_dir();
my $text = slurp("$top/doc/operations.md");
ok -e "$top/doc/$_", "the link $_ leads somewhere"
    for $text =~ /\]\(([^)#:]+)\)/g;

my ($rc, $out) = run_program(program('muster'), 'help', '--json');
my %verb = map { ($_->{verb} || '') => 1 }
    map { JSON::PP::decode_json($_) } split /\n/, $out;
my %used = map { $_ => 1 }
    $text =~ /(?:^|[`|(] ?)(?:sudo -u \w+ )?muster ([a-z]+)/mg;
cmp_ok scalar(keys %used), '>=', 5, 'verbs: ' . join ' ', sort keys %used;
ok $verb{$_}, "there is muster $_" for sort keys %used;

($rc, $out) = run_program(program('muster'), 'config', 'show', '--effective',
    '--json', '-c', '/dev/null');
my %setting = map { JSON::PP::decode_json($_)->{key} => 1 } split /\n/, $out;
ok $setting{$_}, "there is the setting $_"
    for $text =~ /`([a-z]+\.[a-z_]+)(?::[^`]*)?`/g;

my $units = join '', map { slurp($_) } glob "$top/conf/systemd/*.service.in";
for my $dir ($text =~ m{`/var/(lib/[a-z-]+|log/[a-z-]+)`}g) {
    my ($kind, $name) = split m{/}, $dir;
    my $key = $kind eq 'lib' ? 'StateDirectory' : 'LogsDirectory';
    like $units, qr/^$key=$name$/m, "a unit has /var/$dir";
}
like slurp("$top/configure.ac"), qr/muster_WITH_DIR\(\[$_\]/,
    "configure knows --with-$_" for $text =~ /--with-([a-z]+)=DIR/g;
finish();
