# One line of netcat registers, finds and watches; ending it removes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

plan skip_all => 'no nc' unless -x '/bin/nc' || -x '/usr/bin/nc';

my $reg = registry();
my ($host, $new, $find, $event) = split /:/, $reg->registry_address;

my $watcher = $reg->dial('event');
is $watcher->line, 'READY', 'port event is ready';

my $pid = open my $nc, '|-', 'nc', $host, $new or die "nc: $!";
syswrite $nc, "tcp!h!80 kind web\n";
ok eventually { `echo 'kind web' | nc -N $host $find` eq
    "tcp!h!80 kind web\n" }, 'another netcat finds it';
is $watcher->line, '00000001', 'a watcher got one line of its coming';

kill 'TERM', $pid;
close $nc;
ok eventually { `echo 'kind web' | nc -N $host $find` eq '' },
    'it is gone with its connection';
is $watcher->line, '00000002', 'and one of its going';

finish();
