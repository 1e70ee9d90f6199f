# muster backup while the registry serves, and muster restore when it does not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('muster', 'musterd');
my $dir = scratch();
my @store = ('-o', "registry.store=sqlite:$dir/db");
my $reg = registry(@store, '-o', 'registry.admin=127.0.0.1:0');

sub admin { return ('--admin', $reg->address('admin')) }

# Runs muster, which is not to find any configuration of this machine
sub run_muster
{
    my ($verb, @args) = @_;
    return run_program(program('muster'), $verb, '-c', spew("$dir/conf", ''),
        @args);
}

my $c = $reg->register('a kind web persist 1 v 1');
$c->send(".new b kind web persist 1\n.new light kind web\n");
is scalar(grep { /^ok/ } $c->lines(2)), 2, 'registered';

my ($status, $out, $err) = run_muster('backup', admin(), "$dir/backup");
is $status, 0, 'a backup' or diag $out, $err;
like $err, qr/^muster: \S+backup: \d+ bytes$/m, 'it says how much';
is +(stat "$dir/backup")[2] & 0777, 0600, 'nobody else may read it';
ok !-e "$dir/backup.new" && !-e "$dir/db.backup", 'nothing is left over';

$c->send(".of a v 2\n.remove b\n.new c persist 1\n");
my @ok = $c->lines(3);
my ($last) = $ok[-1] =~ /^ok (\d+)/;

($status, $out, $err) = run_muster('restore', '--to', "sqlite:$dir/db",
    "$dir/backup");
is $status, 1, 'a registry that runs is not restored';
like $err, qr/pid $reg->{pid}, has this registry open: stop it/, 'it says why';

# a backup in the place of another, and many at once with changes going on
my @pids = map {
    my $n = $_;
    my $pid = fork;
    if (!$pid) {
        exec { program('muster') } program('muster'), 'backup', '-q', '-c',
            "$dir/conf", admin(), "$dir/many$n" or POSIX::_exit(127);
    }
    $pid;
} 1 .. 3;
for (1 .. 50) {
    $c->send(".of a n $_\n");
    like $c->line, qr/^ok/, 'changes go on' if $_ == 50;
    $c->line if $_ < 50;
}
my $good = 0;
for (@pids) { waitpid $_, 0; $good += !$? }
cmp_ok $good, '>=', 1, 'one of several at once is made, others may wait';

$reg->stop;
($status, $out, $err) = run_muster('restore', '--json', '--to',
    "sqlite:$dir/db", "$dir/backup");
is $status, 0, 'restored' or diag $err;
my ($revision) = $out =~ /"revision": ?(\d+)/;
cmp_ok $revision, '>', $last + 2**32, 'its revision is beyond all of before';
ok -e "$dir/db.replaced", 'what was there is kept';
$reg->start;
is_deeply [$reg->find('')],
    ['a kind web persist 1 v 1', 'b kind web persist 1'],
    'what the backup held is there';
is +($reg->find(".since $last"))[0], '.all', 'who followed it finds again';
my $new = $reg->dial('new');
$new->send("n v 1 .ack 1\n");
like $new->line, qr/^ok (\d+)$/, 'it goes on';

# what is no backup, no registry
spew("$dir/text", 'no backup at all, but a text');
($status, $out, $err) = run_muster('restore', '--to', "sqlite:$dir/other",
    "$dir/text");
is $status, 1, 'a file that is no backup';
like $err, qr/is no database of a registry/, 'it says so';
ok !-e "$dir/other", 'and makes nothing';
($status, $out, $err) = run_muster('restore', '--to', 'memory', "$dir/backup");
is $status, 2, 'a store that is none';
my $memory = registry('-o', 'registry.admin=127.0.0.1:0');
($status, $out, $err) = run_muster('backup', '--admin',
    $memory->address('admin'), "$dir/nothing");
is $status, 1, 'nothing to back up';
like $err, qr/nothing is kept that could be backed up/, 'it says so';
ok !-e "$dir/nothing" && !-e "$dir/nothing.new", 'and makes nothing';
my $gone = $memory->address('admin');
$memory->stop;
($status, $out, $err) = run_muster('backup', '--admin', $gone, "$dir/nothing");
is $status, 8, 'nobody there';
like $err, qr/cannot reach \Q$gone\E.*--admin HOST:PORT/s, 'what to look at';
finish();
