# Jobs on an inventory's hosts outlive the worker that stands in front of them:
# it is killed hard, knows hosts and jobs again at once, and nothing is lost,
# doubled or started twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Muster;
use MusterPlugin;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
plan skip_all => 'ansible is not installed' unless installed('ansible-playbook');
plan skip_all => 'Ansible is not what a checker looks at'
    if ($ENV{MUSTER_TEST_SLOW} || 1) > 1;

my $dir = realpath(scratch());
mkdir "$dir/work";
spew("$dir/work/ansible.cfg", "[defaults]\n");
spew("$dir/work/inventory", <<"END");
[all]
near1
near2
[all:vars]
ansible_connection=local
ansible_python_interpreter=/usr/bin/python3
ansible_remote_tmp=$dir/remote
END
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.lost_after=10s');
my $w = worker($reg, 'gate', '-o', "worker.spool=$dir/spool",
    '-o', 'worker.slots=4', '-o', "ansible.workdir=$dir/work",
    '-o', 'ansible.inventory=inventory',
    '-o', 'worker.plugins=' . source_dir() . '/plugins/worker');
ok eventually { $reg->find('via gate .names 1') == 2 } 180;

my $c = connect_to($d->{addr}{exec});
$c->send("execute cmd 'echo x >>$dir/effect; until [ -e $dir/go ]; do "
    . "sleep 0.1; done; echo survived' .hosts near1,near2\n");
ok eventually { slurp("$dir/effect") eq "x\nx\n" } 180;
$w->kill;
$w->restart;
ok eventually { grep { /dispatcher \w+x\w+ at/ } $w->log };
spew("$dir/go", '');
my @lines = $c->rest(180);
is_deeply [sort grep { /^out/ } @lines],
    ['out near1 stdout survived', 'out near2 stdout survived'],
    'what they say comes, once' or diag map { "$_\n" } @lines;
is scalar(grep { /^exit near\d 0 state 0 reason exited .*adopted 1/ } @lines),
    2, 'their ends are true';
is slurp("$dir/effect"), "x\nx\n", 'none was started twice';

finish();
