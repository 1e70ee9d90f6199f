# Daemons run with profiles: binds, seeds, node ids.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use POSIX ();
use Test::More;

need_programs('musterd', 'muster-dispatch');

my $host = (POSIX::uname())[1];
my $conf = <<"END";
profiles:
  base: {log.level: debug}
  seed:
    parent: base
    binds: ["127.0.0.1:0:0:0"]
  quiet:
    parent: seed
    registry: {event: off}
  "$host":
    parent: quiet
END

my $r = daemon('musterd', {conf => $conf}, '--profile', 'seed');
ok defined $r->address($_), "binds: $_ listens" for qw(new find event);
my $web = $r->register('a kind web');
is_deeply [$r->find('kind web')], ['a kind web'], 'and serves';
my ($line) = grep { / serves / } $r->log;
like $line, qr/ as node seed\/[A-Za-z0-9]{20}$/, 'the node id has its profile';

my $quiet = daemon('musterd', {conf => $conf});
is $quiet->address('event'), undef, 'the profile named like the node applies';
ok defined $quiet->address('new'), 'on top of its parents';
($line) = grep { / serves / } $quiet->log;
like $line, qr/ as node \Q$host\E\/[A-Za-z0-9]{20}$/, 'and names the node';

my $named = daemon('musterd', {conf => "node: 'x/%n/100%%'\n"},
    '-o', 'binds=127.0.0.1:0:0:0');
($line) = grep { / serves / } $named->log;
like $line, qr/ as node x\/\Q$host\E\/100%$/, 'a node id of its own';

my $d = daemon('muster-dispatch', {conf => $conf}, '--profile', 'seed',
    '-o', 'seeds=' . $r->registry_address);
ok defined $d->address('exec'), 'binds: exec listens';
my @found;
ok eventually { @found = $r->find('kind dispatcher') },
    'the dispatcher registers with the seeds';
like $found[0],
    qr/ node \Q$host\E process seed\/[A-Za-z0-9]{20}( |$)/,
    'with its node, and what it is called there';
finish();
