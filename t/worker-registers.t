# The worker's service: its name, facts and state, through whatever happens to
# registries.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use MusterWorker;
use Test::More;

need_programs('musterd', 'muster-worker');
my $reg = registry();
my $w = worker($reg, 'web1', '-o', 'worker.slots=3',
    '-o', 'worker.attrs.role=web', '-o', 'worker.attrs.distro=ours',
    '-o', 'worker.attrs.kind=king');

sub service
{
    my ($query) = @_;
    my ($line) = $reg->find($query || 'host web1');
    my ($name, %attrs) = words(defined $line ? $line : '');
    return ($name, \%attrs);
}

my ($name, $attrs) = service();
(my $want = 'tcp!' . $w->address('worker')) =~ s/:/!/;
is $name, $want, 'its name is the address that dispatchers dial';
my %expected = (kind => qr/^worker$/, host => qr/^web1$/, fqdn => qr/./,
    os => qr/^linux$/, distro => qr/^ours$/, kernel => qr/^\d+\.\d+/,
    arch => qr/./, cpus => qr/^\d+$/, mem => qr/^\d+M$/,
    boot => qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, version => qr/^\d+\.\d+/,
    ops => qr/^execute,ping$/, slots => qr/^3$/, slots_free => qr/^3$/,
    load => qr/^\d+\.\d\d$/, role => qr/^web$/);
like $attrs->{$_}, $expected{$_}, "$_ $attrs->{$_}" for sort keys %expected;
ok grep({ /worker\.attrs\.kind is not used/ } $w->log), 'kind is its own';

# slots are told and wake nobody
my $event = $reg->dial('event');
$event->line;
my $d = dial_worker($w, 'ABCDEFGH');
my $jid = $d->run(q{execute cmd 'echo up; exec sleep 1000'});
$d->says($jid, qr/up/);
ok eventually { $reg->find('host web1 slots_free 2 .names 1') },
    'slots_free follows';
$d->send("cancel $jid");
$d->ended($jid);
ok eventually { $reg->find('host web1 slots_free 3 .names 1') },
    'in both directions';
ok $event->silent, 'that is no event';

# the registry comes and goes
$reg->kill;
$jid = $d->run(q{execute cmd 'echo up; exec sleep 1000'});
$d->says($jid, qr/up/);
$reg->restart;
ok eventually { $reg->find('host web1 role web slots_free 2 .names 1') },
    'it comes back by itself, as it now is';
is $d->ended($d->run('execute cmd true'))->{rc}, 0, 'jobs do not care';

# a worker that was killed is replaced by its successor on the same address
$w->kill;
$w->restart;
ok eventually { ($reg->find('host web1 .count 1'))[0] eq '1' }, 'one of them';

# drain is to be seen
$d = dial_worker($w, 'ABCDEFGH');
$jid = $d->run(q{execute cmd 'echo up; exec sleep 1000'});
$d->says($jid, qr/up/);
$w->signal('TERM');
ok eventually { $reg->find("host web1 drain 'the worker is going down'"
        . ' slots_free 0 .names 1') },
    'a draining worker says so';
$d->send("cancel $jid");
$d->ended($jid);
ok eventually { $w->ended }, 'it ends';
ok eventually { !$reg->find('host web1') }, 'and is gone from the registry';
finish();
