# Health, readiness and state, of each daemon: what they say when all is well,
# and when it is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');
my $reg = registry('-o', 'registry.admin=127.0.0.1:0');
my %daemon = (
    'musterd' => $reg,
    'muster-dispatch' => dispatcher($reg,
        '-o', 'dispatcher.admin=127.0.0.1:0'),
    'muster-worker' => worker($reg, 'w1', '-o', 'worker.admin=127.0.0.1:0'),
);

for my $program (sort keys %daemon) {
    my $d = $daemon{$program};
    my $health;
    ok((eventually {
        my $answer = http($d, 'GET', '/health');
        $health = decode_json($answer->{body});
        $answer->{status} == 200;
    }), "$program is healthy") or diag(explain($health));
    is $health->{status}, 'ok', 'says so';
    is $health->{program}, $program, 'and who it is';
    is $health->{pid}, $d->{pid}, 'and which process';
    like $health->{version}, qr/^\d+\.\d+\.\d+$/, 'and its version';
    cmp_ok $health->{uptime}, '>=', 0, 'and its age';
    is_deeply [grep { $health->{checks}{$_} ne 'ok' }
        keys %{$health->{checks}}], [], 'all checks are ok';
    ok exists $health->{checks}{connections}, 'one is of connections';
    my $ready = http($d, 'GET', '/ready');
    is $ready->{status}, 200, 'ready';
    ok decode_json($ready->{body})->{ready}, 'says so';
    my $state = http($d, 'GET', '/debug/state');
    is $state->{status}, 200, 'its state';
    is decode_json($state->{body})->{program}, $program, 'is its own';
    for my $path (qw(/health /ready /debug/state /metrics)) {
        my $answer = http($d, 'GET', $path);
        is $answer->{headers}{'cache-control'}, 'no-store',
            "$path is kept by no cache";
        is $answer->{headers}{'x-content-type-options'}, 'nosniff',
            'and is of its type';
        like $answer->{headers}{date},
            qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'dated';
        my $head = http($d, 'HEAD', $path);
        is $head->{status}, $answer->{status}, 'HEAD is as GET';
        is $head->{body}, '', 'without the body';
        is $head->{headers}{'content-type'},
            $answer->{headers}{'content-type'}, 'of the same type';
    }
}

# the state of the registry, in numbers
my $svc = $reg->register('a x y z w');
my $reader = $reg->dial('event');
$reader->line;
# (a daemon that is well may still be about to register, or to read)
my $state;
eventually {
    $state = decode_json(http($reg, 'GET', '/debug/state')->{body});
    $state->{services}{registered} == 3 && $state->{watches}{readers} == 4;
};
is $state->{services}{registered}, 3, 'services: with dispatcher and worker';
is $state->{services}{most}, 2000000, 'and how many there may be';
cmp_ok $state->{connections}{open}, '>=', 4, 'connections';
cmp_ok $state->{connections}{most}, '>', 100, 'and how many there may be';
cmp_ok $state->{watches}{most_bytes}, '>', 0, 'and what watches may take';
# the dispatcher reads twice: its workers, and those in quarantine
is $state->{watches}{readers}, 4, 'readers: with dispatcher and worker';
is $state->{keys}{keys}, 0, 'no keys';
is $state->{keys}{sessions}, 0, 'nor sessions';
is $state->{store}{kind}, 'memory', 'the store';
is $state->{store}{degraded}, undef, 'which is well';
cmp_ok $state->{changes}{kept}, '>=', 3, 'changes';

# a registry without descriptors says so, to those who are connected
my $c = $reg->dial('admin');
my $answer;
my $most = $reg->descriptors + 10;
system('prlimit', '--pid', $reg->{pid}, "--nofile=$most:") == 0
    or die 'prlimit';
my @crowd = map { $reg->dial('find') } 1 .. 20;
ok((eventually {
    $c->send(request('GET', '/health'));
    $answer = answer($c);
    $answer->{status} == 503;
}), 'out of descriptors: 503');
my $health = decode_json($answer->{body});
is $health->{status}, 'degraded', 'degraded';
like $health->{checks}{connections}, qr/descriptors/, 'because of that';
is $health->{checks}{store}, 'ok', 'and of nothing else';
$c->send(request('GET', '/metrics'));
cmp_ok parse_metrics(answer($c)->{body})->{muster_accept_pauses_total}, '>', 0,
    'it is counted';
$_->close for @crowd;
ok((eventually {
    $c->send(request('GET', '/health'));
    answer($c)->{status} == 200;
}), 'and well again when they are back');

# a dispatcher whose registry goes says so, and recovers
my $d = $daemon{'muster-dispatch'};
$reg->stop;
ok((eventually {
    $answer = http($d, 'GET', '/health');
    $answer->{status} == 503;
}), 'the dispatcher misses its registry');
like decode_json($answer->{body})->{checks}{registry}, qr/no registry/,
    'and says so';
$reg->restart;
ok((eventually { http($d, 'GET', '/health')->{status} == 200 }),
    'and has it again');
finish();
