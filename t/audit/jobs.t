# A dispatcher's log: who submitted, cancelled and deleted which job, for whom;
# a worker's: who greeted it, what it ran. No argument, no output.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker', 'muster');
my $reg = registry();
my $dlog = audit_file('dispatch');
my $wlog = audit_file('muster-worker.log');
my $d = dispatcher($reg, '-o', "audit.to=file:$dlog");
my $w = worker($reg, 'web1', '-o', 'audit.to=file:' . scratch() . '/%p.log',
    '-o', 'worker.attrs.role=web');
eventually { $d->knows(1) };

my $c = $d->dial('exec');
$c->send("execute cmd 'echo secret' .on 'role web' .keep 1\n");
my ($jid) = ($c->until(qr/^\.end/))[0] =~ /^submit (\S+)/;
$c->send("delete $jid\n");
$c->until(qr/^\.end/);
$c->send("cancel $jid\n");
$c->until(qr/^\.end/);
$c->send("nothing x y .hosts web1\n");
$c->until(qr/^\.end/);
$c->close;
$_->stop for $w, $d;

is audit_whole($dlog), '', "the dispatcher's log is whole";
is audit_whole($wlog), '', "and the worker's";
my @told = map { my $e = $_; join ' ', map { defined $e->{$_} ? $e->{$_} : '-' }
    qw(action what op on outcome) }
    grep { ($_->{what} || '') =~ /^\Q$jid\E$|^nothing/ } audit_events($dlog);
is_deeply \@told, ["submit $jid execute role web ok", "delete $jid - - ok",
    "cancel $jid - - refused"], 'submitted, deleted, not cancelled'
    or diag slurp($dlog);
my ($name) = $jid =~ /^(.*)-/;
@told = map { "$_->{action} $_->{what} $_->{outcome}" }
    grep { $_->{face} } audit_events($wlog);
is $told[0], "hello $name ok", 'who greeted the worker';
is scalar(grep { $_ eq "run $jid ok" } @told), 1, 'what it ran';
unlike slurp($dlog) . slurp($wlog), qr/secret|echo/, 'no argument, no output';
finish();
