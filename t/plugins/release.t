# The plugin release with its type common, by itself: a real git repository,
# job after job by the contract, everything that is asked for and that is bad.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Muster;
use MusterPlugin;
use Test::More;

plan skip_all => 'git is not installed' unless installed('git');

my $dir = realpath(scratch());
my $repo = git_repo("$dir/src");
my $one = $repo->commit(page => 'one', bin => '1');
my $two = $repo->commit(page => 'two');
my $three = $repo->commit(page => 'three');
my $root = "$dir/app";
my %base = (giturl => "file://$repo->{dir}", path => $root);
my %env = (MUSTER_RELEASE_APPS => "$dir/apps");
mkdir "$dir/apps";

sub release
{
    my ($revision, %o) = @_;
    my $back = delete $o{rollback};
    return plugin('release', { env => \%env, args => {
        appname => 'shop', apptype => 'common', revision => $revision,
        defined $back ? (rollback => $back) : (),
        extra_opts => encode({ %base, %o }) } });
}

sub is_live
{
    my ($commit, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is readlink("$root/current"), $commit && "releases/$commit", $name;
}

sub kept { return sort map { s{.*/}{}r } glob "$root/releases/*" }

like plugin_describe('release'),
    qr/^op release args appname,apptype,revision,rollback\?,extra_opts\? mutex 0 types 'common:common_release' doc '[^']+'\n\z/,
    'it describes itself and its types in one line';

# -- releasing --------------------------------------------------------------
my $r = release('?');
is $r->{rc}, 0, 'asking before anything is there';
is $r->{result}{live}, undef, 'nothing is live';

$r = release($one);
is $r->{state}, 'changed', 'the first release' or diag $r->{err};
is_live $one, 'it is live';
is slurp("$root/current/page"), 'one', 'the tree is that of the commit';
is_deeply [@{ $r->{result} }{qw(revision live previous changed action)}],
    [$one, $one, undef, 1, 'release'], 'the result says so';
$r = release($one);
is "$r->{state} $r->{result}{changed}", 'ok 0', 'again: not changed';
$r = release('main');
is_live $three, 'a branch is the commit that it is now';
is $r->{result}{previous}, $one, 'and it says what was before';
$repo->run('tag', 'v2', $two);
release('v2');
is_live $two, 'a tag';
$r = release(substr($three, 0, 12));
is_live $three, 'the beginning of a commit';
$r = release('?');
is $r->{result}{live}, $three, 'the revision that is live';
is $r->{out}, "$three\n", 'is printed, too';
is "$r->{state} $r->{rc}", 'ok 0', 'asking changes nothing';

# -- rolling back -----------------------------------------------------------
$r = release('previous', rollback => 1);
is_live $two, 'back to the one before';
is "$r->{state} $r->{result}{action}", 'changed rollback', 'says so';
release('', rollback => '1');
is_live $one, 'and before that';
$r = release('previous', rollback => 1);
is "$r->{state} $r->{rc}", 'failed 1', 'no further';
like $r->{result}{msg}, qr/nothing before/, 'with the reason';
is_live $one, 'and nothing changed';
release(substr($three, 0, 10), rollback => 1);
is_live $three, 'back to one that is named';
$r = release('0' x 40, rollback => 1);
like $r->{result}{msg}, qr/not kept here; there are: \w{40}/,
    'one that is not kept';
$r = release($three, rollback => 1);
is $r->{state}, 'ok', 'to the live one: nothing to do';

# -- what fails ------------------------------------------------------------
my $four = $repo->commit(page => 'four');
$r = release($four, health => 'grep -q three page');
is "$r->{state} $r->{rc}", 'failed 1', 'a health command that fails';
is_live $three, 'the old one is back';
is_deeply [@{ $r->{result} }{qw(rolled_back live previous revision changed)}],
    [1, $three, $three, $four, 0], 'and the result says so';
ok !-e "$root/releases/$four", 'the bad tree is gone';
$r = release($four, health => { command => ['sleep', '60'], timeout => 1 });
like $r->{out}, qr/sleep: not done in 1 s/, 'a health command that hangs';
is_live $three, 'is a failure';
$r = release($four, after => ['true', 'exit 3']);
is_live $three, 'a hook `after` that fails';
like $r->{result}{msg}, qr/the hook after failed/, 'is named';
$r = release($four, hooks => { before => 'echo no; exit 1' });
is_live $three, 'a hook `before` that fails';
ok !$r->{result}{rolled_back}, 'with nothing to roll back';
$r = release($four, service => 'no-such-service-of-muster');
is_live $three, 'a service that does not restart';

# -- hooks and health -------------------------------------------------------
$r = release($four, before => 'echo $MUSTER_APP $MUSTER_REVISION $PWD',
    after => [['sh', '-c', 'readlink $MUSTER_CURRENT; basename $MUSTER_PREVIOUS']],
    health => { command => 'test -e tried || { touch tried; false; }',
        tries => 3, interval => 1 });
is $r->{state}, 'changed', 'hooks, and health at the second try'
    or diag $r->{out}, $r->{err};
is_deeply [grep { !/^live/ } split /\n/, $r->{out}],
    ["shop $four $root/releases/$four", "releases/$four", $three],
    'with the release in their environment';

# -- shared, keep, depth ----------------------------------------------------
my $five = $repo->commit(page => 'five');
spew("$dir/outside", 'safe');
$r = release($five, shared => ['log', 'conf/db.yml', 'bin'], keep => 2);
is $r->{state}, 'changed', 'shared files' or diag $r->{err};
is readlink "$root/current/$_", "$root/shared/$_", "$_ is a link"
    for qw(log conf/db.yml bin);
is_deeply [kept()], [sort $four, $five], 'two releases are kept';
release('previous', rollback => 1);
my $six = $repo->commit(page => 'six');
release('main', keep => 2);
is_deeply [kept()], [sort $four, $six], 'what was rolled back from goes first';

$root = $base{path} = "$dir/shallow";
$r = release('main', depth => 1);
is_live $six, 'a shallow release' or diag $r->{out}, $r->{err};
is `git --git-dir=$root/repo.git rev-list --count $six`, "1\n",
    'fetches no more than that';

# -- a switch that was cut off ----------------------------------------------
my $seven = $repo->commit(page => 'seven');
my $pid = plugin_start('release', { env => \%env, args => {
    appname => 'shop', apptype => 'common', revision => $seven,
    extra_opts => encode({ %base, health => 'sleep 1000' }) } });
ok eventually { (readlink("$root/current") || '') =~ /$seven/ } 120;
$r = release($one);
like $r->{result}{msg}, qr/another release of shop is running here \(job /,
    'two at once: one is refused';
kill 'KILL', -$pid->{pid};
plugin_wait($pid);
is_live $seven, 'killed hard between the switch and the proof';
ok !release('?')->{result}{proven}, 'which is not kept secret';
$r = release($six);
is_live $six, 'the next run undoes it';
like $r->{out}, qr/the switch to $seven was cut off and never proven/, 'aloud';
$pid = plugin_start('release', { env => \%env, args => {
    appname => 'shop', apptype => 'common', revision => $seven,
    extra_opts => encode({ %base, health => 'sleep 1000' }) } });
ok eventually { (readlink("$root/current") || '') =~ /$seven/ } 120;
kill 'TERM', $pid->{pid};
$r = plugin_wait($pid);
is_live $six, 'TERM: it is undone at once';
like $r->{result}{msg}, qr/^cancelled/, 'and told';

# -- what is not taken ------------------------------------------------------
for my $bad (
    [{ revision => '-f' }, qr/no revision is called that/],
    [{ revision => '--upload-pack=touch x' }, qr/no revision is called that/],
    [{ revision => 'a..b' }, qr/no revision is called that/],
    [{ revision => '$(id)' }, qr/no revision is called that/],
    [{ revision => 'nosuch' }, qr/no revision nosuch/],
    [{ revision => '' }, qr/no revision given/],
    [{ appname => '../x' }, qr/appname is/],
    [{ appname => '' }, qr/appname is/],
    [{ apptype => '../release' }, qr/apptype is/],
    [{ apptype => 'nosuch' }, qr/no type nosuch here; there is: common/],
    [{ rollback => 'maybe' }, qr/rollback is 1 or 0/],
    [{ extra_opts => '[1]' }, qr/should be a JSON object/],
    [{ extra_opts => '{' }, qr/is no JSON/],
    (map { [{ opt => { giturl => $_ } }, qr/giturl .* is none/s] }
        "ext::sh -c touch% $dir/pwned", '-uxyz', 'fd::7', 'ext::x',
        '--upload-pack=x', 'ssh://-oProxyCommand=touch/x', '-oProxy@h:x',
        'ftp://h/x', 'https://', "https://h/a\nb", 'x@-h:y'),
    [{ opt => { giturl => '' } }, qr/no giturl given/],
    [{ opt => { path => '../x' } }, qr/path is absolute/],
    [{ opt => { path => '/srv/../etc' } }, qr/path is absolute/],
    [{ opt => { shared => '../../etc/passwd' } }, qr/leads out/],
    [{ opt => { shared => ['/etc'] } }, qr/leads out/],
    [{ opt => { keep => 0 } }, qr/keep is a number from 1/],
    [{ opt => { depth => 'x' } }, qr/depth is a number/],
    [{ opt => { nosuch => 1 } }, qr/no option nosuch/],
    [{ opt => { health => {} } }, qr/health is a command/],
    [{ opt => { health => { command => 'x', timeout => 0 } } },
        qr/health: timeout/],
    [{ opt => { after => { a => 1 } } }, qr/after is a command/],
    [{ opt => { sshkey => '/x -oProxyCommand=y' } }, qr/sshkey is the path/],
    [{ opt => { service => '-x' } }, qr/service is a name/],
) {
    my ($args, $why) = @$bad;
    my $opt = delete $args->{opt};
    my $r = plugin('release', { env => \%env, args => { appname => 'shop',
        apptype => 'common', revision => $one,
        extra_opts => encode({ %base, %{ $opt || {} } }), %$args } });
    like $r->{err}, $why, "refused: " . encode($opt || $args);
    is $r->{rc}, 1, '- as a failure';
}
ok !-e "$dir/pwned", 'nothing was run';
is_live $six, 'nothing has changed';

# a link in the repository does not lead shared files out of the release
$repo->run('rm', '-q', '-r', '.');
symlink $dir, "$repo->{dir}/conf";
my $evil = $repo->commit(page => 'evil');
$r = release($evil, shared => 'conf/outside');
like $r->{err}, qr/goes through a link/, 'a link in the way of a shared file';
is slurp("$dir/outside"), 'safe', 'nothing is written through it';

# -- secrets ----------------------------------------------------------------
$r = release($one, giturl => 'http://user:hunter22@127.0.0.1:1/x',
    path => "$dir/fresh");
unlike "$r->{out}$r->{err}$r->{three}", qr/hunter22/, 'a password in a URL';
like "$r->{out}$r->{err}", qr/127\.0\.0\.1/, 'though the error is shown';

# -- what the host says -----------------------------------------------------
spew("$dir/apps/shop.json", encode({ keep => 3, after => 'echo own' }));
$r = release($one, after => 'echo theirs');
like $r->{err}, qr/after is set by .*shop\.json/, 'the host has its own hook';
$r = release($two);
like $r->{out}, qr/^own$/m, 'and it is run' or diag $r->{err};
spew("$dir/apps/shop.json", encode({ %base, closed => JSON::PP::true() }));
$r = release($one, before => 'touch /');
like $r->{err}, qr/before is not for requests to say/, 'closed to the rest';
release($one);
is_live $one, 'and open for what it says itself';

done_testing;
