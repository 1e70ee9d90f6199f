# Every setting is read by each program that the table says uses it: a setting
# without effect is a lie.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Find qw(find);
use JSON::PP;
use Muster;
use Test::More;

need_programs('muster');

my %rooms = (
    'musterd' => ['server', 'plugins/registry'],
    'muster-dispatch' => ['dispatcher', 'plugins/dispatch'],
    'muster-worker' => ['worker'],
    'muster' => ['client/cli'],
);
# read on behalf of all of them
my @shared = ('audit.c', 'daemon.c', 'auth/auth_conf.c', 'conf_derive.c',
    'conf_exed.c',
    'httpd_conf.c', 'listen_conf.c', 'tls_conf.c');

my $top = source_dir();
for my $program (sort keys %rooms) {
    my $text = join '', map { slurp("$top/lib/$_") } @shared;
    my @rooms = grep { -d } map { "$top/$_" } @{$rooms{$program}};
    find(sub { $text .= slurp($_) if /\.c$/ }, @rooms) if @rooms;
    my ($rc, $out) = run_program(program('muster'), 'config', 'show',
        '--effective', '--json', '--program', $program, '-c', '/dev/null');
    my @unused = grep { index($text, "\"$_\"") < 0 }
        map { decode_json($_)->{key} } split /\n/, $out;
    is_deeply \@unused, [], "$program reads all of its settings";
}
finish();
