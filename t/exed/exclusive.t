# An exclusive job starts nowhere while the same operation is being done on one
# of its hosts, whoever asked for that; others do not mind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, '-o', 'dispatcher.probe=1h');
my %w = map {
    ($_ => FakeWorker->new($reg, $_, attrs => 'role web',
        ops => 'deploy,release')->link)
} qw(a b c);
my $conflict =
    "error: 'operate conflict, job already running on some host(s)'";
ok eventually {
    ($d->ask('exec', "deploy .on role=web .expect 9\n"))[0] =~ /3 workers/
}, 'it knows them';

sub answer { return ($d->ask('exec', "$_[0] .detach 1\n"))[0] }
my ($jid) = answer('deploy role nginx .hosts a,b .exclusive 1')
    =~ /^submit (\S+) 2$/;
ok $jid, 'the first one runs';
is answer('deploy role php .hosts b,c .exclusive 1'), $conflict,
    'another one on one of its hosts is refused';
is answer('deploy role php .on role=web .exclusive 1'), $conflict,
    'whichever way the host is meant';
like answer('deploy role php .hosts c .exclusive 1'), qr/^submit \S+ 1$/,
    'on another host it starts';
like answer('release appname x .hosts a .exclusive 1'), qr/^submit \S+ 1$/,
    'another operation, too';
is answer('deploy role php .hosts a .exclusive 0 .exclusive 1'),
    "error: 'directive .exclusive stands twice'", 'it is said once';

is_deeply [$d->ask('exec', "cancel $jid\n")], ['ok'], 'the first is cancelled';
is answer('deploy role php .hosts b .exclusive 1'), $conflict,
    'it is in the way as long as a host has not ended it';
$w{b}->say("exit $jid 1 - state 2 reason cancelled");
ok eventually {
    grep { /^host b .*task ended/ }
        $d->ask('exec', "job $jid\n")
}, 'b has ended it';
like answer('deploy role php .hosts b .exclusive 1'), qr/^submit \S+ 1$/,
    'then there it starts';
is answer('deploy role php .hosts a .exclusive 1'), $conflict,
    'and not where that goes on';
like answer('deploy role php .hosts a'), qr/^submit \S+ 1$/,
    'who does not ask for it is not refused';
finish();
