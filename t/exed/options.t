# What EXEd did not know: hosts by a selector, a job's directives as options,
# keys under which a request may be sent twice, jobs that begin later.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet();
my @hosts = fleet_hosts();
my ($host) = @hosts;

# -- selectors -----------------------------------------------------------------
is_deeply [sort keys %{ask($f, 'GET', '/ping?select=role%3Dweb')->{json}}],
    \@hosts, 'GET by a selector: each host has its result';
is_deeply [keys %{ask($f, 'GET', '/ping?select=host+' . $host)->{json}}],
    [$host], 'by any attribute';
is_deeply [sort keys %{ask($f, 'GET', '/ping?select=all')->{json}}], \@hosts,
    'all of them';
my $job = job($f, post_job($f, '/execute', {select => 'role=web',
    cmd => 'true'}));
is_deeply [sort @{$job->{targets}}], \@hosts, 'POST by a selector';
is $job->{select}, 'role=web', 'the job says by which';
is_deeply ask($f, 'GET', "/targets?select=host%3D$host")->{json}, [$host],
    'targets by a selector';
is_deeply ask($f, 'GET', "/targets?select=role%3Dweb&pattern=kara*")->{json},
    [$host], 'and a pattern';
is_deeply ask($f, 'GET', '/targets?limit=1')->{json}, [$hosts[0]], 'limit';
is_deeply ask($f, 'GET', "/targets?after=$hosts[0]")->{json}, [$hosts[1]],
    'after';
is_deeply ask($f, 'GET', "/targets?pattern=$_->[0]")->{json}, $_->[1], $_->[0]
    for ['*:!molten*', [$hosts[0]]], ['~(karazhan|x)\..*', [$hosts[0]]],
        ['kara*,molten*', \@hosts], ['*.0ops.io:%26m*', [$hosts[1]]],
        ['', \@hosts], ['all', \@hosts], ['~ops', []];

# -- options -------------------------------------------------------------------
$job = job($f, post_job($f, '/execute', {targets => \@hosts,
    cmd => 'sleep 60', options => {timeout => 0.2, parallel => '100%'}}));
is $job->{state}, 2, 'a timeout';
is $job->{return_data}{$host}[0]{reason}, 'timeout', 'is why';
is $job->{error}, 'failed on 2 of 2 host(s)', 'on how many of how many';
is_deeply [map { $_->{reason} } values %{ask($f, 'GET', '/execute?select=all'
    . '&cmd=sleep+60&options={"timeout":"100ms"}')->{json}}],
    [qw(timeout timeout)], 'in a GET, too';
my @wrong = (
    [{nothing => 1}, qr/^unknown option nothing$/],
    [{on => 'all'}, qr/^unknown option on$/],
    [{hosts => 'a'}, qr/^unknown option hosts$/],
    [{by => 'root'}, qr/^unknown option by$/],
    [{timeout => 'soon'}, qr/^\.timeout takes /],
    [{timeout => {}}, qr/^option timeout must be /],
    [{expect => 5}, qr/^2 workers match, \.expect is 5$/],
);
for (@wrong) {
    my $a = ask($f, 'POST', '/ping', {select => 'all', options => $_->[0]});
    is $a->{status}, 400, join ' ', %{$_->[0]};
    like $a->{json}{message}, $_->[1], "... $_->[1]";
}
is ask($f, 'POST', '/ping', {select => 'all', options => []})->{status}, 400,
    'no object';
$job = job($f, post_job($f, '/ping', {select => 'all',
    options => {any => \1}}));
is scalar(@{$job->{targets}}), 1, 'any: one of them';
my $a = ask($f, 'POST', '/ping', {targets => ['later.0ops.io'],
    options => {wait => '60s'}});
is $a->{status}, 201, 'a host that is waited for need not be known';
is ask($f, 'POST', "/jobs/$a->{json}{jid}/cancel")->{status}, 202, 'cancel';
$job = job($f, $a->{json}{jid});
is $job->{state}, 2, 'it has ended';

# -- secrets -------------------------------------------------------------------
$job = job($f, post_job($f, '/deploy', {targets => [$host], role => 'x',
    extra_vars => {password => 'opensesame'},
    options => {secret => 'extra_vars'}}));
unlike ask($f, 'GET', "/jobs/$job->{jid}?outputs=1")->{body}, qr/opensesame/,
    'a secret argument is not shown';
is $job->{operate_args}{extra_vars}, '***', 'but that there is one';

# -- keys ----------------------------------------------------------------------
my %body = (targets => [$host], cmd => 'echo once >> ' . "$f->{dir}/once");
my $first = post_job($f, '/execute', {%body}, 'Idempotency-Key' => 'k-1');
$a = ask($f, 'POST', '/execute', {%body}, 'Idempotency-Key' => 'k-1');
is $a->{status}, 200, 'the same key: not created';
is $a->{json}{jid}, $first, 'the same job';
is $a->{headers}{'idempotent-replayed'}, 'true', 'and said to be';
job($f, $first);
is slurp("$f->{dir}/once"), "once\n", 'done once';
$a = ask($f, 'POST', '/execute', {%body, cmd => 'true'},
    'Idempotency-Key' => 'k-1');
is $a->{status}, 409, 'the same key for something else';
like $a->{json}{message}, qr/^the key k-1 stands for another request: job /,
    'is told';
$a = post_job($f, '/execute', {%body}, 'Idempotency-Key' => 'k-2');
isnt $a, $first, 'another key, another job';
job($f, $a);

# -- later ---------------------------------------------------------------------
my $jid = post_job($f, '/ping', {targets => [$host],
    options => {at => '2099-01-01T00:00:00Z'}});
$job = ask($f, 'GET', "/jobs/$jid")->{json};
is $job->{state}, 1, 'a job that begins later is not done';
is $job->{held}, 1, 'but held';
is ask($f, 'GET', "/ping?target=$host&options={\"at\":\"2099-01-01T00:00:00Z\"}")
    ->{status}, 400, 'nobody waits for it';
is ask($f, 'POST', "/jobs/$jid/cancel")->{status}, 202, 'it can be cancelled';
finish();
