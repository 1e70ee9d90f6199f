# Every status and every error text: whose fault, what is wrong, and that it is
# JSON with one key.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use MusterHttp;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet();
my ($host, $other) = fleet_hosts();
my @to = (targets => [$host]);

# [METHOD, PATH, BODY, STATUS, MESSAGE]
sub check
{
    my (@rows) = @_;
    for my $row (@rows) {
        my ($method, $path, $body, $status, $message) = @$row;
        my $a = ask($f, $method, $path, $body);
        my $name = "$method $path" . (ref $body ? ' ' . join ' ', map {
            "$_=" . (defined $body->{$_} ? $body->{$_} : 'null')
        } sort keys %$body : defined $body ? " $body" : '');
        $name =~ s/\n/ /g;
        is $a->{status}, $status, "$name: $status";
        next if $status < 300;
        is_deeply [keys %{$a->{json} || {}}], ['message'], '... as JSON';
        ref $message ? like $a->{json}{message}, $message, "... $message"
            : is $a->{json}{message}, $message, "... $message";
    }
    return;
}

my $none = 'no target(s) given';
my $nobody = 'no hosts match that target';
my $service = 'bad service name or state';

# -- operations ----------------------------------------------------------------
for my $op (qw(ping facter service execute)) {
    my %args = $op eq 'service' ? (name => 'ntp', state => 1)
        : $op eq 'execute' ? (cmd => 'true') : ();
    my $query = join '', map { "&$_=$args{$_}" } sort keys %args;
    check(
        ['GET', "/$op?target=$host$query", undef, 200],
        ['GET', "/$op?$query", undef, 400, $none],
        ['GET', "/$op?target=$query", undef, 400, $none],
        ['GET', "/$op?target=nobody$query", undef, 404, $nobody],
        ['POST', "/$op", {@to, %args}, 201],
        ['POST', "/$op", {%args}, 400, $none],
        ['POST', "/$op", {targets => [], %args}, 400, $none],
        ['POST', "/$op", {targets => $host, %args}, 400, $none],
        ['POST', "/$op", {targets => [1], %args}, 400, $none],
        ['POST', "/$op", {targets => ['nobody'], %args}, 404, $nobody],
        ['POST', "/$op", '[]', 400, 'the body is no JSON object'],
        ['POST', "/$op", '{"targets"', 400, qr/^the body is no JSON: /],
        ['POST', "/$op", '', 400, qr/^the body is no JSON: /],
        ['PUT', "/$op", undef, 405, qr/does not take that method/],
    );
    is ask($f, 'DELETE', "/$op")->{headers}{allow},
        'GET, HEAD, POST, OPTIONS', 'Allow';
    is ask($f, 'HEAD', "/$op?target=$host$query")->{status}, 405,
        "HEAD does nothing";
}
check(
    ['GET', "/service?target=$host&name=x&state=3", undef, 400, $service],
    ['GET', "/service?target=$host&name=x&state=up", undef, 400, $service],
    ['GET', "/service?target=$host&name=x", undef, 400, $service],
    ['GET', "/service?target=$host&state=1", undef, 400, $service],
    ['POST', '/service', {@to, name => 7, state => 1}, 400, $service],
    ['POST', '/service', {@to, name => 'x', state => '9'}, 400, $service],
    ['POST', '/service', {@to, name => 'x', state => -1}, 400, $service],
    ['GET', "/service?target=$host&name=x&state=2&graceful=perhaps", undef,
        400, 'graceful must be true or false'],
    ['GET', "/execute?target=$host", undef, 400, 'no cmd given'],
    ['POST', '/execute', {@to, cmd => undef}, 400, 'no cmd given'],
    ['GET', "/ping?target=$host&x=1", undef, 400, 'unknown parameter x'],
    ['GET', "/ping?target=$host&target=$other", undef, 400,
        'target stands twice'],
    ['POST', '/ping', '{"targets":["a"],"targets":["b"]}', 400,
        qr/^the body is no JSON: dup/],
    ['POST', '/ping', {@to, select => 'role=web'}, 400,
        'say target(s) or select, not both'],
    ['GET', '/ping?select=role%3Ddb', undef, 404, $nobody],
    ['GET', '/ping?select=', undef, 400, $none],
    ['GET', '/ping?select=role%7E%5B', undef, 400, qr/\[/],
    ['POST', '/ping', {targets => ['a,b']}, 400, 'bad target a,b'],
    ['POST', '/ping', {target => $host}, 201],
    ['POST', '/ping', {@to, target => $host}, 400,
        'say target(s) or select, not both'],
);
for my $bool (qw(1 True true yes 0 False false no)) {
    is ask($f, 'GET', "/service?target=$host&name=n&state=2&graceful=$bool")
        ->{status}, 200, "graceful=$bool";
    my ($last) = (split /\n/, slurp("$f->{dir}/service"))[-1];
    is $last, "$host n restarted" . ($bool =~ /^[1Tty]/ ? ' 1' : ' '),
        '... is what it says';
}

# -- what fails on the host is no error ----------------------------------------
is_deeply ask($f, 'GET', "/execute?target=$host&cmd=echo+no+>%262;+exit+3")
    ->{json}, {$host => {state => 2, status => 2, rtc => 3, stdout => '',
    stderr => "no\n"}}, 'a command that fails: 200, state 2';
my $a = ask($f, 'GET', "/service?target=$host&name=broken&state=0");
is $a->{status}, 200, 'a service that does not start';
is $a->{json}{$host}{state}, 2, '... is state 2';
is $a->{json}{$host}{stderr}, "no such unit\n", '... and why';
$a = ask($f, 'GET', "/execute?target=$host&cmd=kill+-9+\$\$");
is $a->{json}{$host}{rtc}, -1, 'no exit status is -1';
is $a->{json}{$host}{reason}, 'signal 9', '... with the reason';

# -- deploy, release, task -----------------------------------------------------
my $role = 'role should be string types';
my $vars = 'extra vars should be an json object or omitted';
my %app = (@to, appname => 'a', apptype => 'common', revision => '1');
check(
    ['POST', '/deploy', {@to, role => 'nginx'}, 201],
    ['POST', '/deploy', {@to}, 400, $role],
    ['POST', '/deploy', {@to, role => ['nginx']}, 400, $role],
    ['POST', '/deploy', {role => 'nginx'}, 400, $none],
    ['POST', '/deploy', {targets => ['nobody'], role => 'x'}, 404, $nobody],
    ['POST', '/deploy', {@to, role => 'x', extra_vars => []}, 400, $vars],
    ['POST', '/deploy', {@to, role => 'x', extra_vars => 'a=1'}, 400, $vars],
    ['POST', '/deploy', {@to, role => 'x', partial => {}}, 400,
        'partial must be a text, or a list of texts'],
    ['GET', '/deploy', undef, 405, qr/does not take that method/],
    ['GET', '/release', undef, 200],
    ['GET', '/release?x=1', undef, 400, 'unknown parameter x'],
    ['POST', '/release', {%app, apptype => undef}, 400, 'no apptype given'],
    ['POST', '/release', {%app, rollback => 'maybe'}, 400,
        'rollback must be true or false'],
    ['POST', '/release', {%app, extra_opts => 1}, 400,
        'extra_opts must be a JSON object'],
    ['POST', '/release', {%app, targets => []}, 400, $none],
    ['POST', '/release', {%app, targets => ['nobody']}, 404, $nobody],
    ['POST', '/task', {@to, taskname => 'a'}, 400, 'no tasktype given'],
    ['POST', '/task', {@to, taskname => 'a', tasktype => 'b',
        taskopts => {rollback => 'maybe'}}, 400,
        'rollback must be true or false'],
    ['DELETE', '/task', undef, 405, qr/does not take that method/],
);

# exclusive: one of a kind on a host at a time
ok eventually {
    !grep { $_->{state} == 1 } @{ask($f, 'GET', '/jobs?detail=1')->{json}}
}, 'all has ended';
my $conflict = 'operate conflict, job already running on some host(s)';
spew("$f->{dir}/hold", '');
my @running = (post_job($f, '/deploy', {@to, role => 'nginx'}),
    post_job($f, '/release', \%app));
check(
    ['POST', '/deploy', {targets => [$other, $host], role => 'x'}, 409,
        $conflict],
    ['POST', '/release', \%app, 409, $conflict],
    ['POST', '/task', {@to, taskname => 'a', tasktype => 'b'}, 409, $conflict],
    ['POST', '/deploy', {targets => [$other], role => 'x'}, 201],
    ['POST', '/ping', {@to}, 201],
    ['DELETE', "/jobs/$running[0]", undef, 400, qr/is running: cancel it/],
);
unlike slurp("$f->{dir}/deploy"), qr/^\Q$other\E x.*\n\Q$other\E x/m,
    'what was refused started nowhere';
unlink "$f->{dir}/hold";
job($f, $_) for @running;
check(['POST', '/deploy', {@to, role => 'nginx'}, 201]);

# -- jobs ----------------------------------------------------------------------
check(
    ['GET', '/jobs?detail=perhaps', undef, 400,
        'detail must be true or false'],
    ['GET', '/jobs?state=3', undef, 400,
        'state must be 0 or done, 1 or running, 2 or failure'],
    ['GET', '/jobs?limit=0', undef, 400,
        'limit must be a whole number within its bounds'],
    ['GET', '/jobs?after=nobody', undef, 400, 'after: no job nobody'],
    ['GET', '/jobs/nobody', undef, 404, 'job not exists'],
    ['GET', '/jobs/nobody?follow=1', undef, 404, 'job not exists'],
    ['GET', "/jobs/$running[0]?outputs=2", undef, 400,
        'outputs must be true or false'],
    ['DELETE', '/jobs', undef, 400, 'no jid given'],
    ['DELETE', '/jobs/nobody', undef, 404, 'job not exists'],
    ['DELETE', "/jobs/$running[0]?x=1", undef, 400, 'unknown parameter x'],
    ['POST', '/jobs/nobody/cancel', undef, 404, 'job not exists'],
    ['POST', "/jobs/$running[0]/cancel", undef, 409, qr/has ended/],
    ['GET', '/jobs/nobody/events', undef, 404, 'job not exists'],
    ['GET', "/jobs/$running[0]/events?from=-1", undef, 400,
        'from must be a whole number within its bounds'],
    ['POST', '/jobs', {}, 405, qr/does not take that method/],
);
is ask($f, 'GET', "/jobs/$running[0]/events", undef, 'Last-Event-ID' => 'x')
    ->{status}, 400, 'Last-Event-ID: x';

# -- targets, and the rest -----------------------------------------------------
check(
    ['GET', '/target?pattern=~(', undef, 400, qr/^bad pattern ~\(/],
    ['GET', '/targets?pattern=!', undef, 400, qr/^bad pattern/],
    ['GET', '/targets?select=role~%5B', undef, 400, qr/./],
    ['GET', '/target?pattern=nobody', undef, 200],
    ['GET', '/nothing', undef, 404, qr/nothing under this path/],
    ['GET', '/', undef, 404, qr/nothing under this path/],
    ['GET', '/ping/x', undef, 404, qr/nothing under this path/],
    ['GET', '/ping?target=%zz', undef, 400, qr/wrong %/],
    ['BREW', '/ping', undef, 501, qr/method/],
);
is_deeply ask($f, 'GET', '/target?pattern=nobody')->{json}, [], 'no match: []';

# -- other people's pages, and types -------------------------------------------
my %evil = (Origin => 'http://evil.org');
is ask($f, 'POST', '/ping', {@to}, %evil)->{status}, 403, 'another origin';
is ask($f, 'DELETE', "/jobs/$running[0]", undef, %evil)->{status}, 403,
    '... may delete nothing';
is ask($f, 'GET', "/execute?target=$host&cmd=true", undef,
    'Sec-Fetch-Site' => 'cross-site')->{status}, 403,
    '... nor run a command by GET';
is ask($f, 'GET', '/targets', undef, Host => 'evil.org')->{status}, 421,
    'another name';
is ask($f, 'POST', '/ping', {@to}, 'Content-Type' => 'text/plain')->{status},
    415, 'another type';
is ask($f, 'POST', '/ping', '{"targets":["' . 'x' x 1048576 . '"]}')->{status},
    413, 'too much';

# -- nobody to ask -------------------------------------------------------------
my $alone = {d => daemon('muster-dispatch',
    '-o', 'dispatcher.exec=off', '-o', 'dispatcher.registry=127.0.0.1:1:1:1')};
for my $path ("/ping?target=$host", '/targets', '/release') {
    my $a = ask($alone, 'GET', $path);
    is $a->{status}, 503, "$path before the registry has answered";
    is $a->{headers}{'retry-after'}, 1, '... try again';
}
$f->{workers}{$host}->kill;
ok eventually {
    my $a = ask($f, 'GET', "/ping?target=$host");
    $a->{status} == 404
}, 'a host whose worker is gone from the registry';
finish();
