# A job as another user, where the worker is root and its settings name him.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

plan skip_all => 'needs root' if $> != 0;
plan skip_all => 'needs a user nobody' unless defined getpwnam 'nobody';
my $w = lone_worker('worker.users=nobody nonesuch', 'worker.grace=200ms');
my $d = dial_worker($w, 'ABCDEFGH');
my $jid = $d->run(q{execute cmd 'id -un; id -G; echo $HOME $USER; echo x >&2' user nobody});
is $d->ended($jid)->{rc}, 0, 'it runs';
my ($gid, $home) = (getpwnam 'nobody')[3, 7];
is $d->text($jid, 'stdout'), "nobody\n$gid\n$home nobody\n",
    'with name, groups and home of nobody';
$jid = $d->run('execute cmd true user nonesuch');
is $d->ended($jid)->{error}, 'user: No such file or directory',
    'no such user';
like $d->refusal($d->run('execute cmd true user daemon')), qr/not allowed/,
    'another one is refused';
$jid = $d->run(q{execute cmd 'trap "" TERM; while :; do sleep 1; done' user nobody .timeout 0.2});
is $d->ended($jid)->{reason}, 'timeout', 'his processes end, too';
is_deeply [in_job($jid)], [], 'all of them';
finish();
