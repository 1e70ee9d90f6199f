# What all services take together is bounded: what would be over it is refused
# with a reason, and what is there goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry('-o', 'limits.memory=1M');
my $old = $reg->register('old kind web text ' . 'x' x 1000);
my $c = $reg->register('first kind db');
my ($count, $refused) = (0);
while (!$refused && $count < 2000) {
    $c->send(join '', map { ".new s$count.$_ text $_" . 'y' x 3000 . "\n" }
        1 .. 10);
    for my $answer ($c->lines(10)) {
        $count++ if $answer =~ /^ok/;
        $refused ||= $answer if $answer !~ /^ok/;
    }
}
is $refused, "error: 'the services of this registry take as much memory as "
    . "they may'", 'more is refused';
cmp_ok $count, '>', 250, 'after about as much as was allowed';
cmp_ok $count, '<', 350, 'and not more';
$old->send("text z\n");
like $old->line, qr/^ok /, 'what takes less is taken';
$old->send("a 1 b 2\n");
like $old->line, qr/^ok /, 'and may take that much again';
$old->send('text ' . 'x' x 30000 . "\n");
like $old->line, qr/^error: 'the services of this registry/,
    'not more for who was there before';
is_deeply [$reg->find('kind web')], ['old kind web text z a 1 b 2'],
    'and nothing of it was done';
$c->close;
ok eventually { ($reg->find('.count 1'))[0] == 1 },
    'they go';
my $d = $reg->register('next text ' . 'x' x 30000);
is_deeply [$reg->find('.names 1')], ['old', 'next'], 'and there is room again';
finish();
