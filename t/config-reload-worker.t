# SIGHUP at a worker and a dispatcher: attributes and slots change in place,
# the registration stays.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs('musterd', 'muster-worker', 'muster-dispatch');

my $r = registry();
my $w = worker($r, 'web1', {conf => <<'END'});
worker: {slots: 2, attrs: {role: web, rack: r1}}
END
like +($r->find('host web1'))[0], qr/ slots 2 .*rack r1.* role web/,
    'registered as it is configured';

spew($w->{conf}, "worker: {slots: 3, attrs: {role: db}}\n");
$w->signal('HUP');
ok eventually { $r->find('host web1 role db slots 3 rack! * .names 1') },
    'SIGHUP changes attributes and slots';
is scalar(() = $r->find('kind worker')), 1, 'of the one registration';
ok grep({ /worker\.slots is now 3, was 2$/ } $w->log), 'and is told';

spew($w->{conf}, "worker: {slots: 4, attrs: {role: [a]}}\n");
$w->signal('HUP');
ok eventually { grep { /1 mistakes? / } $w->log }, 'a mistake is told';
is scalar(() = $r->find('host web1 role db slots 3')), 1, 'nothing changes';

my $d = dispatcher($r, {conf => "dispatcher: {jobs: 5}\n"});
spew($d->{conf}, "dispatcher: {jobs: 6, exec: off}\n");
$d->signal('HUP');
ok eventually { grep { /dispatcher\.jobs is now 6, was 5$/ } $d->log },
    'a dispatcher says what changes';
ok !grep({ /dispatcher\.exec/ } $d->log), 'and not what -o still says';
finish();
