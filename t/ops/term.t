# SIGTERM with requests under way, on a store that takes its time: whatever was
# acknowledged, before or after the signal, is there after a restart, and is in
# the audit log, which ends with the word that the daemon does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd');
my $log = audit_file();
my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/r.db',
    '-o', "audit.to=file:$log", '-o', 'limits.requests_per_turn=20');
my %acked;
for my $round (1 .. 5) {
    my @c = map { $reg->dial('new') } 1 .. 8;
    for my $n (0 .. $#c) {
        my $name = "r$round-c$n";
        $c[$n]->send("$name-0 persist 1 .ack 1\n"
            . join '', map { ".new $name-$_ persist 1\n" } 1 .. 100);
    }
    my @first = $c[0]->lines(5);
    $reg->signal('TERM');
    for my $n (0 .. $#c) {
        my $next = 0;
        for (@{$n ? [] : \@first}, $c[$n]->rest) {
            next unless /^ok (\d+)$/;
            $acked{"r$round-c$n-" . $next++} = $1;
        }
    }
    ok eventually { $reg->ended }, "round $round: it ends";
    is $reg->{status}, 0, 'well';
    $reg->restart;
}
my %there = map { (split)[0] => 1 } $reg->find('.names 1');
cmp_ok scalar(keys %acked), '>', 20, scalar(keys %acked) . ' acknowledged';
is_deeply [grep { !$there{$_} } sort keys %acked], [],
    'all of them are there';
$reg->stop;
is audit_whole($log), '', 'the audit log is whole';
my %told = map { ($_->{what} || '') => $_->{revision} || 0 }
    grep { $_->{action} eq 'register' } audit_events($log);
is_deeply [grep { ($told{$_} || 0) != $acked{$_} } sort keys %acked], [],
    'and tells of each, with its revision';
my @ends = grep { /^(?:start|stop)$/ }
    map { $_->{action} } audit_events($log);
is "@ends", 'start stop ' x 5 . 'start stop', 'and of each end';
finish();
