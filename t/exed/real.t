# The operations that come with muster, over HTTP: facts, the types of release,
# and a release of a git repository with the revision that is live.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
need_programs('plugins/worker/facter');
plan skip_all => 'there is no git here'
    unless grep { -x "$_/git" } split /:/, $ENV{PATH};
my $dir = scratch();
my $reg = registry();
my $plugins = source_dir() . '/plugins/worker,'
    . ($ENV{MUSTER_BIN} || source_dir() . '/build') . '/plugins/worker';
my $w = worker($reg, 'web1', '-o', "worker.plugins=$plugins",
    '-o', "worker.state=$dir/state");
my $f = {d => dispatcher($reg)};
ok eventually { @{ask($f, 'GET', '/release')->{json} || []} },
    'a worker with all there is';

# -- facts ---------------------------------------------------------------------
my $facts = ask($f, 'GET', '/facter?target=web1')->{json}{web1};
is $facts->{state}, 0, 'GET /facter';
is ref $facts->{facter}, 'HASH', 'facts are an object';
cmp_ok scalar(keys %{$facts->{facter}}), '>', 5, 'with some of them';

# -- a release -----------------------------------------------------------------
is_deeply [grep { $_->{type} eq 'common' } @{ask($f, 'GET', '/release')
    ->{json}}], [{type => 'common', name => 'common_release'}], 'GET /release';
my $git = "git -C $dir/repo -c user.name=t -c user.email=t\@t";
my ($rc) = run_program('sh', '-c', "git init -q $dir/repo && cd $dir/repo && "
    . "echo one > file && $git add . && $git commit -qm one");
is $rc, 0, 'a repository';
my (undef, $revision) = run_program('sh', '-c', "$git rev-parse HEAD");
chomp $revision;
my %app = (targets => ['web1'], appname => 'zerops', apptype => 'common',
    extra_opts => {giturl => "$dir/repo", path => "$dir/live"});
my $job = job($f, post_job($f, '/release', {%app, revision => $revision}));
is $job->{state}, 0, 'POST /release' or diag explain $job;
is $job->{return_data}{web1}[-1]{state}, 4, 'it has changed something';
$job = job($f, post_job($f, '/release', {%app, revision => '?'}));
is $job->{state}, 0, 'which revision is live' or diag explain $job;
like join(' ', map { $_->{revision} || '' } @{$job->{return_data}{web1}}),
    qr/\b$revision\b/, 'that one';
finish();
