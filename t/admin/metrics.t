# /metrics is what Prometheus reads, its figures are those of what was done,
# and what clients choose is never in it: the series are there from the start.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd');
my $reg = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'limits.attrs=4', '-o', 'limits.services_per_connection=2',
    '-o', 'registry.watch_queue=4K', '-o', 'registry.changes=64');

my $first = http($reg, 'GET', '/metrics');
is $first->{status}, 200, 'they are there';
is $first->{headers}{'content-type'},
    'text/plain; version=0.0.4; charset=utf-8', 'in the format that they say';
is_deeply [check_metrics($first->{body})], [], 'and every line is of it';
my %before = %{parse_metrics($first->{body})};

# what() until it is so: the figure has grown by that much
sub grown
{
    my ($series, $by, $what) = @_;
    my $now;
    my $ok = eventually {
        $now = metrics($reg)->{$series};
        return defined $now && $now - $before{$series} == $by;
    };
    ok $ok, $what or diag("$series: $before{$series}, then "
        . (defined $now ? $now : 'none') . ", not $by more");
}

# services come, change, go
my $watcher = $reg->dial('event');
$watcher->line;    # READY
$watcher->send("secretattr x .detail 1\n");
$watcher->line;    # READY REVISION
my $svc = $reg->register('secretname secretattr secretvalue b c');
$svc->send("b d .ack 1\n");
$svc->line;
my $short = $reg->register('shortlived x y .ttl 1');
my $second = $reg->register('another secretattr x');
grown('muster_service_changes_total{kind="registered"}', 3, 'registered');
grown('muster_service_changes_total{kind="updated"}', 1, 'updated');
grown('muster_services', 3, 'services') unless eventually {
    metrics($reg)->{muster_services} < 3;    # the short one may be gone
} 0;
$second->close;
grown('muster_service_changes_total{kind="lost"}', 1, 'gone with its '
    . 'connection');
grown('muster_service_changes_total{kind="expired"}', 1, 'expired');
$svc->send(".remove secretname\n");
$svc->line;
grown('muster_service_changes_total{kind="removed"}', 1, 'removed');
grown('muster_services', 0, 'none is left');
grown('muster_attributes', 0, 'nor an attribute');
grown('muster_revision', 7, 'revisions');
grown('muster_connections_total{face="new"}', 3, 'connections of new');
grown('muster_connections{face="event"}', 1, 'one reader');
grown('muster_watchers', 1, 'which is a watcher');
grown('muster_watches', 1, 'of one selection');
cmp_ok metrics($reg)->{muster_watch_wakes_total}, '>=', 1, 'it was woken';

# requests, lines, bytes
my $asked = "secretattr nothing\n";
$reg->find('secretattr nothing') for 1 .. 3;
grown('muster_lines_total{face="find"}', 3, 'lines of find');
grown('muster_received_bytes_total{face="find"}', 3 * length $asked,
    'bytes of find');
grown('muster_batch_seconds_count{face="find"}', 3, 'and the time it took');
$reg->find('.count 1');
grown('muster_sent_bytes_total{face="find"}', 2, 'bytes sent: "0" and LF');

# refusals, by their reasons
my $c = $reg->dial('new');
$c->send("n a b a\n");
$c->line;
grown('muster_refused_total{face="new",reason="request"}', 1, 'a bad request');
$c = $reg->dial('new');
$c->send("many a 1 b 2 c 3 d 4 e 5\n");
$c->line;
grown('muster_refused_total{face="new",reason="attrs"}', 1,
    'too many attributes');
$c = $reg->dial('new');
$c->send("one .ack 1\n.new two\n.new three\n");
$c->lines(3);
grown('muster_refused_total{face="new",reason="services_per_connection"}', 1,
    'too many services');
my $taken = $reg->dial('new');
$taken->send("one\n");
$taken->line;
grown('muster_refused_total{face="new",reason="taken"}', 1, 'a name taken');
$c->close;

# a reader that stops reading gets a gap when it is far behind
my $slow = $reg->dial('event');
$slow->line;
$slow->send(".detail 1\n");
$slow->line;
my $busy = $reg->register('hurried n 0');
my $value = 'v' x 2000;
for (my $n = 1; metrics($reg)->{muster_watch_gaps_total} == 0; $n++) {
    die 'no gap' if $n > 200;
    $busy->send(join '', map { "n $n.$_ v $value\n" } 1 .. 99);
    $busy->send("n x\n");
    $busy->lines(100);
}
cmp_ok metrics($reg)->{muster_watch_gaps_total}, '>=', 1, 'gaps';
cmp_ok metrics($reg)->{muster_ring_changes}, '<=', 64, 'the ring is bounded';

# HTTP itself
%before = %{metrics($reg)};
http($reg, 'GET', '/secretpath?secretattr=1') for 1 .. 2;
http($reg, 'GET', '/health', headers => {Host => 'evil.example'});
grown('muster_http_refused_total{face="admin",reason="path"}', 2,
    'paths that are not');
grown('muster_http_refused_total{face="admin",reason="host"}', 1,
    'another Host');
my $again = metrics($reg);
cmp_ok $again->{'muster_http_answers_total{face="admin",status="4xx"}'}
    - $before{'muster_http_answers_total{face="admin",status="4xx"}'}, '==', 3,
    'answered 4xx';
cmp_ok $again->{'muster_http_request_seconds_count{face="admin"}'}, '>',
    $before{'muster_http_request_seconds_count{face="admin"}'},
    'the time of answers';

# the process
cmp_ok $again->{process_resident_memory_bytes}, '>', 1e6, 'memory';
cmp_ok abs($again->{process_resident_memory_bytes} / 1024 - $reg->memory),
    '<', 4096, 'is what /proc says';
cmp_ok $again->{process_open_fds}, '>', 5, 'descriptors';
cmp_ok $again->{process_cpu_seconds_total}, '>', 0, 'processor time';
cmp_ok abs($again->{process_start_time_seconds} - $^T), '<', deadline(120),
    'start';
cmp_ok $again->{muster_loop_turn_seconds_count}, '>', 10, 'turns of the loop';
cmp_ok $again->{muster_loop_turn_seconds_sum}, '>', 0, 'take time';

# nothing that a client chose
my $last = http($reg, 'GET', '/metrics')->{body};
is_deeply [check_metrics($last)], [], 'still every line is of the format';
unlike $last, qr/secret|shortlived|hurried|evil/, 'no word of a client';
unlike $last, qr/127\.0\.0\.1|:\d{4}/, 'no address';
is_deeply [sort keys %{parse_metrics($last)}], [sort keys %before],
    'the same series as at the start';
finish();
