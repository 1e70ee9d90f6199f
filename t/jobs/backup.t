# A copy of the job store that is made while it is in use, and put back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
plan skip_all => 'no sqlite3' if system('sqlite3 --version >/dev/null 2>&1');
my $reg = registry();
my $db = scratch() . '/jobs.db';
my $copy = scratch() . '/copy.db';
my $w = worker($reg, 'web1');
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db");
ok eventually { $d->knows(1) }, 'it knows its worker';
sub ask { return $d->ask('exec', "@_\n") }
my ($jid) = (ask("execute cmd 'seq 3' .on all"))[0] =~ /^submit (\S+) /;
my @life = ask("follow $jid");
ask('ping .on all'); # whose submission is kept behind all that
is system('sqlite3', $db, "VACUUM INTO '$copy'"), 0, 'a copy';
my ($later) = (ask('ping .on all'))[0] =~ /^submit (\S+) /;
$d->stop;
my ($rc, $out, $err) = run_program(program('muster'), 'restore', $copy, '--to',
    "sqlite:$db");
is $rc, 0, 'it is put back' or diag $err;
like $err, qr/its next number of a job is \d{10}$/m, 'which says so';
ok -e "$db.replaced", 'what was there is kept';
$d->start;
is_deeply [ask("follow $jid")], \@life, 'jobs are those of the copy';
like +(ask("job $later"))[0], qr/^error: 'no job /, 'and no others';
ok eventually { $d->knows(1) }, 'it goes on';
my ($new) = (ask('ping .on all'))[0] =~ /^submit \S+-(\d+) /;
my ($number) = $later =~ /-(\d+)$/;
cmp_ok $new, '>', $number, 'with numbers that nobody has seen';

# files that are none
$d->stop;
sub refused
{
    my ($what, $setting) = @_;
    my (undef, undef, $said) = run_program(program('muster-dispatch'), '-o',
        'dispatcher.exec=127.0.0.1:0', '-o', 'dispatcher.registry=127.0.0.1:1',
        '-o', "dispatcher.store=sqlite:$setting");
    return $said;
}
spew("$db.text", "no database at all, of any kind\n");
like refused('text', "$db.text"), qr/is no database of a dispatcher, and is left/,
    'what is no database is refused';
my $other = scratch() . '/registry.db';
my $r = registry('-o', "registry.store=sqlite:$other");
$r->stop;
like refused('registry', $other), qr/is no database of a dispatcher/,
    "so is a registry's";
system 'sqlite3', $db, 'PRAGMA user_version=99';
like refused('newer', $db), qr/was written by a newer muster/, 'and a newer one';
system 'sqlite3', $db, 'PRAGMA user_version=1; INSERT INTO jobs VALUES'
    . "(99, NULL, 0, x'70696e6700000000', x'00000000', NULL, x'00000000')";
like refused('damaged', $db),
    qr/job number 99 is damaged; it is left alone: move it away and restore/,
    'and one that is damaged, with what to do';
finish();
