# muster exec with --at, --every, --after and --key.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $reg = registry();
worker($reg, 'a');
my $d = dispatcher($reg);
ok eventually { $d->knows(1) }, 'it knows its worker';

sub run
{
    my ($verb, @args) = @_;
    return muster(undef, $verb, '--dispatcher', $d->address('exec'), @args);
}

my @json;
my ($rc, $out, $err) = run('exec', '--all', '--at', '+300ms', '-c', 'echo now');
is $rc, 0, '--at: its end is waited for';
is $out, "a | now\n", 'and its output told';
like $err, qr/^muster: job \S+ is held until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/m,
    'and until when it is held';

($rc, $out, $err) = run('exec', '--all', '--every', '1h', '--times', 3,
    '--missed', 'once', '--overlap', '-c', 'true');
is $rc, 0, '--every';
my ($jid) = $out =~ /^(\S+)\n\z/;
ok defined $jid, 'its id is printed, and nothing waited for';
my ($line) = $d->ask('exec', "job $jid\n");
like $line, qr/ held 1 next \d+ every 1h runs 0 /, 'it is a schedule';

($rc, $out) = run('jobs', '--json', 'held=1');
@json = map { JSON::PP::decode_json($_) } split /\n/, $out;
is_deeply [map { $_->{jid} } @json], [$jid], 'muster jobs held=1';
like $json[0]{next}, qr/^\d+$/, 'the next time is a number';
is $json[0]{every}, '1h', 'and how often';
($rc, $out) = run('exec', '--all', '--after', $jid, '--detach', '-c', 'true');
is $rc, 0, '--after --detach';
my ($after) = $out =~ /^(\S+)\n/;
like +($d->ask('exec', "job $after\n"))[0], qr/ after $jid /, 'waits for it';
($rc, $out) = run('cancel', $jid);
is $rc, 0, 'the schedule is cancelled';
ok eventually { ($d->ask('exec', "job $after\n"))[0] =~ / state 2 / },
    'and what waits for it fails';

my @key = ('exec', '--all', '--key', 'k', '-c', 'date +%N');
($rc, my $first) = run(@key);
($rc, $out, $err) = run(@key);
is $out, $first, '--key: the same job again';
like $err, qr/^muster: this key was used before: it is job \S+$/m, 'it is told';
($rc, $out) = run(@key, '--json');
@json = map { JSON::PP::decode_json($_) } split /\n/, $out;
is_deeply [map { $_->{event} } @json[0, 1]], ['merged', 'submit'], '--json';
is $json[0]{jid}, $json[1]{jid}, 'which job';
($rc, $out) = run('exec', '--all', '--json', '--at', '+0', '-c', 'true');
@json = map { JSON::PP::decode_json($_) } split /\n/, $out;
is $json[0]{event}, 'held', 'held';
like $json[0]{next}, qr/^\d+$/, 'when';
is $json[-1]{event}, 'done', 'to its end';

($rc, $out, $err) = run('exec', '--all', '--every', '61 * * * *', '-c', 'true');
is $rc, 1, 'a bad --every is refused';
like $err, qr/\.every takes .*minute 61: want /, 'with the reason';
finish();
