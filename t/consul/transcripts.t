# Every call that was recorded of a Consul 1.0.8, asked of musterd: status,
# headers, and of JSON the keys, types and values are the same, but for what is
# listed below with its reason. What is listed and is the same, fails, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json encode_json);
use Muster;
use MusterHttp;
use Test::More;
use Transcript;

need_programs(qw(musterd muster-dispatch muster-worker));

# -- what differs on purpose ---------------------------------------------------

# [calls, what differs, reason]
my @differences = (
    ['004', qr/./, 'there is no page under /ui/: / says who answers'],
    ['046|120', qr/^reason: Content Too Large/, "RFC 9110's name of 413"],
    ['078', qr/^header x-consul/, 'an error is of no index: 0 is none'],
    ['0(?:75|76|80|81|83|91)', qr/NodeChecks: was not there/,
        'clients of 1.7 and later look for it, none minds it'],
    ['134', qr/^\.(?:DebugConfig|Stats|Config\.Revision)/,
        'settings and counters of another program'],
    ['13[456]', qr/Tags\.build|\.Port|wan_join_port/,
        'there is no gossip: the port is that of consul.advertise'],
    ['16\d|17\d|18[5-9]|190', qr/^header x-consul-effective-consistency/,
        'aioconsul ends at an X-Consul header that is no JSON'],
    ['14[56]', qr/./, 'newer clients ask for one service of the agent'],
    ['189', qr/Tags: list, was null/, 'a list of tags is one when empty'],
    ['197', qr/Last(?:Index|Term)|StableSince/, 'what happened so far'],
    ['199', qr/^\.(?:Timestamp|Gauges|Counters|Samples|Points)/,
        'what is counted is ours'],
    ['204', qr/^\.Payload/, 'it holds the id of the session, in base64'],
);

sub reason
{
    my ($name, $wrong) = @_;
    my ($number) = $name =~ /^(\d+)/;
    for my $d (@differences) {
        my ($calls, $places) = @$d;
        next unless $number =~ /^(?:$calls)$/ && $wrong =~ $places;
        $d->[3]++;
        return $d->[2];
    }
    return;
}

# -- what the calls need -------------------------------------------------------

my $reg = registry('-o', 'registry.consul=127.0.0.1:0',
    '-o', 'consul.node_name=oracle', '-o', 'consul.remote_exec=on',
    '-o', 'consul.advertise=127.0.0.1:18300');
my $transcripts = Transcript->new(body => {
    '013-kv-put-binary' => "\x00\x01\xfe\xff",
    '046-kv-too-large' => 'x' x (512 * 1024 + 1),
    '047-kv-max-size' => 'x' x (512 * 1024),
    '129-event-fire-big' => 'x' x 600,
});

# What happened beside a call while it waited, or before it.
my %meanwhile = (
    '061' => sub { put('kv/o/a', 'woken') },
    '065' => sub { put('kv/o/later', 'now') },
    '066' => sub { http($reg, 'DELETE', '/v1/kv/o/later', face => 'consul') },
    '133' => sub { put('event/fire/deploy', 'wake') },
);
my %before = (
    '063' => sub { put('kv/elsewhere', 'x') },
    '202' => \&start_worker,
    '205' => sub { written('exit') },
);

sub put
{
    my ($path, $body) = @_;
    http($reg, 'PUT', "/v1/$path", face => 'consul', body => $body);
}

sub start_worker
{
    dispatcher($reg);
    worker($reg, 'oracle');
    eventually { $reg->find('kind dispatcher .names 1') }
        or die 'no dispatcher';
}

# Whoever carries out what was asked for has written that.
sub written
{
    my ($what) = @_;
    eventually {
        my $keys = http($reg, 'GET', '/v1/kv/_rexec/?keys', face => 'consul');
        $keys->{body} =~ m{/\Q$what\E"};
    } or diag "nothing has written $what";
}

# They were recorded in a second, and here it may take longer than what was made
# in one of them lives without a word: sessions are renewed and checks told again
# how they are, which changes nothing.
my $kept = time;
sub keep
{
    return if time - $kept < 2;
    $kept = time;
    my $get = sub { decode_json(
        http($reg, 'GET', "/v1/$_[0]", face => 'consul')->{body}) };
    put("session/renew/$_->{ID}", '')
        for grep { $_->{TTL} } @{$get->('session/list')};
    my $checks = $get->('agent/checks');
    for my $id (grep { $checks->{$_}{Status} eq 'passing' } keys %$checks) {
        my ($status, $output) = @{$checks->{$id}}{qw(Status Output)};
        put("agent/check/update/$id",
            encode_json({Status => $status, Output => $output}));
    }
    return;
}

sub ask
{
    my ($call) = @_;
    my ($number) = $call->{name} =~ /^(\d+)/;
    keep();
    $before{$number}->() if $before{$number};
    my $c = $reg->dial('consul');
    $c->send(request($call->{method}, $transcripts->path($call),
        body => $transcripts->ours($call->{body})));
    $meanwhile{$number}->() if $meanwhile{$number};
    my $got = answer($c, $call->{method});
    $c->close;
    return $got;
}

# -- all of them ---------------------------------------------------------------

my @files = sort glob "$FindBin::Bin/transcripts/*.txt";
cmp_ok scalar @files, '>=', 212, 'transcripts are here';
for my $file (@files) {
    my $call = $transcripts->read_call($file);
    # Of keys an index is that of what was read: it stands for itself.
    $transcripts->{same_indexes} = $call->{name} =~ /^0[0-6]\d-kv/;
    my $got = ask($call);
    if (!$got) {
        fail("$call->{name}: no answer");
        next;
    }
    my @wrong = grep { !reason($call->{name}, $_) }
        $transcripts->compare($call, $got);
    ok !@wrong, $call->{name} or diag join "\n", "$call->{method} $call->{path}",
        @wrong;
}
ok $_->[3], "differs: $_->[0] $_->[2]" for @differences;

finish();
