# A job followed: its object first, then each result in a chunk as it comes,
# and the end when the job has ended.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet({dispatcher => ['dispatcher.heartbeat=100ms']});
my ($host, $other) = fleet_hosts();

# -- results as they come ------------------------------------------------------
spew("$f->{dir}/hold", '');
my $jid = post_job($f, '/deploy', {targets => [$host], role => 'nginx'});
my $s = stream($f, "/jobs/$jid?outputs=1&follow=1");
is $s->{status}, 200, 'it is there';
like $s->{head}, qr{^Content-Type: application/json$}m, 'JSON';
like $s->{head}, qr/^Transfer-Encoding: chunked$/m, 'in chunks';
my $job = $s->value;
is_deeply [@$job{qw(jid state operate)}, $job->{return_data}, $job->{targets}],
    [$jid, 1, 'deploy', {}, [$host]], 'first the job itself';
is_deeply $s->value, {$host => {name => 'install', state => 0}},
    'a result while the job runs';
is $s->chunk, "\n", 'a sign of life between two values';
my $again = stream($f, "/jobs/$jid?follow=1");
is $again->value->{state}, 1, 'another one';
is_deeply $again->value, {$host => {name => 'install', state => 0}},
    'who comes later gets what he has missed';
$again->close; # it goes away
unlink "$f->{dir}/hold";
is_deeply $s->value, {$host => {name => 'configure', state => 4}}, 'the next';
is_deeply $s->value, {$host => {state => 4, status => 4}}, 'the host';
is $s->value, '', 'the end';
my $next = $s->{conn};
$next->send("GET /targets HTTP/1.1\r\nHost: localhost\r\n\r\n");
like $next->line, qr{^HTTP/1\.1 200 }, 'the connection is good for more';

# -- one that has ended --------------------------------------------------------
my @all = stream_lines(ask($f, 'GET', "/jobs/$jid?follow=1")->{body});
is scalar(@all), 4, 'without outputs: told again';
is $all[0]{state}, 0, 'with its end';
my $ended = ask($f, 'GET', "/jobs/$jid?follow=1&outputs=1");
is $ended->{headers}{'transfer-encoding'}, 'chunked', 'in chunks as well';
@all = stream_lines($ended->{body});
is scalar(@all), 1, 'with outputs: the object, and end';
is scalar(@{$all[0]{return_data}{$host}}), 3, 'with all of it';

# -- by operation --------------------------------------------------------------
sub results
{
    my ($path, %body) = @_;
    my ($job, @results) = stream_lines(ask($f, 'GET', '/jobs/'
        . post_job($f, $path, \%body) . '?follow=1')->{body});
    return {map { %$_ } @results};
}
is_deeply results('/execute', targets => [$host, 'nobody'], cmd => 'echo hi'),
    {
        $host => {state => 4, status => 4, rtc => 0, stdout => "hi\n",
            stderr => ''},
        nobody => {state => 3, status => 3, rtc => -1, stdout => '',
            stderr => '', reason => 'unreachable',
            why => 'the host is not there'},
    }, 'execute';
is results('/facter', targets => [$host])->{$host}{facter}{host}, $host,
    'facter';
is_deeply results('/ping', select => 'all'),
    {map { ($_ => {state => 0, status => 0}) } $host, $other}, 'ping';

# -- HTTP/1.0 has no chunks ----------------------------------------------------
my $c = $f->{d}->dial('http');
$c->send("GET /jobs/$jid?follow=1 HTTP/1.0\r\n\r\n");
my ($head, $body) = $c->bytes =~ /^(.*?)\r\n\r\n(.*)$/s;
unlike $head, qr/chunked/, 'HTTP/1.0: no chunks';
is scalar(() = $body =~ /\n/g), 4, 'but all lines';

# -- going down ----------------------------------------------------------------
$jid = post_job($f, '/execute', {targets => [$host], cmd => 'sleep 60'});
$s = stream($f, "/jobs/$jid?follow=1");
is $s->value->{state}, 1, 'one runs';
$f->{d}->signal('TERM');
my $last;
1 while defined($last = $s->chunk) && $last ne '';
is $last, undef, 'a dispatcher that goes down cuts the stream off: no end';
ok $s->{conn}->ends, 'and the connection';
$f->{workers}{$host}->kill; # what runs there would keep it
finish();
