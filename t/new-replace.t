# .replace takes over a service; its old connection is told and closed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();
my $old = $reg->register('a kind web role x');
my $plain = $reg->dial('new');
$plain->send("a kind web role y\n");
is $plain->line, "error: 'duplicate service name'", 'not without .replace';
ok $plain->ends, 'that connection ends';

my $new = $reg->register('a kind web role y .replace 1');
like $old->line, qr/^error: '.*'$/, 'the old connection gets an error';
ok $old->ends, 'and ends';
is_deeply [$reg->find], ['a kind web role y'], 'the service is the new one';
$new->send("role z\n");
is $new->line, 'ok 3', 'and its new connection keeps it';
is_deeply [$reg->find], ['a kind web role z'], 'after the old one ended';

my $watch = $reg->dial('event');
is $watch->line, 'READY', 'a watcher';
my $same = $reg->register('a kind web role z .replace 1');
ok $new->ends, 'an identical one takes over, too';
$same->send("role q\n");
is $same->line, 'ok 4', 'and made no revision';
is $watch->line, '00000004', 'nor an event';

my $fresh = $reg->register('b .replace 1');
is_deeply [$reg->find('.name b')], ['b'], 'nothing to replace is no error';

my $c = $reg->register('keep kind web');
my $twice = $reg->dial('new');
$twice->send("keep kind\n");
like $twice->line, qr/^error: /, 'a bad line replaces nothing';
ok $c->silent, 'and closes nobody';
finish();
