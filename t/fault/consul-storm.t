# The watch storm over HTTP: thousands of blocking queries about one service of
# Consul's catalog and a fleet that changes others all the time. They wake for
# theirs only, the others' changes cost what they cost without them, who never
# reads costs a bounded amount, and after a start from an older state everyone
# is told how it is, with an index to go on from.
#
# Nothing here has to be done in so many seconds: what is compared are counts,
# bytes, and processor time of one part of this run with that of another.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use JSON::PP ();
use Muster;
use MusterConsul;
use MusterCrowd;
use Test::More;

need_programs('musterd');
my $slow = $ENV{MUSTER_TEST_SLOW} || 1;
my $n = MusterCrowd->size($ENV{MUSTER_STORM} || ($slow > 1 ? 500 : 5000));
my $rounds = 20;
my $burst = 100;                       # changes of others for one of A

my $db = scratch() . '/registry.db';
my $reg = consul('-o', "registry.store=sqlite:$db",
    '-o', 'registry.admin=127.0.0.1:0', '-o', 'limits.connections=15000',
    '-o', 'consul.blocking=15000', '-o', 'http.waiting=15000',
    '-o', 'consul.node_name=here', '-o', 'limits.stalled=0');
my $json = JSON::PP->new->utf8;

# seconds of processor time that it has had
sub cpu
{
    my ($ns) = split ' ', slurp("/proc/$reg->{pid}/schedstat");
    return $ns / 1e9;
}

sub put
{
    my ($path, $body) = @_;
    my $a = call($reg, 'PUT', "/v1/$path", body => $json->encode($body));
    die "$path: $a->{body}" unless $a->{body} eq 'true';
    return;
}

# A: of a node of its own, kept by the store
sub change_a
{
    my ($port) = @_;
    put('catalog/register', {Node => 'far', Address => '10.0.0.1',
        Service => {Service => 'a', Port => $port}});
    return;
}

# Others: of the same store, on another node, each in a turn of its own
my $line;
sub change_b
{
    my ($text) = @_;
    $line ||= $reg->register('b service b node near');
    for my $i (1 .. $burst) {
        $line->send("n $text$i status " . ($i % 2 ? 'passing' : 'critical')
            . "\n");
        $line->line =~ /^ok / or die 'a change was refused';
    }
    return;
}

change_a(1);
my $path = '/v1/health/service/a';
my $index = index_of(call($reg, 'GET', $path));

# What B's changes cost while nobody watches
change_b("warm$_.") for 1 .. 3;
my $began = cpu();
change_b("quiet$_.") for 1 .. $rounds;
my $quiet = cpu() - $began;

# -- who watches A --------------------------------------------------------------

my $crowd = MusterCrowd->new($reg->address('consul'), $n);
sub ask_all
{
    my ($from) = @_;
    $crowd->send("GET $path?index=$from&wait=600s HTTP/1.1\r\n"
        . "Host: localhost\r\n\r\n");
    return $crowd->pump(
        sub { $reg->metric('muster_directory_waiters') == $n });
}

# The whole answers of all: index => how many, port => how many
sub answers
{
    my $whole = $crowd->pump(sub {
        !grep { $crowd->member($_)->{in} !~ /\]\z/ } 0 .. $n - 1;
    });
    my (%index, %port);
    for my $i (0 .. $n - 1) {
        my $m = $crowd->member($i);
        $index{$m->{in} =~ /^X-Consul-Index: (\d+)\r$/im ? $1 : 'none'}++;
        $port{$m->{in} =~ /"Port":(\d+)/ ? $1 : 'none'}++;
        $m->{in} = '';
    }
    return ($whole, \%index, \%port);
}

ok ask_all($index), "$n wait for A";
my $looks = $reg->metric('muster_consul_looks_total');
my $storm = -cpu();
change_b("storm$_.") for 1 .. $rounds;
$storm += cpu();
$crowd->turn(0);
is scalar(grep { length $crowd->member($_)->{in} } 0 .. $n - 1), 0,
    'nobody was told of anything but A';
is $reg->metric('muster_directory_woken_total'), 0, 'nor woken';
is $reg->metric('muster_consul_looks_total'), $looks, 'nor looked at';
note sprintf '%d changes of others cost %.1f ms of processor time without, '
    . '%.1f ms with %d who wait', $rounds * $burst, 1000 * $quiet,
    1000 * $storm, $n;
# (each who waits, looked at with each change, would be ten million looks)
cmp_ok $storm, '<', 2.5 * $quiet + 0.05,
    "who waits for A makes others hardly dearer";

my @memory;
for my $round (1 .. 3) {
    change_a(100 + $round);
    my ($whole, $indexes, $ports) = answers();
    ok $whole, "a change of A is told to all, round $round";
    is_deeply $ports, {100 + $round => $n}, 'as it is';
    ($index) = keys %$indexes;
    is_deeply $indexes, {$index => $n}, 'with one index';
    change_b("round$round.");
    ok ask_all($index), 'from which all wait again';
    push @memory, $reg->memory;
}
cmp_ok $memory[-1] - $memory[0], '<', 4096 * $slow, 'and nothing grows';
$crowd->close;

# -- who never reads --------------------------------------------------------------

my $many = 2000;
my $feed = $reg->dial('new');
$feed->send(join '', "s0 service many .ack 1\n",
    map { ".new s$_ service many tags " . 'x' x 500 . "\n" } 1 .. $many - 1);
is scalar($feed->lines($many)), $many, 'a megabyte of services';
my $size = length call($reg, 'GET', '/v1/health/service/many')->{body};
my $before = $reg->memory;
my $deaf = MusterCrowd->new($reg->address('consul'), 0);
my $readers = 20;
for (1 .. $readers) {
    my $i = $deaf->join(receive => 4096);
    $deaf->member($i)->{deaf} = 1;
}
$deaf->send("GET /v1/health/service/many HTTP/1.1\r\nHost: localhost\r\n\r\n"
    x 10);
$deaf->pump(sub { !grep { length } map { $_->{out} } @{$deaf->{members}} });
my $c = caller_of($reg);
for my $i (1 .. 20) {
    $line->send("deaf $i\n");
    $line->line;
    is $c->call('GET', '/v1/health/service/b')->{json}[0]{Service}{Meta}{deaf},
        $i, 'others do not wait for who never reads' if $i % 10 == 0;
}
my $grown = $reg->memory - $before;
note sprintf '%d that never read, each 10 answers of %.1f MB: %.1f MiB',
    $readers, $size / 1e6, $grown / 1024;
cmp_ok $grown, '<', $readers * 1024 * $slow, 'which costs a bounded amount';
$deaf->close;
$feed->close;

# -- over a start, and from an older state ------------------------------------

$index = index_of($c->call('GET', $path));
$c->close;
$reg->stop;
undef $line;
$reg->restart;
my $a = call($reg, 'GET', $path);
cmp_ok index_of($a), '>=', $index, 'after a start the index is no smaller';
is $a->{json}[0]{Service}{Port}, 103, 'A is as it was';

$reg->stop;
copy($db, "$db.old") or die "$db: $!";
$reg->restart;
change_a(200 + $_) for 1 .. 20;
$index = index_of(call($reg, 'GET', $path));
$reg->stop;
unlink glob "$db*-wal $db*-shm";
rename "$db.old", $db or die "$db: $!";
$reg->restart;

$n = 200;
$crowd = MusterCrowd->new($reg->address('consul'), $n);
$crowd->send("GET $path?index=$index&wait=600s HTTP/1.1\r\n"
    . "Host: localhost\r\n\r\n");
my ($whole, $indexes, $ports) = answers();
ok $whole, 'who comes back with an index of what is no more is not left waiting';
is_deeply $ports, {103 => $n}, 'he is told how it is';
my ($again) = keys %$indexes;
is_deeply $indexes, {$again => $n}, 'all of them with one index';
cmp_ok $again, '<', $index, 'smaller than his: he has to begin anew';
ok ask_all($again), 'from which he waits';
change_b('later');
change_a(300);
($whole, $indexes, $ports) = answers();
ok $whole, 'and misses nothing that comes';
is_deeply $ports, {300 => $n}, 'of it';
cmp_ok +(keys %$indexes)[0], '>', $again, 'whose index is greater';
$crowd->close;

finish();
