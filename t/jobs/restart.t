# Over a restart of the dispatcher: what is paused stays so, what has waited
# goes on with its number and its locks, and what has ended can be run again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $db = scratch() . '/jobs.db';
my $d = dispatcher($reg, '-o', "dispatcher.store=sqlite:$db",
    '-o', 'dispatcher.probe=1h', '-o', 'dispatcher.retry=10ms',
    '-o', 'dispatcher.lost_after=60s');
my %w = map { $_ => FakeWorker->new($reg, $_, slots => 4)->link } qw(a b);

# by kill -9, and the links are there again; what each of them has
sub restart
{
    my (%has) = @_;
    $d->kill;
    $d->start;
    for my $w (values %w) {
        $w->link;
        $w->expect(qr/^list$/);
        $w->say((map { "have $_" } @{$has{$w->{host}} || []}), '.end');
    }
    return;
}

sub submit
{
    my ($request) = @_;
    my ($said) = $d->ask('exec', "execute $request .detach 1\n");
    return $said =~ /^submit (\S+)/ ? $1 : die $said;
}

# The worker that is asked next
sub asked
{
    return eventually {
        for my $w (values %w) {
            $w->{conn}->fill(0);
            return $w if $w->{conn}{in} =~ /^run /m;
        }
        return 0;
    } || die 'nobody is asked';
}

sub record { return join "\n", $d->ask('exec', "job $_[0]\n") }

# paused, all and one
my $first = submit('cmd slow .hosts a,b .parallel 1');
my $id = $w{a}->expect(qr/^run (\S+) /);
$w{a}->say("ack $id");
ok eventually { record($first) =~ /task running/ }, 'one is running';
is +($d->ask('exec', "pause $first\n"))[0], 'ok', 'its job is paused';
is +($d->ask('exec', "pause\n"))[0], 'ok', 'and all';
my $second = submit('cmd second .hosts b');
restart(a => ["$id 0 running"]);
like record($first), qr/ paused 1/, 'it is paused after a restart';
$w{a}->expect(qr/^resume \Q$id\E 0$/);
$w{a}->say("exit $id 1 0 state 0 reason exited");
ok eventually { record($first) =~ / ok 1 .* waiting 1 / },
    'what ran has ended, and the rest waits';
is +($d->ask('exec', "resume\n"))[0], 'ok', 'resume: it knows that it is paused';
is $w{b}->run_one, $second, 'another one goes on';
is +($d->ask('exec', "resume $first\n"))[0], 'ok', 'resume JID';
is $w{b}->run_one, $first, 'and that one';

# numbers only grow; the attempts go on
my $any = submit('cmd x .on all .any 1 .retry 2');
my $w = asked();
my $fence = ($w->expect(qr/^run (\Q$any\E) .*\.fence (\d+)/))[1];
$w->say("ack $any", "exit $any 1 1 state 2 reason exited");
ok eventually { record($any) =~ / attempt 2/ }, 'a second attempt';
my $again = asked();
my ($id2, $fence2) = $again->expect(qr/^run (\S+) .*\.fence (\d+)/);
is $id2, "$any.2", 'has a number';
cmp_ok $fence2, '>', $fence, 'and a higher fence';
$again->say("ack $id2");
ok eventually { record($any) =~ /task running/ }, 'it runs';
restart($again->{host} => ["$id2 0 running"]);
$again->expect(qr/^resume \Q$id2\E 0$/);
$again->say("exit $id2 1 1 state 2 reason exited");
my $third = asked();
my ($id3, $fence3) = $third->expect(qr/^run (\S+) .*\.fence (\d+)/);
is $id3, "$any.3", 'after a restart the next one goes on from there';
cmp_ok $fence3, '>', $fence2, 'with a higher number still';
$third->say("ack $id3", "exit $id3 1 0 state 0 reason exited");
ok eventually { record($any) =~ / state 0 .* attempt 3/s }, 'and ends well';

# a lock is held over a restart
my $holds = submit('cmd x .hosts a .lock db');
$id = $w{a}->expect(qr/^run (\S+) /);
$w{a}->say("ack $id");
ok eventually { record($holds) =~ /task running/ }, 'it holds a lock';
my $wants = submit('cmd y .hosts b .lock db');
restart(a => ["$id 0 running"]);
$w{a}->expect(qr/^resume /);
my $free = submit('cmd z .hosts b');
is $w{b}->run_one, $free, 'after a restart, too: another one passes';
$w{a}->say("exit $id 1 0 state 0 reason exited");
is $w{b}->run_one, $wants, 'until it is free';
ok eventually { record($wants) =~ / state 0 / }, 'then it is had';

# what has ended before the restart
restart();
my ($said) = $d->ask('exec', "rerun $first .where ok .detach 1\n");
like $said, qr/^submit \S+ 2$/, 'it can be run again';
my ($new) = $said =~ /^submit (\S+)/;
like record($new), qr/ rerun-of $first /, 'as that job';
asked()->run_one for 1, 2;
finish();
