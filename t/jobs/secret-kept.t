# A secret is in the job store while its job waits for it, over a restart, and
# not any more when the job has ended.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
my $db = scratch() . '/jobs.db';
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db");
sub ask { return $d->ask('exec', "@_\n") }
my $secret = 'S3cr' . 'x' x 40 . 'et';
my ($jid) = (ask("execute cmd 'echo \"\${#MUSTER_SECRET_pw}\"' pw $secret "
    . '.secret pw .hosts web1 .wait 60 .detach 1'))[0] =~ /^submit (\S+) 1$/;
ok $jid, 'a job waits';
is +(stat $db)[2] & 077, 0, 'its store is for its owner only';
$d->kill;
$d->start;
unlike join("\n", ask("job $jid"), ask('jobs')), qr/\Q$secret/,
    'nobody is shown it';
my $w = worker($reg, 'web1');
my @life = ask("follow $jid");
is +(grep { /^out/ } @life)[0], 'out web1 stdout ' . length $secret,
    'its program has it';
$d->stop;
unlike slurp($db), qr/\Q$secret/, 'then it is nowhere in the file';
ok !-s "$db-wal", 'nor in its log';
finish();
