# The ports may be on IPv6 and on unix sockets, each by itself, or off.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $dir = scratch();
my $reg = daemon('musterd', '-o', 'registry.new=[::1]:0',
    '-o', "registry.find=unix!$dir/find", '-o', 'registry.event=off');
like $reg->address('new'), qr/^\[::1\]:\d+$/, 'IPv6';
is $reg->address('find'), "unix!$dir/find", 'a unix socket';
is $reg->address('event'), undef, 'off';
my $c = $reg->register('a kind web');
is_deeply [$reg->find('kind web')], ['a kind web'], 'and all of it works';
$reg->stop;
ok !-e "$dir/find", 'the socket is gone with the daemon';

my $many = daemon('musterd',
    '-o', "registry.new=127.0.0.1:0,unix!$dir/new",
    '-o', 'registry.find=127.0.0.1:0', '-o', 'registry.event=127.0.0.1:0');
my $d = connect_to("unix!$dir/new");
$d->send("b kind web .ack 1\n");
is $d->line, 'ok 1', 'one port, on two addresses';
finish();
