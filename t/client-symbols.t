# What libmuster shows to others: its public functions, all of them, and
# nothing else; each has its place in the man page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $library = program('.libs/libmuster.so');
plan skip_all => 'libmuster is not built' unless -e $library;
plan skip_all => 'there is no nm' if system 'nm --version >/dev/null 2>&1';

my $header = slurp(source_dir() . '/client/muster.h');
my %declared = map { $_ => 1 } $header =~ /^(?:MUSTER_API .*?)?\b(muster_\w+)\(/mg;
my %exported = map { /\b[TDBRW] (\w+)(?:@|$)/ ? ($1 => 1) : () }
    split /\n/, `nm -D --defined-only $library`;
delete @exported{grep { /^(?:__|_(?:init|fini|edata|end)|__asan|__odr)/ }
    keys %exported};
is_deeply [sort keys %exported], [sort keys %declared],
    'exactly what muster.h declares';
ok $exported{muster_new}, 'and that is something';
like `nm -D --defined-only $library | grep -c .`, qr/^\d+$/, 'nm works';
ok -e program('.libs/libmuster.so.0'), 'it has a version';

my $page = slurp(source_dir() . '/doc/libmuster.3');
my @missing = grep { $page !~ /\b$_\b/ } sort keys %declared;
is "@missing", '', 'the man page tells of every function';
my @callbacks = $header =~ /\(\*(on_\w+)\)/g;
@missing = grep { $page !~ /\b$_\b/ } @callbacks;
is "@missing", '', 'and of every callback';
my %stray = map { $_ => 1 } grep { !$declared{$_} }
    $page =~ /\b(muster_(?:new|free|register|find|monitor|exec|follow|request|service|version)\w*)\s*\(/g;
is join(' ', sort keys %stray), '', 'and of none that is not there';
done_testing();
