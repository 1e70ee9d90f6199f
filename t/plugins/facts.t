# Facts that plugins find out: attributes of the worker, but for those that are
# not theirs to set; what the registry does not want is taken back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterWorker;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker));
my $dir = scratch() . '/plugins';
write_plugin($dir, 'say', "args line types 'common:common_release' shape round",
    'echo "$MUSTER_ARG_line" >&3');
my $reg = registry('-o', 'auth.tokens=' . tokens_file(w =>
    "{register: ['*'], set: ['*'], find: all, watch: all, pin: {role: web}}"));
my $w = worker($reg, 'web1', '-o', "worker.plugins=$dir",
    '-o', 'worker.attrs.rack=r1', '-o', 'worker.attrs.role=web',
    '-o', 'token_file=' . token_file('w'));
my $d = dial_worker($w, 'ABCDEFGH');

sub say_line
{
    my ($line) = @_;
    return $d->ended($d->run('say line ' . quote($line)))->{state};
}

# What the registry has of an attribute, once it has that
sub becomes
{
    my ($attr, $value) = @_;
    return eventually {
        scalar $reg->find("host web1 $attr " . quote($value));
    };
}

ok becomes('say.types', 'common:common_release'),
    'pairs of the description are attributes';
ok becomes('say.shape', 'round'), 'each of them';
is say_line("set disk.sda 'ssd 1T'"), 0, 'a fact';
ok becomes('disk.sda', 'ssd 1T'), 'is an attribute';
is say_line('set disk.sda hdd'), 0, 'which may change';
ok becomes('disk.sda', 'hdd'), 'and does';

# what is not a plugin's
for (['host', 'evil'], ['ops', 'all'], ['kind', 'x'], ['drain', '1'],
    ['drain.until', '1'], ['conflict.with', 'x'], ['slots', '100'],
    ['rack', 'r2'], ['os', 'plan9'], ['say.shape', 'square'])
{
    my ($attr, $value) = @$_;
    say_line("set $attr $value");
    is scalar(grep { /its plugin may not set \Q$attr\E: / } $w->log), 1,
        "$attr is not";
}
is say_line('set .on x'), 2, 'nor what is no name';
my ($line) = $reg->find('host web1');
like $line, qr/ rack r1 /, 'rack is as it was';
like $line, qr/ say\.shape round /, 'and so is the rest';
like $line, qr/ host web1 /, 'its name, too';
unlike $line, qr/evil|plan9|square| drain/, 'nothing came of it';

# what the token pins: the registry says no, and the worker lives with it
my $other = registry('-o', 'auth.tokens=' . tokens_file(w =>
    "{register: ['*'], set: ['*'], find: all, watch: all,"
    . ' pin: {zone: eu}}'));
$w = worker($other, 'web2', '-o', "worker.plugins=$dir",
    '-o', 'token_file=' . token_file('w'));
$reg = $other;
$d = dial_worker($w, 'ABCDEFGH');
is say_line('set good 1'), 0, 'a fact';
ok eventually { $reg->find('host web2 good 1') }, 'it is there';
is say_line('set zone us'), 0, 'the job is not to blame';
ok eventually { grep { /fact zone is taken back: .*pinned/ } $w->log },
    'what is pinned is taken back';
is say_line('set better 2'), 0, 'another';
ok eventually { $reg->find('host web2 better 2') }, 'the worker goes on';
is_deeply [$reg->find('host web2 zone us')], [], 'the pinned one stands';
is scalar($reg->find('host web2 .pinned.zone eu .names 1')), 1, 'as it was';

# they stay over a reload, and a worker that is gone takes them along
$w->signal('HUP');
ok eventually { grep { /configuration was read again/ } $w->log }, 'reloaded';
is say_line('set after 3'), 0, 'one more';
ok eventually { $reg->find('host web2 after 3 better 2') }, 'they stay';
$w->stop;
ok eventually { !$reg->find('host web2') }, 'gone';
finish();
