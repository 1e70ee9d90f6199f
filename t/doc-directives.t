# protocol.md and muster-protocol(7) name every directive that the faces'
# tables have.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $top = source_dir();
my $text = slurp("$top/doc/protocol.md");
my $page = slurp("$top/doc/muster-protocol.7");
my @sources = (glob("$top/plugins/registry/*/*.c"),
    glob("$top/plugins/dispatch/*.c"));
my %directive;
for my $source (@sources) {
    my ($file) = $source =~ m{([^/]+/[^/]+)$};
    $directive{$_} ||= $file
        for slurp($source) =~ /^ +\{"(\.[a-z]+)", (?:DIR|ON_)/mg;
}
# a job's, but for those that nobody may ask for
$directive{$_} = 'spec.c'
    for slurp("$top/dispatcher/spec.c") =~
    /^ +\{"(\.[a-z]+)", &(?:spec_)?type[^}]* false\},/mg;
# what frames a request, before its words are looked at
$directive{$_} = 'body.c'
    for slurp("$top/lib/body.c") =~ /^#define NAME +"(\.[a-z]+)"/mg;
cmp_ok scalar(keys %directive), '>', 25, 'the tables were found';
for my $name (sort keys %directive) {
    ok $text =~ /`\Q$name\E[ `]/, "$name ($directive{$name}): protocol.md";
    next if $text =~ /`\Q$name\E`.*(?:\n.*)?are reserved/ || $name eq '.token';
    ok $page =~ /(?<!\w)\Q$name\E\b/, "$name: muster-protocol(7)";
}
for my $name ($page =~ /(?<=[ ,])(\.[a-z]{2,})\b/g) {
    next if grep { $name eq $_ } qw(.name .directive .owner .token .pinned);
    ok $directive{$name}, "$name of muster-protocol(7) is there";
}
finish();
