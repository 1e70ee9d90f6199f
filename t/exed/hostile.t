# Clients that mean harm, or do it: they do not read, go away, ask for too
# much at once, or send what is none; others are served meanwhile, and memory
# stays what it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use MusterHttp;
use MusterWorker;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet({dispatcher => ['http.waiting=40', 'dispatcher.answers=1M',
    'dispatcher.heartbeat=100ms', 'limits.stalled=3s', 'dispatcher.output=8M',
    'dispatcher.admin=127.0.0.1:0']});
my ($host) = fleet_hosts();
sub serves { return ask($f, 'GET', "/ping?target=$host")->{status} }
is serves(), 200, 'it serves';
my $before = $f->{d}->memory;

# -- bodies --------------------------------------------------------------------
sub message { return (ask($f, 'POST', '/deploy', @_)->{json} || {})->{message} }
my $deep = '{"targets":["a"],"role":"x","extra_vars":' . '{"a":' x 100000 . '1'
    . '}' x 100000 . '}';
like message($deep), qr/^the body is no JSON: /, '100,000 objects in another';
like message('{"targets":[' . '"a",' x 100001 . ']}'), qr/no target\(s\) given/,
    'too many targets';
like message('{"targets":["' . 'a' x 500000 . '"],"role":"x"}'),
    qr/no hosts match/, 'a long name';
like message("{\"targets\":[\"a\\nb\"],\"role\":\"x\"}"), qr/^bad target/,
    'a name with a line in it';
like message('{"targets":["a"],"role":"' . 'x' x 900000 . '"}'), qr/./,
    'a long role';
like message("\xff\xfe"), qr/^the body is no JSON: /, 'no text at all';
like message('{"' . 'k' x 1000 . '":1}'), qr/^unknown parameter k{80}$/,
    'a long key is cut';
my $c = $f->{d}->dial('http');
$c->send("POST /ping HTTP/1.1\r\nHost: localhost\r\n"
    . "Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n");
is answer($c)->{status}, 413, 'a body that would never end';
ok $c->ends, 'costs the connection';
is serves(), 200, 'it serves';

# -- regular expressions that take long ----------------------------------------
is ask($f, 'GET', '/targets?pattern=~' . '(a|b|ab)*' x 20 . 'c')->{status},
    200, 'one that has many ways';
is ask($f, 'GET', '/targets?pattern=~a{255}{255}{255}')->{status}, 400,
    'one that is too large';
is ask($f, 'GET', '/targets?pattern=' . '*a' x 500)->{status}, 200,
    'many stars';

# -- who does not read ---------------------------------------------------------
my $jid = post_job($f, '/execute', {targets => [$host],
    cmd => 'head -c 6000000 /dev/zero | tr "\0" x | fold -w 1000'});
my @slow = map {
    my $s = $f->{d}->dial('http');
    $s->send(request('GET', "/jobs/$jid/events"));
    $s
} 1 .. 20;
is serves(), 200, 'twenty who do not read their streams';
job($f, $jid);
is serves(), 200, 'and a job with much to say';
my $dropped = eventually {
    $f->{d}->metric('muster_http_waiting{face="http"}') == 0
} 20;
ok $dropped, 'they are dropped';
is scalar(grep { $_->close } @slow), 20, 'all of them';

# -- who asks for more than there is room for ----------------------------------
my @big = map {
    my $s = $f->{d}->dial('http');
    $s->send(request('GET', "/jobs/$jid?outputs=1",
        headers => {Connection => 'close'}));
    $s
} 1 .. 10;
# all of them as it comes: who waits for another one's end reads nothing
while (my @open = grep { !$_->{eof} } @big) {
    my %of = map { ($_->{socket} => $_) } @open;
    my @ready = IO::Select->new(map { $_->{socket} } @open)
        ->can_read(deadline(30)) or last;
    $of{$_}->fill(0) for @ready;
}
my @cut = map {
    my ($text) = answer($_)->{body} =~ /"stdout":"([^"]*)"/;
    defined $text ? length $text : -1
} @big;
ok !(grep { $_ > 2.5 * 1048576 || $_ < 0 } @cut), 'answers are bounded'
    or diag "@cut";
ok eventually { $f->{d}->metric('muster_exed_gathered_bytes') == 0 },
    'and nothing stays';
cmp_ok $f->{d}->metric('muster_exed_cut_bytes_total'), '>', 0, 'it is counted';

# -- too many at once ----------------------------------------------------------
my $long = post_job($f, '/execute', {targets => [$host],
    cmd => "while [ ! -e $f->{dir}/over ]; do sleep 0.05; done"});
my @follows = map { stream($f, "/jobs/$long?follow=1") } 1 .. 40;
is scalar(grep { $_->{status} == 200 } @follows), 40, 'as many as may wait';
my $a = ask($f, 'GET', "/jobs/$long/events");
is $a->{status}, 503, 'one more is refused';
ok $a->{headers}{'retry-after'}, 'and told to come again';
$_->close for @follows[0 .. 29];
ok eventually { $f->{d}->metric('muster_http_waiting{face="http"}') == 10 },
    'some go';
is serves(), 200, 'and others are served';

# -- who goes away -------------------------------------------------------------
$c = $f->{d}->dial('http');
$c->send(request('GET', "/execute?target=$host&cmd=until+test+-e+$f->{dir}/go;"
    . "+do+sleep+0.05;+done;+echo+done+>+$f->{dir}/left"));
ok eventually {
    scalar grep { $_->{operate} eq 'execute' && $_->{state} == 1
        && $_->{operate_args}{cmd} =~ /left/ }
        @{ask($f, 'GET', '/jobs?detail=1&state=1')->{json}}
}, 'a request that waits for its job';
$c->reset;
spew("$f->{dir}/go", '');
ok eventually { slurp("$f->{dir}/left") eq "done\n" },
    'its client goes away, the job goes on';

spew("$f->{dir}/over", '');
ok eventually { $f->{d}->metric('muster_http_waiting{face="http"}') == 0 },
    'all streams end with their job';
grew_less($f->{d}, $before, 60 * 1024, 'memory stays');
is serves(), 200, 'it serves';
finish();
