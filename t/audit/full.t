# The disk under the log is full: nobody waits for it, what is lost is said,
# or changes are refused; it recovers by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd', 'muster');
plan skip_all => 'there is no prlimit(1)' if system 'prlimit --version >/dev/null 2>&1';
my $log = audit_file();
# as on a disk that is full: writes fail, where a signal would end it
my $reg = registry({ before => ['sh', '-c', 'trap "" XFSZ; exec "$@"', 'sh'],
        conf => "audit.full: drop\n" },
    '-o', "audit.to=file:$log", '-o', 'audit.queue=128K');

sub limit
{
    my ($bytes) = @_;
    return system('prlimit', '--pid', $reg->{pid}, "--fsize=$bytes:");
}

my $c = $reg->register('a');
my $sent = 0;
sub changes
{
    my ($count) = @_;
    my @answers;
    while ($count > 0) {
        my $n = $count > 100 ? 100 : $count;
        $c->send(join '', map { 'x ' . ++$sent . "\n" } 1 .. $n);
        push @answers, $c->lines($n);
        $count -= $n;
    }
    return @answers;
}

sub updates { return scalar grep { $_->{action} eq 'update' } audit_events($log) }

changes(100);
eventually { updates() == 100 };
is limit((-s $log) + 150), 0, 'the disk is full in the middle of a line';
my ($answer) = changes(1);
like $answer, qr/^ok \d+$/, 'a change is made';
ok eventually { grep { /cannot write .*; it is tried again/ } $reg->log },
    'the daemon says that it cannot write';
ok eventually { audit_whole($log) eq '' }, 'no part of a line is in the log';
is updates(), 100, 'nor the change';
changes(2000);
ok eventually { grep { /is full .audit\.queue.: lines are lost/ } $reg->log },
    'when the queue is full lines are lost, which is said';
is scalar($reg->find('y * .names 1')), 0, 'a query is answered';
is_deeply [$reg->find('x * .names 1')], ['a'], 'meanwhile';

limit('unlimited');
my $lost = audit_wait { $_->{action} eq 'lost' } $log;
ok $lost, 'there is room again: the log says how many are lost';
ok eventually { grep { /is written again/ } $reg->log }, 'and goes on';
changes(1);
eventually { updates() + $lost->{lost} >= $sent };
is updates() + $lost->{lost}, $sent, 'each change is there or counted as lost';
my ($rc, $o) = audit_verify($log);
is "$rc $o->{lost}", "0 $lost->{lost}", 'the log is whole but for them';

# changes are refused rather than lost
spew($reg->{conf}, "audit.full: refuse\n");
$reg->signal('HUP');
ok eventually { grep { /audit\.full is now refuse/ } $reg->log }, 'reloaded';
limit((-s $log) + 10);
my @answers = changes(1500);
my @ok = grep { /^ok / } @answers;
my @refused = grep { /^error: 'the audit log cannot be written/ } @answers;
is @ok + @refused, 1500, 'each change is made or refused';
cmp_ok scalar(@refused), '>', 100, 'refused: ' . @refused;
like $answers[-1], qr/^error:/, 'for good';
$c->send("\n");
like $c->line, qr/^ok \d+$/, 'a line that changes nothing is taken';
is_deeply [$reg->find('x * .names 1')], ['a'], 'and queries are answered';
my $n = updates();
limit('unlimited');
ok eventually { (changes(1))[0] =~ /^ok / }, 'there is room: changes again';
eventually { updates() > $n + @ok };
my %there = map { ($_->{revision} || 0) => 1 } audit_events($log);
is scalar(grep { /^ok (\d+)/ && !$there{$1} } @ok), 0,
    'every change that was made is in the log';
$reg->stop;
is audit_whole($log), '', 'which is whole';
finish();
