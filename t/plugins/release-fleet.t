# A release of a real git repository over three workers, one of which fails its
# health command: there the old revision comes back, the others are live; over
# lines, the command and EXEd's HTTP face.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Muster;
use MusterHttp;
use MusterPlugin;
use MusterWorker qw(words);
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker muster));
plan skip_all => 'git is not installed' unless installed('git');

my $dir = realpath(scratch());
my $repo = git_repo("$dir/src");
my $v1 = $repo->commit(page => 'one');
my $v2 = $repo->commit(page => 'two');

my $reg = registry();
my $d = dispatcher($reg);
# on one machine each host has a place of its own by its own settings
my @hosts = qw(w1 w2 w3);
for my $host (@hosts) {
    mkdir "$dir/$host";
    spew("$dir/$host/shop.json", encode({ path => "$dir/$host/shop" }));
    worker($reg, $host, '-o', "worker.releases=$dir/$host",
        '-o', 'worker.plugins=' . source_dir() . '/plugins/worker');
}
my %opt = (giturl => "file://$repo->{dir}",
    health => 'test ! -e "$MUSTER_RELEASE/../../sick"');

sub is_live
{
    my ($commit, $name, @on) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply [map { readlink "$dir/$_/shop/current" } @on],
        [("releases/$commit") x @on], $name;
}

# What a job on the exec port says: its lines, and per host the last result
sub release
{
    my ($revision, %more) = @_;
    my $opts = encode(\%opt) =~ s/'/''/gr;
    my $c = connect_to($d->{addr}{exec});
    $c->send("release appname shop apptype common revision $revision "
        . "extra_opts '$opts' .on all\n");
    my @lines = $c->rest(200);
    my (%end, %result);
    for (map { [words($_)] } @lines) {
        my ($word, $host, @rest) = @$_;
        $end{$host} = "$rest[0] $rest[2]" if $word eq 'exit';
        $result{$host} = decode($rest[0]) if $word eq 'result';
    }
    return (\%end, \%result, @lines);
}

my ($end, $result, @lines) = release($v1);
is_deeply $end, { map { $_ => '0 4' } @hosts }, 'the first one: changed'
    or diag map { "$_\n" } @lines;
is_live $v1, 'live everywhere', @hosts;
is slurp("$dir/w3/shop/current/page"), 'one', 'with its files';

spew("$dir/w2/shop/sick", '');
($end, $result, @lines) = release('main');
is_deeply $end, { w1 => '0 4', w2 => '1 2', w3 => '0 4' },
    'one fails its health command';
is_live $v2, 'the others are live', qw(w1 w3);
is_live $v1, 'there the old one is back', 'w2';
is_deeply [@{ $result->{w2} }{qw(rolled_back live revision msg)}],
    [1, $v1, $v2, 'the health command failed'], 'and its result says so';
is_deeply [@{ $result->{w1} }{qw(rolled_back live previous)}], [0, $v2, $v1],
    'as do the others';
like $lines[-1], qr/^done \S+ state 2 ok 0 failed 1 unreachable 0 changed 2/,
    'the job failed on one of three';

($end, $result) = release('main');
is_deeply $end, { w1 => '0 0', w2 => '1 2', w3 => '0 0' },
    'again: nothing to do but there';
($end, $result) = release("'?'");
is_deeply { map { $_ => $result->{$_}{live} } @hosts },
    { w1 => $v2, w2 => $v1, w3 => $v2 }, 'what is live where';
unlink "$dir/w2/shop/sick";

# -- the command ------------------------------------------------------------
my $opts = spew("$dir/opts.json", encode(\%opt));
my ($rc, $out, $err) = muster($reg, 'release', 'shop', 'main', '--all',
    '--opts', "\@$opts");
is $rc, 0, 'muster release' or diag $err;
is_live $v2, 'now all are', @hosts;
($rc, $out) = muster($reg, '--json', 'release', 'shop', '-H', 'w1,w2');
is $rc, 0, 'muster release APP asks';
my @told = map { $_->{result} ? $_->{result}{live} : () }
    map { decode($_) } split /\n/, $out;
is_deeply \@told, [$v2, $v2], 'and is told';
($rc) = muster($reg, 'release', 'shop', '--rollback', '-H', 'w1');
is $rc, 0, 'muster release --rollback';
is_live $v1, 'goes back', 'w1';
is_live $v2, 'nowhere else', qw(w2 w3);
($rc, $out, $err) = muster($reg, 'release', 'shop', '-f', '-H', 'w1');
is $rc, 2, 'an option is no revision';
($rc, $out, $err) = muster($reg, 'release', 'shop', 'main', '-H', 'w1',
    '--opts', '{"giturl": "ext::sh -c id"}');
is $rc, 1, 'a bad URL is refused there';
like $out, qr/giturl .* is none/, 'with the reason';

# -- EXEd's ----------------------------------------------------------------
my $r = http($d, 'POST', '/release', face => 'http',
    headers => { 'Content-Type' => 'application/json' },
    body => encode({ targets => ['w1', 'w2'], appname => 'shop',
        apptype => 'common', revision => $v2, rollback => 0,
        extra_opts => \%opt }));
is $r->{status}, 201, 'POST /release' or diag $r->{body};
my $jid = decode($r->{body})->{jid};
my $job;
ok eventually {
    $job = decode(http($d, 'GET', "/jobs/$jid?outputs=1",
        face => 'http')->{body});
    return $job->{state} != 1;
} 200;
is_deeply { map { $_ => $job->{return_data}{$_}[-1]{state} } qw(w1 w2) },
    { w1 => 4, w2 => 0 }, 'changed on one, as it was on the other'
    or diag encode($job);
$r = http($d, 'GET', '/release', face => 'http');
is_deeply decode($r->{body}), [{ type => 'common', name => 'common_release' }],
    'GET /release lists the types';

finish();
