# Many keys: lists and deletes of all of them go in pieces, and whoever asks for
# little is answered in between. MUSTER_TEST_KEYS=1000000 says how many.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;
use Time::HiRes qw(time);

need_programs('musterd');
my $count = $ENV{MUSTER_TEST_KEYS} || 100_000;
my $in_txn = 64;
my $per_folder = 100;
my $reg = consul('-o', 'registry.kv_keys=0', '-o', 'registry.kv_size=0');
my $c = caller_of($reg);

sub key { return sprintf 'many/%05d/%03d', $_[0] / $per_folder,
    $_[0] % $per_folder }

my $began;
sub took
{
    diag sprintf '%-28s %6.2f s', $_[0], time - $began if $ENV{MUSTER_TEST_KEYS};
    return $began = time;
}

# -- filling: transactions, some under way at once ----------------------------

# How many were refused
sub fill
{
    my @fillers = map { caller_of($reg) } 1 .. 4;
    my ($asked, $answered, $failed) = (0, 0, 0);
    while ($answered < $count) {
        for my $f (@fillers) {
            next if $asked >= $count;
            my $end = $asked + $in_txn < $count ? $asked + $in_txn : $count;
            my $ops = join ',', map { '{"KV":{"Verb":"set","Key":"' . key($_)
                . '","Value":"dmFsdWU="}}' } $asked .. $end - 1;
            $f->ask('PUT', '/v1/txn', body => "[$ops]");
            $f->{sent} = $end - $asked;
            $asked = $end;
        }
        for my $f (@fillers) {
            my $sent = delete $f->{sent} or next;
            my $a = MusterHttp::answer($f->{conn});
            $failed++ if !$a || $a->{status} != 200;
            $answered += $sent;
        }
    }
    return $failed;
}

$began = time;
is fill(), 0, "$count keys are there";
took('filled');
kv_put($reg, 'small', 'x');

# Asks for what is long on a connection of its own, and others for little while
# the answer comes: they are served though most of it is still to be made.
# Returns its head, its first and its last bytes, how often the pattern is in
# it, and how many were answered before it had ended.
sub meanwhile
{
    my ($method, $path, $pattern) = @_;
    my $conn = caller_of($reg)->ask($method, $path)->{conn};
    my %got = (head => '', first => '', last => '', count => 0, between => 0);
    my $slowest = 0;
    until (take(\%got, $conn, $pattern)) {
        my $before = time;
        my $a = $c->call('GET', '/v1/kv/small');
        last if $a->{status} != 200;
        my $took = time - $before;
        $slowest = $took if $took > $slowest;
        $got{between}++;
    }
    diag sprintf '%d answers in between, the slowest in %.0f ms',
        $got{between}, 1000 * $slowest if $ENV{MUSTER_TEST_KEYS};
    $conn->close;
    return \%got;
}

# What there is of the answer; true when it has ended. What is counted must not
# be longer than what is kept of a piece for the next.
sub take
{
    my ($got, $conn, $pattern) = @_;
    $conn->fill(time) for 1 .. 16;
    if ($got->{head} eq '') {
        $conn->{in} =~ s/\A(HTTP.*?\r\n)\r\n//s or return $conn->{eof};
        $got->{head} = $1;
    }
    if ($got->{head} !~ /^transfer-encoding: chunked\r$/im) {
        my ($length) = $got->{head} =~ /^content-length: (\d+)\r$/im;
        return 0 if length $conn->{in} < $length;
        $got->{first} = $conn->{in};
        return 1;
    }
    while ($conn->{in} =~ /\A([0-9a-f]+)\r\n/) {
        my ($at, $size) = ($+[0], hex $1);
        return 1 if !$size;
        last if length $conn->{in} < $at + $size + 2;
        my $text = substr $got->{last}, -30;
        my $before = () = $text =~ /$pattern/g;
        $text .= substr $conn->{in}, $at, $size;
        substr $conn->{in}, 0, $at + $size + 2, '';
        $got->{count} += -$before + (() = $text =~ /$pattern/g);
        $got->{first} = $text if $got->{first} eq '';
        $got->{last} = $text;
    }
    return $conn->{eof};
}

# The same, until more than so many were: on a machine that does much else it is
# ourselves that may come too late for that, and seldom each time.
sub often_meanwhile
{
    my ($more_than, $again, @ask) = @_;
    for my $attempt (1 .. 5) {
        my $got = meanwhile(@ask);
        return $got if $got->{between} > $more_than || $attempt == 5;
        $again->();
    }
}

# -- lists --------------------------------------------------------------------

my $got = often_meanwhile(5, sub {}, 'GET', '/v1/kv/many/?recurse', qr/"Key":"many/);
like $got->{head}, qr{\AHTTP/1.1 200 }, 'recurse';
is $got->{count}, $count, 'gives all of them';
my ($first, $last) = map { key($_) } 0, $count - 1;
like $got->{first}, qr/\A\[\{"LockIndex":0,"Key":"\Q$first\E"/,
    'from the first';
like $got->{last}, qr/"Key":"\Q$last\E",[^{]*\}\]\z/, 'to the last';
like $got->{head}, qr/^transfer-encoding: chunked\r$/im, 'in chunks';
like $got->{head}, qr/^x-consul-index: \d{2,}\r$/im, 'with an index';
cmp_ok $got->{between}, '>', 5, 'others were answered meanwhile';
took('recurse');

$got = often_meanwhile(1, sub {}, 'GET', '/v1/kv/many/?keys', qr/"many/);
is $got->{count}, $count, 'keys gives all';
cmp_ok $got->{between}, '>', 1, 'others were answered meanwhile';
took('keys');
my $a = call($reg, 'GET', '/v1/kv/many/?keys&separator=/');
is scalar(() = $a->{body} =~ /"many/g), $count / $per_folder,
    'with a separator, all folders';
took('keys with separator');

# a client that does not read holds nobody up, and costs no memory by it
my $memory = $reg->memory;
my @deaf = map { caller_of($reg)->ask('GET', '/v1/kv/?recurse') } 1 .. 5;
$c->call('GET', '/v1/kv/small') for 1 .. 100;
cmp_ok $reg->memory - $memory, '<', 40_000,
    'five that do not read keep no answer waiting';
$_->{conn}->close for @deaf;

# -- deleting -----------------------------------------------------------------

my $w = caller_of($reg);
$w->ask('GET', '/v1/kv/many/?keys&wait=600s&index='
    . index_of($c->call('GET', '/v1/kv/many/00000/?keys')));
$began = time;
$got = often_meanwhile(5, \&fill, 'DELETE', '/v1/kv/many/?recurse');
is $got->{first}, 'true', 'delete';
cmp_ok $got->{between}, '>', 5, 'others were answered meanwhile';
took('deleted');
is $c->call('GET', '/v1/kv/many/?keys')->{status}, 404, 'they are gone';
is kv_get($reg, 'small')->{Value}, 'x', 'and nothing else is';
is $w->read->{status} =~ /^(?:200|404)$/, 1, 'who waited was told';
is $c->call('GET', '/v1/kv/?keys')->{body}, '["small"]', 'there is one left';
took('looked');
finish();
