# SIGTERM tells attached clients; SIGHUP reads the settings again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use FakeWorker;
use Muster;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $reg = registry();
my $d = dispatcher($reg, {conf => "limits:\n  line: 1K\n"});
my $w = FakeWorker->new($reg, 'w')->link;

my $c = $d->dial('exec');
$c->send('x' x 1100 . "\n");
like $c->line, qr/line too long: at most 1024/, 'the line of the file';
spew($d->{conf}, "limits:\n  line: 2K\n");
$d->signal('HUP');
ok eventually {
    my $t = $d->dial('exec');
    $t->send('x' x 1100 . "\n");
    $t->line =~ /bad operation/;
}, 'SIGHUP: another one';
spew($d->{conf}, "limits:\n  line: many\n");
$d->signal('HUP');
ok eventually { grep { /limits.line/ && /error|bad|size/ } $d->log },
    'a mistake is told';
$c = $d->dial('exec');
$c->send('x' x 1100 . "\n");
like $c->line, qr/bad operation/, 'and changes nothing';

$c = $d->dial('exec');
$c->send("execute cmd x .on all\n");
my $jid = $w->expect(qr/^run (\S+) /);
$w->say("ack $jid", "out $jid 1 stdout said");
$c->until(qr/said/);
my $f = $d->dial('exec');
$f->send("follow $jid\n");
$f->until(qr/said/);
my $idle = $d->dial('exec');
$idle->send("jobs .keep 1\n");
$idle->until(qr/^\.end/);
$d->signal('TERM');
for my $client ($c, $f) {
    my @rest = $client->rest;
    is scalar(@rest), 1, 'one line more';
    like $rest[0], qr/^error: 'the dispatcher is going down; the job goes on /,
        'which says what becomes of the job';
}
ok $idle->ends, 'a quiet client is let go';
ok eventually { $d->ended }, 'it ends';
is $d->{status}, 0, 'well';
ok !grep({ /^cancel/ } $w->{conn}->rest), 'the job goes on at the worker';
ok eventually { !$reg->find('kind dispatcher') }, 'it is not registered';
finish();
