# Who does not finish a first line in time is ended; who watches is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'limits.first_line=3s');
my $watcher = $reg->dial('event');
is $watcher->line, 'READY', 'a watcher';
my $a = $reg->register('a kind web');
is $watcher->line, '00000001', 'and a service';

my @slow = map { my $face = $_; map { $reg->dial($face) } 1 .. 10 }
    qw(new find);
my $served = 0;
my $ended = eventually {
    for my $c (grep { !$_->{eof} } @slow) {
        $c->send('k');
        $c->fill(0);
    }
    $served++ if "@{[$reg->find('kind web')]}" eq 'a kind web';
    return !grep { !$_->{eof} } @slow;
};
ok $ended, 'a byte now and then does not keep a connection';
cmp_ok $served, '>', 1, 'and others are served all the time';
$a->send("x 1\n");
is $a->line, 'ok 2', 'a registered client may be silent';
is $watcher->line, '00000002', 'and so may a watcher';
finish();
