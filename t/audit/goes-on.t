# The chain goes on over restarts, rotation and crashes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd', 'muster');
my $log = audit_file();
my $reg = registry('-o', "audit.to=file:$log");
my @files = ($log);

sub change
{
    my ($name) = @_;
    $reg->register($name)->close;
    audit_wait { ($_->{what} || '') eq $name && $_->{action} eq 'end' } $log;
}

change('a');
$reg->stop;
$reg->restart;
change('b');
is audit_whole(@files), '', 'over a restart';
is scalar(grep { $_->{action} eq 'start' } audit_events(@files)), 2,
    'of which it tells';

# another daemon cannot write the same log
my ($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', "audit.to=file:$log", map { ('-o', "registry.$_=127.0.0.1:0") }
        qw(new find event));
is $rc, 1, 'a second daemon on the log does not start';
like $err, qr/is locked: another process writes that log/, 'and says why';

# rotation while it runs, as logrotate does it
sub rotate
{
    rename $log, "$log.$_[0]" or die "rename: $!";
    splice @files, -1, 0, "$log.$_[0]";
}
rotate(1);
change_after_rename();
is audit_whole(@files), '', 'over a rotation';

sub change_after_rename
{
    $reg->register('c')->close;    # still in the renamed file
    audit_wait { ($_->{what} || '') eq 'c' && $_->{action} eq 'end' }
        "$log.1";
    $reg->signal('HUP');
    eventually { -e $log };
    change('d');
}
ok !grep({ ($_->{what} || '') eq 'c' } audit_events($log)),
    'what was before SIGHUP is in the old file';

# with a configuration that is wrong the file is opened again all the same
rotate(2);
spew($reg->{conf}, "log: {level: loud}\n");
$reg->signal('HUP');
ok eventually { -e $log }, 'a reload that is refused opens it again, too';
spew($reg->{conf}, "# empty\n");
change('e');

# rotation while no daemon runs
$reg->stop;
rotate(3);
$reg->restart;
change('f');
is audit_whole(@files), '', 'over a rotation while nothing ran';
my ($status, $o) = audit_verify(@files);
is $status, 0, 'muster audit verify agrees, over ' . @files . ' files';
is $o->{first}, 1, 'from the first line on';
($status, $o) = audit_verify(@files[1, 0]);
is $status, 1, 'but not in another order';
($status, $o) = audit_verify(@files[2 .. $#files]);
is $status, 0, 'older files may be gone';
cmp_ok $o->{first}, '>', 1, 'and it says from where on it is whole';

# killed in the middle of a line
change('g');
$reg->kill;
my $text = slurp($log);
my $torn = substr $text, length($text) - 100, 60;
open my $f, '>>', $log or die;
print $f '{"seq":99,"time":"2026-';
close $f;
$reg->restart;
change('h');
$reg->stop;
my ($e) = grep { $_->{action} eq 'torn' }
    map { eval { JSON::PP::decode_json($_) } || () } audit_lines($log);
is $e->{count}, 23, 'a torn line: its length is told';
ok scalar(grep { /was torn by a crash: 23 bytes/ } $reg->log),
    "in the daemon's log, too";
($status, $o) = audit_verify(@files);
is "$status $o->{torn}", '0 1', 'and it is no break, for the log says so';
my @lines = audit_lines($log);
my ($at) = grep { $lines[$_] =~ /"action":"torn"/ } 0 .. $#lines;
(my $undeclared = slurp($log)) =~ s/^\{"seq":99,"time":"2026-$/{"seq":99,"time":"2025-/m;
spew("$log.x", $undeclared);
($status, $o) = audit_verify(@files[0 .. $#files - 1], "$log.x");
is $status, 1, 'another torn line than the one declared is one';

# SIGKILL at any time tears nothing that we cannot tell of
$reg->restart;
for my $n (1 .. 5) {
    my $c = $reg->register("k$n");
    $c->send("x $_\n") for 1 .. 2000;
    select undef, undef, undef, 0.01 * $n;
    $reg->kill;
    $reg->restart;
}
$reg->stop;
($status, $o) = audit_verify(@files);
is $status, 0, 'killed five times under load: whole'
    or diag explain $o;
finish();
