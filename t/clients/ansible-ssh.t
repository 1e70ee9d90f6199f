# Hosts without a worker: two real sshd processes in the inventory of a worker,
# which Ansible pings, runs commands on and deploys a role to, all by the
# dispatcher; one of them goes away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Muster;
use MusterHttp;
use MusterPlugin;
use MusterWorker;
use Sshd;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
plan skip_all => 'ansible is not installed' unless installed('ansible-playbook');

my $dir = realpath(scratch());
my @sshd = map { Sshd->new("127.0.0.$_") || plan skip_all => Sshd::why() } 2, 3;
mkdir "$dir/work";
spew("$dir/work/ansible.cfg", "[defaults]\n");

sub inventory
{
    my @hosts = @_;
    my $i = 0;
    return spew("$dir/work/inventory", "[web]\n", (map {
        my $sshd = $sshd[$i++];
        "$_ ansible_host=$sshd->{address} ansible_port=" . $sshd->port
            . " muster_rack=r$i\n" } @hosts), "[all:vars]\n",
        "ansible_user=" . getpwuid($<) . "\n",
        "ansible_python_interpreter=/usr/bin/python3\n",
        "ansible_remote_tmp=$dir/remote\n",
        "ansible_ssh_common_args='" . Sshd->options . "'\n");
}

inventory('ssh1', 'ssh2');
ansible_role("$dir/work/books/roles/site", <<"END");
- name: a folder
  ansible.builtin.file: {path: "$dir/{{ inventory_hostname }}", state: directory}
- name: wait for whoever looks
  ansible.builtin.wait_for: {path: "$dir/seen", timeout: 300, sleep: 1}
- name: the page
  ansible.builtin.copy:
    content: "{{ text }} on {{ inventory_hostname }}"
    dest: "$dir/{{ inventory_hostname }}/page"
  tags: page
- name: only there
  ansible.builtin.command: touch $dir/only-there
  when: inventory_hostname == 'nowhere'
END

my $reg = registry();
my $d = dispatcher($reg);
my @gate = ('-o', 'worker.slots=4',
    '-o', 'worker.plugins=' . source_dir() . '/plugins/worker',
    '-o', "ansible.workdir=$dir/work", '-o', 'ansible.inventory=inventory',
    '-o', 'ansible.playbooks=books', '-o', 'ansible.sshkey=' . $sshd[0]->key);
my $gate = worker($reg, 'gate', @gate);

# A job's lines
sub job
{
    my ($request) = @_;
    my $c = connect_to($d->{addr}{exec});
    $c->send("$request\n");
    return $c;
}

# HOST => its exit line, of all that a job says
sub ends_of
{
    my @lines = @_;
    return { map { /^exit (\S+) (.*?)(?: duration .*)?$/ ? ($1 => $2) : () }
        @lines };
}

sub results
{
    my ($host, @lines) = @_;
    my $text = '';
    for my $line (@lines) {
        my ($word, $of, $json) = words($line);
        $text .= $json if $word =~ /^result\+?$/ && $of eq $host;
        $text .= "\n" if $word eq 'result' && $of eq $host;
    }
    return map { decode($_) } split /\n/, $text;
}

# -- they are there ---------------------------------------------------------
ok eventually { $reg->find('kind worker via gate .names 1') == 2 } 180;
my ($ssh1) = $reg->find('kind worker host ssh1');
like $ssh1, qr/^ansible!ssh1 .*\bvia gate\b/, 'a host of the inventory';
like $ssh1, qr/ ops ping,facter,service,execute,deploy /, 'its operations';
like $ssh1, qr/ groups web group\.web 1 ansible_host 127\.0\.0\.2 rack r1/,
    'its groups, and variables muster_*';

# -- operations -------------------------------------------------------------
# Under a checker, which sees nothing of Ansible, the role has to do.
SKIP: {
skip 'Ansible is not what a checker looks at', 7
    if ($ENV{MUSTER_TEST_SLOW} || 1) > 1;

my @jobs = map { job($_) } 'ping .hosts ssh1,ssh2,gate .wait 60',
    q(execute cmd 'echo out; echo err >&2; exit 3' .on 'rack=r1' .wait 60),
    qq(execute argv 'printf %s ''{{ 7 * 6 }} \$HOME''' .hosts ssh2 .wait 60),
    'service name no-such-service state exploded .hosts ssh1 .wait 60',
    'release appname a apptype common revision x .hosts ssh1';
my @lines = $jobs[0]->rest(180);
is_deeply ends_of(@lines), { map { ($_ => '0 state 0 reason exited') }
    qw(ssh1 ssh2 gate) }, 'ping' or diag "@lines";
@lines = $jobs[1]->rest(180);
is_deeply [sort(grep { /^(?:out|part)/ } @lines), %{ ends_of(@lines) }],
    ['out ssh1 stderr err', 'out ssh1 stdout out',
        ssh1 => '3 state 2 reason exited'],
    'a command: output and exit status true' or diag "@lines";
@lines = $jobs[2]->rest(180);
ok grep({ $_ eq q(part ssh2 stdout '{{ 7 * 6 }} $HOME') } @lines),
    'arguments byte for byte, no templates' or diag "@lines";
my $facts = decode(http($d, 'GET', '/facter?target=ssh1', face => 'http')
    ->{body});
is $facts->{ssh1}{facter}{ansible_system}, 'Linux', 'GET /facter'
    or diag encode($facts);
@lines = $jobs[3]->rest(180);
ok grep({ /^out ssh1 stderr .*bad service name or state/ } @lines),
    'a service: no such state' or diag "@lines";
@lines = $jobs[4]->rest(180);
like "@lines", qr/release/, 'an operation that they do not have';
unlike "@lines", qr/state [04]/, 'is none';
}

# -- a role -----------------------------------------------------------------
my $c = job(q(deploy role site extra_vars '{"text":"hello"}' .on 'groups=web'));
my ($jid) = ($c->line || '') =~ /^submit (\S+) 2/;
my $follow = job("follow $jid");
my @first = $follow->until(qr/^result ssh2 .*a folder/, 180);
push @first, $follow->until(qr/^result ssh1 .*a folder/, 180)
    unless grep { /^result ssh1 .*a folder/ } @first;
ok !grep({ /^exit/ } @first), 'a result comes while the role still runs';
spew("$dir/seen", '');
my @all = (@first, $follow->rest(180));
is_deeply ends_of(@all), { ssh1 => '0 state 4 reason exited',
    ssh2 => '0 state 4 reason exited' }, 'the role is deployed' or diag "@all";
for my $host (qw(ssh1 ssh2)) {
    is_deeply [map { "$_->{task} $_->{state}" } results($host, @all)],
        ['a folder 4', 'wait for whoever looks 0', 'the page 4',
            'only there 1'], "a result per task of $host";
    is slurp("$dir/$host/page"), "hello on $host", "done on $host";
}

# -- one goes away; over HTTP, as EXEd's clients ask -------------------------
$sshd[1]->stop;
my $r = http($d, 'POST', '/deploy', face => 'http',
    headers => { 'Content-Type' => 'application/json' },
    body => encode({ targets => ['ssh1', 'ssh2'], role => 'site',
        partial => 'page', extra_vars => { text => 'hello' } }));
is $r->{status}, 201, 'POST /deploy' or diag $r->{body};
$jid = decode($r->{body})->{jid};
my $done;
ok eventually {
    $done = decode(http($d, 'GET', "/jobs/$jid?outputs=1",
        face => 'http')->{body});
    return $done->{state} != 1;
} 180;
is_deeply { map { my $host = $_; ($host =>
        [map { $_->{state} } @{ $done->{return_data}{$host} }]) }
    qw(ssh1 ssh2) }, { ssh1 => [0, 0], ssh2 => [3, 3] },
    'nothing has changed on one, the other is unreachable'
    or diag encode($done);
is $done->{state}, 2, 'the job failed';
like $done->{error}, qr/1 of 2/, 'on one of two';

# -- the inventory changes --------------------------------------------------
inventory('ssh1', 'ssh9');
kill 'HUP', $gate->{pid};
ok eventually { join(' ', sort $reg->find('via gate .names 1'))
    eq 'ansible!ssh1 ansible!ssh9' } 180;
spew("$dir/work/inventory", "[broken\n");
kill 'HUP', $gate->{pid};
ok eventually { grep { /ansible\.inventory: .*stay as they were/ } $gate->log }
    180;
is scalar(my @left = $reg->find('via gate .names 1')), 2,
    'a broken inventory changes nothing';

# -- a worker that starts again knows them at once --------------------------
$gate->stop;
my $again = worker($reg, 'gate', @gate);
ok eventually { $reg->find('via gate .names 1') == 2 } 180;
ok eventually { grep { /ansible\.inventory: .*stay as they were/ } $again->log }
    180;
is scalar(@left = $reg->find('via gate .names 1')), 2,
    'though the inventory is still broken';

# -- draining ---------------------------------------------------------------
my ($rc, $out, $err) = muster($reg, 'drain', 'ssh1', 'no disk');
isnt $rc, 0, 'such a host is not drained by itself';
like $err, qr/ssh1 is reached through gate: that one can be drained/, 'but so';
($rc, $out, $err) = muster($reg, 'drain', 'gate', 'no disk');
is $rc, 0, 'its worker is' or diag $err;
ok eventually { $reg->find("via gate drain 'no disk' .names 1") == 2 };
muster($reg, 'undrain', 'gate');
ok eventually { $reg->find('via gate drain! * .names 1') == 2 };

# -- by the wire ------------------------------------------------------------
my $w = connect_to($again->{addr}{worker});
$w->send("hello AAAA .host nobody\n");
like $w->line, qr/^error: 'this worker is gate and has no host nobody behind/,
    'a host that is not behind it';
$w = connect_to($again->{addr}{worker});
$w->send("hello AAAA .host gate\n");
like $w->line, qr/^hello gate /, 'its own name is its own';
$w = connect_to($again->{addr}{worker});
$w->send("hello AAAB .host ssh1\n");
like $w->line, qr/^hello ssh1 \S+ slots 4 ops ping,facter,/, 'one behind it';

finish();
