# A service of very many: some of them at random, and none that has gone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Dns;
use Muster;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.dns=127.0.0.1:0');
my $dns = Dns->new($reg);
my $many = 600;
my $c = $reg->dial('new');
sub say_to
{
    my ($to, @lines) = @_;
    $to->send(join '', map { "$_\n" } @lines);
    my @ok = grep { /^ok/ } $to->lines(scalar @lines);
    is scalar @ok, scalar @lines, 'all are taken';
    return;
}
sub say_all { return say_to($c, @_) }
sub all
{
    my ($name, $type) = @_;
    return @{$dns->ask("$name.service.consul", $type || 'A',
        tcp => 1)->{answer}};
}

say_all(map { ".new w$_ service many node n$_ addr tcp!10.0."
    . int($_ / 256) . '.' . $_ % 256 . '!80 rack r' . $_ % 7
    . ($_ % 100 ? '' : ' tags few') . ' .ack 1' } 1 .. $many);
is scalar all('many'), $many, 'all of them by TCP';
my %seen;
for (1 .. 40) {
    my $a = $dns->ask('many.service.consul', 'A', edns => 1232);
    ok $a->{tc} && @{$a->{answer}} > 70, 'a datagram full' if $_ == 1;
    $seen{$_}++ for @{$a->{answer}};
}
cmp_ok scalar keys %seen, '>', $many * 0.9, 'others each time';
is scalar all('few.many'), 6, 'by tag';
is scalar all('many', 'SRV'), $many, 'and with their ports';

# the list may be behind, by a little
say_all(map { ".of w$_ status critical" } 1 .. 100);
ok((eventually { all('many') == $many - 100 }), 'the sick are left out');
ok((eventually { all('few.many') == 5 }), 'by tag, too');
$c->close;
ok((eventually { $dns->ask('many.service.consul', 'A')->{rcode}
    eq 'NXDOMAIN' }), 'and all when they are gone');

# the first who asks has the view made, and does not stop the others
my $big = registry('-o', 'registry.dns=127.0.0.1:0',
    '-o', 'limits.services_per_connection=100000');
my $late = Dns->new($big);
my $feed = $big->dial('new');
say_to($feed, map { ".new w$_ service big node n$_ addr tcp!10.0.0.1!$_ "
    . '.ack 1' } 1 .. 6000);
my $waits = $big->dial('dns');
$waits->send(pack 'n/a', $late->question('big.service.consul', 'SOA',
    id => 7));
is scalar(my @found = $big->find('.name w77')), 1, 'others are served';
is Dns::answer(Dns::message($waits))->{id}, 7, 'it gets its answer';
cmp_ok scalar @{$late->ask('big.service.consul', 'SRV', tcp => 1)->{answer}},
    '>', 1000, 'and what is there';

# of two kinds of address the rarer one is found
$c = $reg->dial('new');
say_all(".new six service both addr tcp!2001:db8::1!80 .ack 1",
    map { ".new w$_ service both node n$_ addr tcp!10.1."
    . int($_ / 256) . '.' . $_ % 256 . '!80 .ack 1' } 1 .. $many);
is_deeply $dns->ask('both.service.consul', 'AAAA')->{answer},
    ['both.service.consul 0 AAAA 2001:db8::1'], 'a rare address' for 1 .. 10;
finish();
