# Jobs as objects: lists in pages and by state, the job and what came of it
# while it runs and after, cancelled ones, deleted ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet();
my ($host, $other) = fleet_hosts();
is ask($f, 'DELETE', "/jobs/$_")->{status}, 204, 'nothing is there at first'
    for @{ask($f, 'GET', '/jobs')->{json}};
is_deeply ask($f, 'GET', '/jobs')->{json}, [], 'no jobs';
is_deeply ask($f, 'GET', '/jobs?detail=1')->{json}, [], 'in detail, too';

# -- the list ------------------------------------------------------------------
my @jids = map {
    my $jid = post_job($f, '/execute', {targets => [$host],
        cmd => $_ % 2 ? 'true' : 'false'});
    job($f, $jid);
    $jid
} 1 .. 5;
is_deeply ask($f, 'GET', '/jobs')->{json}, \@jids, 'oldest first';
is_deeply ask($f, 'GET', '/jobs?state=done')->{json}, [@jids[0, 2, 4]], 'done';
is_deeply ask($f, 'GET', '/jobs?state=2')->{json}, [@jids[1, 3]], 'failed';
is_deeply ask($f, 'GET', '/jobs?state=1')->{json}, [], 'running';
my $a = ask($f, 'GET', '/jobs?limit=2');
is_deeply $a->{json}, [@jids[0, 1]], 'limit';
my (@paged, $next) = @{$a->{json}};
while (($next) = ($a->{headers}{link} || '') =~ /^<([^>]+)>; rel="next"$/) {
    $a = ask($f, 'GET', $next);
    push @paged, @{$a->{json}};
    last if @paged > 10;
}
is_deeply \@paged, \@jids, 'the links lead through all pages';
is ask($f, 'GET', '/jobs?limit=5')->{headers}{link}, undef, 'no page is next';
my ($link) = ask($f, 'GET', '/jobs?limit=1&state=0&detail=1')->{headers}{link}
    =~ /<([^>]+)>/;
is_deeply [map { $_->{jid} } @{ask($f, 'GET', $link)->{json}}], [$jids[2]],
    'a link keeps what was asked for';
my $detail = ask($f, 'GET', '/jobs?detail=True')->{json};
is_deeply [map { $_->{jid} } @$detail], \@jids, 'detail: the jobs';
is_deeply $detail->[1], {
    jid => $jids[1], state => 2, error => 'failed on 1 of 1 host(s)',
    startat => $detail->[1]{startat}, endat => $detail->[1]{endat},
    operate => 'execute', operate_args => {cmd => 'false'},
    return_data => {}, targets => [$host],
    summary => $detail->[1]{summary},
    'kept-until' => $detail->[1]{'kept-until'},
}, 'as one of them is';
is_deeply ask($f, 'GET', "/jobs/$jids[1]")->{json}, $detail->[1],
    'which is the same';

# -- one that runs -------------------------------------------------------------
my $said = scratch() . '/said';
my $jid = post_job($f, '/execute', {targets => [$host, $other],
    cmd => "echo \$MUSTER_HOST; [ \$MUSTER_HOST = $other ] && exit;"
        . " : >$said; exec sleep 60"});
my $job;
ok eventually { -e $said }, 'it has said something';
ok eventually {
    $job = ask($f, 'GET', "/jobs/$jid?outputs=1")->{json};
    keys %{$job->{return_data}}
}, 'what has come is there while the rest runs';
is $job->{state}, 1, 'it is running';
is $job->{endat}, undef, 'without an end';
is_deeply $job->{return_data}, {$other => [{state => 4, status => 4, rtc => 0,
    stdout => "$other\n", stderr => ''}]}, 'the host that has ended';
is_deeply ask($f, 'GET', "/jobs/$jid")->{json}{return_data}, {},
    'without outputs: none';
is_deeply ask($f, 'GET', '/jobs?state=running')->{json}, [$jid], 'by state';
is ask($f, 'DELETE', "/jobs/$jid")->{status}, 400, 'it cannot be deleted';
$a = ask($f, 'POST', "/jobs/$jid/cancel");
is $a->{status}, 202, 'but cancelled';
is_deeply $a->{json}, {jid => $jid}, 'which is told';
$job = job($f, $jid);
is $job->{state}, 2, 'then it has failed';
is $job->{return_data}{$host}[0]{reason}, 'cancelled', 'by that';
is $job->{return_data}{$host}[0]{stdout}, "$host\n", 'what it said is kept';
is ask($f, 'POST', "/jobs/$jid/cancel", {})->{status}, 409, 'not twice';
is ask($f, 'DELETE', "/jobs/$jid")->{status}, 204, 'now it can be deleted';
is ask($f, 'DELETE', "/jobs/$jid")->{status}, 404, 'once';

# -- the job port's jobs -------------------------------------------------------
($jid) = ($f->{d}->ask('exec', "execute argv 'sh -c ''exit 3''' .hosts $host\n"))
    [0] =~ /^submit (\S+)/;
$job = job($f, $jid);
is_deeply [@$job{qw(state operate)}], [2, 'execute'], 'are jobs like others';
is_deeply $job->{operate_args}, {argv => "sh -c 'exit 3'"}, 'with their own';
is $job->{return_data}{$host}[0]{rtc}, 3, 'and results';

# -- output that is none, odd, or much -----------------------------------------
my $ran = sub { ask($f, 'GET', "/execute?target=$host&cmd=$_[0]")
    ->{json}{$host} };
is $ran->("printf+'\\303\\274\\n'")->{stdout}, "\x{fc}\n", 'UTF-8';
my $r = $ran->("printf+'\\377\\n'");
is $r->{stdout}, '/wo=', 'bytes that are none: base64';
ok $r->{stdout_base64}, 'and said';
is $ran->("printf+'a\\000b'")->{stdout}, "a\0b", 'a NUL';
is $ran->("printf+x")->{stdout}, 'x', 'no line feed where none was';

my $small = fleet({registry => $f->{reg}, hosts => ['small.0ops.io'],
    dispatcher => ['dispatcher.answers=8K', 'dispatcher.output=64K'],
    unready => 1});
ok eventually {
    ask($small, 'GET', '/targets?pattern=small*')->{body} =~ /small/
}, 'another dispatcher';
$r = ask($small, 'GET', '/execute?target=small.0ops.io&cmd=seq+100000')
    ->{json}{'small.0ops.io'};
cmp_ok length $r->{stdout}, '<=', 8192, 'an answer is bounded';
is length($r->{stdout}) + $r->{stdout_cut}, 588895,
    'and says how much is missing';
finish();
