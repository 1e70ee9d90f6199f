# Programs of other projects that ./dev test fetches for t/clients, each in a
# folder of its package's name: MUSTER_PEERS, or build-peers/ of the sources.
#
#   my $consul = need_peer('consul', 'usr/bin/consul');   # or all is skipped
package Peers;
use strict;
use warnings;

use Exporter 'import';
use Muster ();
use Test::More ();

our @EXPORT = qw(need_peer);

# The path of a file of that package; skips the whole script if it is not there.
sub need_peer
{
    my ($package, $file) = @_;
    my $dir = $ENV{MUSTER_PEERS} || Muster::source_dir() . '/build-peers';
    my $path = "$dir/$package/$file";
    Test::More::plan(skip_all => "Debian's package $package is not here: "
        . './dev test fetches it, where it can be had') unless -e $path;
    return $path;
}

1;
