# The requests of EXEd's documentation as they are written there, commas before
# closing brackets and all, and what it says comes back.
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
my $core = 'molten-core.0ops.io';
my $hex = qr/[A-Za-z0-9-]+/;

# -- targets, in block mode ----------------------------------------------------
is_deeply ask($f, 'GET', '/target?pattern=karazhan.*')->{json},
    ['karazhan.0ops.io'], 'GET /target';
is_deeply ask($f, 'GET', '/targets')->{json}, \@hosts, 'GET /targets';

sub both { return {state => $_[0], status => $_[0]} }
my $a = ask($f, 'GET', "/ping?target=$core");
is $a->{status}, 200, 'GET /ping';
is $a->{headers}{'content-type'}, 'application/json', 'JSON';
is_deeply $a->{json}, {$core => both(0)}, 'state 0 under both names';
is_deeply ask($f, 'GET', "/facter?target=$core")->{json}, {$core => {
    %{both(0)},
    facter => {kernel => 'Linux', os => {family => 'Debian'}, host => $core},
}}, 'GET /facter';
is_deeply ask($f, 'GET',
    "/service?target=$core&state=2&name=nginx&graceful=1")->{json},
    {$core => both(4)}, 'GET /service: changed';
is slurp("$f->{dir}/service"), "$core nginx restarted 1\n",
    'what the host was asked';
my $ran = ask($f, 'GET', "/execute?target=$core&cmd=echo%20eth0")->{json};
is_deeply $ran, {$core => {%{both(4)}, rtc => 0, stderr => '',
    stdout => "eth0\n"}}, 'GET /execute';

# -- jobs ----------------------------------------------------------------------
my $deploy = <<'END';
{
	"targets": [
		"molten-core.0ops.io",
		"karazhan.0ops.io",
	],
	"role": "nginx",
	"partial": "reconfig",
	"extra_vars": {
		"upstreams": [
			"127.0.0.1:8080",
			"127.0.0.1:8081",
		],
		"server_name": "exe.0ops.io"
	}
}
END
$a = ask($f, 'POST', '/deploy', $deploy);
is $a->{status}, 201, 'POST /deploy';
like $a->{body}, qr/^\{"jid": ?"$hex"\}\s*$/, 'the id of a job';
my $jid = $a->{json}{jid};
$a = ask($f, 'GET', "/jobs/$jid?outputs=1&follow=1");
is $a->{status}, 200, 'GET /jobs/JID, followed';
is $a->{headers}{'transfer-encoding'}, 'chunked', 'in chunks';
my $job = job($f, $jid);
is_deeply [@$job{qw(state error operate)}], [0, '', 'deploy'], 'it is done';
cmp_ok abs($job->{startat} - time), '<', 60, 'startat';
is_deeply $job->{operate_args}, {
    role => 'nginx', partial => 'reconfig',
    extra_vars => {
        upstreams => ['127.0.0.1:8080', '127.0.0.1:8081'],
        server_name => 'exe.0ops.io',
    },
}, 'operate_args';
is_deeply [sort @{$job->{targets}}], \@hosts, 'targets';
is_deeply $job->{return_data}, {map { ($_ => [
    {name => 'install', state => 0},
    {name => 'configure', state => 4},
    both(4),
]) } @hosts}, 'return_data: the results of each host, in their order';
like slurp("$f->{dir}/deploy"),
    qr/^\Q$core\E nginx reconfig \{"upstreams":\[.*"exe\.0ops\.io"\}$/m,
    'what the host was asked';

$a = ask($f, 'POST', '/service', <<'END');
{
	"targets": [
		"molten-core.0ops.io",
		"karazhan.0ops.io",
	],
	"name": "ntp",
	"state": 2,
	"graceful": true,
}
END
is $a->{status}, 201, 'POST /service';
$job = job($f, $a->{json}{jid});
is_deeply $job->{return_data}, {map { ($_ => [both(4)]) } @hosts}, 'changed';
is_deeply [$job->{operate_args}{state}, !!$job->{operate_args}{graceful}],
    [2, !!1], 'its arguments as they were asked';

is_deeply job($f, post_job($f, '/ping', {targets => \@hosts}))->{return_data},
    {map { ($_ => [both(0)]) } @hosts}, 'POST /ping';
is job($f, post_job($f, '/facter', {targets => \@hosts}))
    ->{return_data}{$core}[0]{facter}{host}, $core, 'POST /facter';
is job($f, post_job($f, '/execute', {targets => \@hosts, cmd => 'echo a'}))
    ->{return_data}{$core}[0]{stdout}, "a\n", 'POST /execute';

# -- releases ------------------------------------------------------------------
my $types = [{type => 'common', name => 'common_release'},
    {type => 'something_else', name => 'yet_another_release'}];
is_deeply ask($f, 'GET', '/release')->{json}, $types, 'GET /release';
is_deeply ask($f, 'GET', '/task')->{json}, $types, 'GET /task';
my $revision = '1cc5aae96d61fd491f6dc626a06e3d3b792182b1';
$a = ask($f, 'POST', '/release', <<"END");
{
	"targets": [
		"molten-core.0ops.io",
		"karazhan.0ops.io",
	],
    "appname": "zerops",
    "apptype": "common",
    "revision": "$revision",
    "rollback": false,
    "extra_opts": {
        "giturl": "git\@github.com:whisperaven/0ops.git",
        "concurrency": 1,
        "graceful_reload": false
    }
}
END
is $a->{status}, 201, 'POST /release';
$job = job($f, $a->{json}{jid});
is_deeply $job->{return_data}{$core},
    [{revision => 'abc', state => 4}, both(4)], 'what came of it';
ok !$job->{operate_args}{rollback}, 'rollback is false';
like slurp("$f->{dir}/release"),
    qr/^\Q$core\E zerops common $revision  \{.*"concurrency":1/m,
    'what the host was asked';
unlink "$f->{dir}/release";
job($f, post_job($f, '/task', {targets => [$core], taskname => 'zerops',
    tasktype => 'common', taskopts => {revision => '?', x => 1}}));
is slurp("$f->{dir}/release"), "$core zerops common ?  {\"x\":1}\n",
    'POST /task, by its other names';
unlink "$f->{dir}/release";
job($f, post_job($f, '/release', {targets => [$core], appname => 'a',
    apptype => 'common', revision => 'r', rollback => 'True'}));
is slurp("$f->{dir}/release"), "$core a common r 1 \n", 'a rollback';

# -- the list, and the end -----------------------------------------------------
my $list = ask($f, 'GET', '/jobs')->{json};
ok scalar(grep { $_ eq $jid } @$list), 'GET /jobs';
$a = ask($f, 'DELETE', "/jobs/$jid");
is $a->{status}, 204, 'DELETE /jobs/JID';
is $a->{body}, '', 'nothing to say';
is ask($f, 'GET', "/jobs/$jid")->{status}, 404, 'it is gone';
finish();
