# Out of descriptors, accepting pauses, and comes back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry({limit_fds => 64});
my $a = $reg->register('a kind web');
my @many = map { eval { $reg->dial('event') } } 1 .. 100;
cmp_ok scalar(grep { defined } @many), '>=', 60, 'more clients than room';
my $heard = grep { defined && ($_->line(0.2) || '') eq 'READY' } @many[0 .. 20];
cmp_ok $heard, '>', 0, 'those that fit are served';
$a->send("x 1\n");
is $a->line, 'ok 2', 'a connection that is there goes on';
$_ && $_->close for @many;
ok +(eventually { eval { ($reg->find)[0] || '' } eq 'a kind web x 1' } 20),
    'with room again, others are served again';
finish();
