# The end of a worker: no new jobs, running ones end or are ended, their
# results are fetched.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;
use Time::HiRes qw(time);

# Whether a job is refused, for the right reason; a signal takes its time.
sub refused
{
    my ($link) = @_;
    my $jid = $link->run('ping');
    $link->until(sub { $link->{refused}{$jid} || $link->{jobs}{$jid}{exit} });
    $link->got($jid) if $link->{jobs}{$jid}{exit};
    return ($link->{refused}{$jid} || '') eq 'draining';
}

my @settings = ('worker.grace=300ms');

# nothing to do
my $w = lone_worker(@settings);
my $begun = time;
$w->stop;
cmp_ok time - $begun, '<', deadline(10), 'an idle worker ends at once';

# a job that ends in time
$w = lone_worker(@settings);
my $d = dial_worker($w, 'ABCDEFGH');
$d->{forgets} = 1;
my $go = scratch() . '/go';
my $jid = $d->run(qq{execute cmd 'echo up; until [ -e $go ]; do sleep 0.01; done; echo done; exit 6'});
$d->says($jid, qr/up/);
$w->signal('TERM');
ok eventually { refused($d) }, 'no new jobs';
ok scalar in_job($jid), 'the running one goes on';
my $late = dial_worker($w, 'OTHER234');
is $late->refusal($late->run('ping')), 'draining', 'dispatchers may still come';
is $late->{load}[-1] ? $late->{load}[-1]{'slots-free'} : 0, 0, 'no slot is free';
spew($go, '');
is $d->ended($jid)->{rc}, 6, 'its end is told';
ok !$w->ended, 'the worker waits for it to be stored';
$d->got($jid);
ok eventually { $w->ended }, 'and is gone then';
is $w->{status}, 0, 'well';

# one that does not
$w = lone_worker(@settings, 'worker.drain=300ms');
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(q{execute cmd 'trap "" TERM; echo up; while :; do sleep 0.1; done'});
$d->says($jid, qr/up/);
$w->signal('TERM');
my $exit = $d->ended($jid);
is "@$exit{qw(state reason)}", '2 cancelled', 'after worker.drain it is ended';
is_deeply [in_job($jid)], [], 'wholly';
ok eventually { $w->ended }, 'and so is the worker';
is $w->{status}, 0, 'well';

# who will not wait
$w = lone_worker(@settings, 'worker.grace=1h', 'worker.drain=1h');
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(q{execute cmd 'trap "" TERM; (trap "" TERM; while :; do sleep 0.1; done) & echo up; while :; do sleep 0.1; done'});
$d->says($jid, qr/up/);
$w->signal('TERM');
eventually { refused($d) };
$w->signal('TERM');
is $d->ended($jid)->{reason}, 'cancelled', 'a second TERM ends it at once';
is_deeply [in_job($jid)], [], 'wholly';
ok eventually { $w->ended }, 'and the worker';
is $w->{status}, 0, 'well';

# a result that nobody fetches
$w = lone_worker(@settings);
$d = dial_worker($w, 'ABCDEFGH');
$d->{forgets} = 1;
$jid = $d->run('execute cmd true');
$d->ended($jid);
$d->{conn}->close;
$w->signal('TERM');
ok eventually { $w->ended }, 'it does not wait for ever for a dispatcher';
ok grep({ /have not been fetched/ } $w->log), 'and says so';
finish();
