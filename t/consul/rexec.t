# Remote execution as consul exec and AnyEvent::Consul::Exec ask for it: ack,
# output, exit from every worker that is meant.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulExec;
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $reg = consul('-o', 'consul.remote_exec=on');
my $disp = dispatcher($reg);
worker($reg, $_, '-o', 'worker.slots=4') for qw(web1 web2 db1);
ok eventually { $reg->find('kind dispatcher .names 1') && $disp->knows(3) },
    'a dispatcher knows them';

# -- a command ----------------------------------------------------------------

my $e = submit($reg, command => 'echo out; echo err >&2; exit 3');
is $e->{put}, 'true', 'the job is locked by the session';
is $e->{fired}{status}, 200, 'the event is fired';
ok $e->until_done(3), 'every worker has ended';
is join(' ', sort keys %{$e->{acks}}), 'db1 web1 web2', 'each acknowledged';
is join(' ', map { $e->{exits}{$_} } qw(db1 web1 web2)), '3 3 3', 'its status';
is join('', sort split /(?<=\n)/, $e->{output}{web1}), "err\nout\n",
    'both streams';
is_deeply $e->{strange}, undef, 'no other keys';
is join(' ', map { $_ eq $e->{session} ? 1 : 0 } @{$e->{holders}}),
    join(' ', (1) x @{$e->{holders}}), 'all are held by the session';
is $e->{pieces}{web1}[0], 0, 'pieces count from 0';
is $e->renew, 200, 'the session lives';
is $e->cleanup, 404, 'nothing is left';
is call($reg, 'GET', "/v1/session/info/$e->{session}")->{body}, '[]',
    'of the session neither';

# in the order of the keys' indexes: ack, output, exit
$e = submit($reg, command => 'echo one', node => '^web1$');
ok $e->until_done(1), 'one of them';
my %index = map { $_->{Key} => $_->{ModifyIndex} } @{call($reg, 'GET',
    "/v1/kv/$e->{base}?recurse")->{json}};
cmp_ok $index{"$e->{base}/web1/ack"}, '<', $index{"$e->{base}/web1/out/00000"},
    'the ack comes first';
cmp_ok $index{"$e->{base}/web1/out/00000"}, '<', $index{"$e->{base}/web1/exit"},
    'the exit last';
is join(' ', sort keys %{$e->{exits}}), 'web1', 'only that one ran it';
$e->cleanup;

# -- what is run --------------------------------------------------------------

$e = submit($reg, args => ['printf', '%s|', 'a b', "it's", '', '$HOME'],
    node => 'db');
ok $e->until_done(1), 'arguments';
is $e->{output}{db1}, "a b|it's||\$HOME|", 'without a shell';
$e->cleanup;
$e = submit($reg, script => "#!/bin/sh\necho \"script \$0\" | tr -d /0-9\n"
    . "cat\nexit 4\n", command => 'echo no', node => 'db1');
ok $e->until_done(1), 'a script';
like $e->{output}{db1}, qr/^script .+\n\z/, 'is run, and reads nothing';
is $e->{exits}{db1}, 4, 'its status';
$e->cleanup;
$e = submit($reg, command => 'kill -9 $$', node => 'db1');
ok $e->until_done(1), 'one that is killed';
is $e->{exits}{db1}, -1, 'is -1';
$e->cleanup;
$e = submit($reg, args => ['/no/such/program'], node => 'db1');
ok $e->until_done(1), 'one that cannot be started';
isnt $e->{exits}{db1}, 0, 'does not end well';
$e->cleanup;

# -- output -------------------------------------------------------------------

$e = submit($reg, command => 'seq 1 20000', node => 'db1');
ok $e->until_done(1), 'much output';
is $e->{output}{db1}, join('', map { "$_\n" } 1 .. 20000), 'comes whole';
is join(' ', @{$e->{pieces}{db1}}), join(' ', 0 .. $#{$e->{pieces}{db1}}),
    'in order, without a gap';
my @sizes = @{$e->{sizes}{db1}};
pop @sizes;
is join(' ', grep { $_ != 4096 } @sizes), '', 'in pieces of 4096 bytes';
$e->cleanup;

my $go = scratch() . '/go';
$e = submit($reg, command => "echo first; while ! test -e $go; do sleep 0.02; "
    . 'done; echo last', node => 'db1', wait => 0.2);
ok eventually { $e->look('1s'); ($e->{output}{db1} || '') eq "first\n" },
    'output comes while it runs';
ok eventually { $e->look('1s'); $e->{beats}{db1} >= 2 }, 'and signs of life';
spew($go, '');
ok $e->until_done(1), 'it ends';
is $e->{output}{db1}, "first\nlast\n", 'with the rest';
is join(' ', @{$e->{pieces}{db1}}), join(' ', 0 .. $#{$e->{pieces}{db1}}),
    'counted together';
$e->cleanup;

# another prefix
$e = submit($reg, command => 'echo x', node => 'db1', prefix => 'other/place');
ok $e->until_done(1), 'another prefix is honoured';
$e->cleanup;

# -- filters ------------------------------------------------------------------

$e = submit($reg, command => 'true', node => 'web');
ok $e->until_done(2), 'a part of the name is enough';
is join(' ', sort keys %{$e->{exits}}), 'web1 web2', 'those';
$e->cleanup;
$e = submit($reg, command => 'true', node => 'nobody');
$e->look('300ms');
is_deeply $e->{events}, ['job'], 'nobody is meant: nothing is written';
$e->cleanup;

# by services, which are found by their ids, and by their tags
my @held = map { $reg->register($_) }
    'app-1 service app node web2 id app-1 tags blue,v1',
    'app-2 service app node web1 id app-2 tags green,v1',
    'pg service app node db1 id pg';
for ([{service => '^app'}, 'web1 web2'], [{service => 'pg'}, 'db1'],
    [{service => 'app', tag => 'gre'}, 'web1'],
    [{service => 'app', tag => '^v1$', node => '2'}, 'web2'],
    [{service => 'app', tag => 'none'}, '']) {
    my ($filters, $nodes) = @$_;
    $e = submit($reg, command => 'true', %$filters);
    my @nodes = split / /, $nodes;
    @nodes ? $e->until_done(scalar @nodes) : $e->look('300ms');
    is join(' ', sort keys %{$e->{exits}}), $nodes,
        join ' ', map { "$_ $filters->{$_}" } sort keys %$filters;
    $e->cleanup;
}

# -- what is no job -----------------------------------------------------------

for my $job ('', '[]', '{"Command": 1}', '{"Wait": 5}', '{"Args": ["a", 1]}') {
    my $s = session($reg, Behavior => 'delete');
    kv_put($reg, "_rexec/$s/job", $job, "?acquire=$s");
    is call($reg, 'PUT', '/v1/event/fire/_rexec',
        body => qq({"Prefix":"_rexec","Session":"$s"}))->{status}, 200,
        "$job: fired";
}
for my $payload ('', '{}', '{"Prefix":"_rexec","Session":"x"}',
    '{"Prefix":"_rexec","Session":"' . '1' x 36 . '"}') {
    is call($reg, 'PUT', '/v1/event/fire/_rexec', body => $payload)->{status},
        200, "$payload: fired";
}
# a job that its session does not hold
my $s = session($reg, Behavior => 'delete');
kv_put($reg, "_rexec/$s/job", '{"Command":"echo no"}');
call($reg, 'PUT', '/v1/event/fire/_rexec',
    body => qq({"Prefix":"_rexec","Session":"$s"}));
$e = submit($reg, command => 'true', node => 'db1');
ok $e->until_done(1), 'it goes on';
is scalar(grep { /is not begun/ } $reg->log), 10, 'all of that is logged';
is scalar(@{call($reg, 'GET', "/v1/kv/_rexec/$s?keys")->{json}}), 1,
    'and nothing came of it';
$e->cleanup;

finish();
