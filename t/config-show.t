# muster config show: what applies and where it was set; what it prints is a
# configuration itself, and says the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Muster;
use POSIX ();
use Test::More;

need_programs('muster');

my %env = (MUSTER_REGISTRY => '', MUSTER_DISPATCHER => '');

sub show
{
    my $o = ref $_[0] eq 'HASH' ? shift : {};
    my ($rc, $out, $err) = run_program({env => {%env, %$o}},
        program('muster'), 'config', 'show', @_);
    diag $err if $rc;
    return $out;
}

sub settings { return map { ($_->{key} => $_) } map { decode_json($_) }
    split /\n/, show(@_, '--json') }

my $host = (POSIX::uname())[1];
my $file = spew(scratch() . '/muster.yaml', <<"END");
log: {level: warn}
limits:
  line: 32K
  idle: 90s
worker:
  slots: 2
  attrs: {os: linux, role: none}
profiles:
  site:
    seeds: [r1, "r2:1:2:3"]
    worker: {slots: 3, attrs: {role: web}}
  web:
    parent: site
    worker.slots: 4
    binds: ["127.0.0.1:0", "[::1]"]
  "$host":
    worker.slots: 9
END

my %s = settings('-c', $file, '--profile', 'web', '-o', 'log.format=json',
    '-o', 'worker.attrs.rack=12', '-o', 'limits.idle=2m');
my %origins = map { ($_ => $s{$_}{origin}) } keys %s;
is_deeply \%origins, {
    'log.level' => "$file:1",
    'limits.line' => "$file:3",
    'limits.idle' => '-o',
    'log.format' => '-o',
    'seeds' => "profile site ($file:10)",
    'binds' => "profile web ($file:15)",
    'worker.slots' => "profile web ($file:14)",
    'worker.attrs' => '-o',
    (map { ($_ => "profile web ($file:15), by binds") }
        qw(registry.new registry.find registry.event dispatcher.exec
        dispatcher.http worker.bind)),
    (map { ($_ => "profile site ($file:10), by seeds") }
        qw(worker.registry dispatcher.registry client.registry)),
}, 'each with its origin';
is_deeply $s{'worker.attrs'}{value},
    {os => 'linux', role => 'web', rack => 12}, 'a map is merged';
is $s{'worker.slots'}{value}, 4, 'the youngest profile wins';
is $s{'limits.line'}{bytes}, 32768, 'a size is a number too';
is $s{'limits.idle'}{ms}, 120000, 'and a duration';
is_deeply $s{'registry.find'}{value}, ['127.0.0.1:6702', '[::1]:6702'],
    'binds, by face';

%s = settings('-c', $file);
is $s{'worker.slots'}{origin}, "profile $host ($file:17)",
    'the profile of the node';

my $text = show('-c', $file, '--profile', 'web');
like $text, qr/^# file: \Q$file\E$/m, 'the file is named';
like $text, qr/^# profile: web$/m, 'and the profile';
like $text, qr/^worker\.attrs\.os: linux +# \Q$file:7\E$/m,
    'entries have origins of their own';
like $text, qr/^worker\.attrs\.role: web +# profile site/m, 'each';
like show('-c', $file, '-o', 'worker.host=x-%n'),
    qr/^worker\.host: "x-%n" +# -o; here x-\Q$host\E$/m, 'ids are expanded';
unlike $text, qr/^log\.to/m, 'defaults are not shown';

my @all = ('--effective', '-c', $file, '--profile', 'web', '-o',
    'worker.attrs.odd=a: "b" #c', '-o', 'registry.event=off');
$text = show(@all);
like $text, qr/^log\.to: stderr +# default$/m, 'unless asked for';
my $again = spew(scratch() . '/again.yaml', $text);
my %first = settings(@all);
my %second = settings('--effective', '-c', $again);
delete $_->{node} for \%first, \%second;    # it is random
is_deeply {map { ($_ => $second{$_}{value}) } keys %second},
    {map { ($_ => $first{$_}{value}) } keys %first},
    'what is shown says the same when it is read';

%s = settings('--effective', '--program', 'muster-worker', '-c', $file);
ok $s{'worker.slots'} && $s{'limits.line'} && !$s{'registry.new'},
    'the settings of one program';
%s = settings({MUSTER_REGISTRY => 'r7'}, '-c', $file);
is $s{'client.registry'}{origin}, '$MUSTER_REGISTRY', 'from the environment';
%s = settings({MUSTER_REGISTRY => 'r7'}, '-c', $file, '--registry', 'r8,r9');
is_deeply $s{'client.registry'}{value}, ['r8', 'r9'], 'an option goes last';
finish();
