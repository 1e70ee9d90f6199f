# Every misuse of the job port has its error line, and harms nobody.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
worker($reg, 'w');
my $d = dispatcher($reg);
ok eventually { $d->knows(1) }, 'it knows its worker';

my $target = 'no target: say .on SELECTOR, .hosts A,B or .on all';
my @rows = (
    ['', 'empty request'],
    ['jbos', 'unknown request or operation jbos'],
    ['execute cmd true', $target],
    ['ping', $target],
    ["ping .on ''", 'empty .on: say .on all for every worker'],
    ["ping .on ' '", 'empty .on: say .on all for every worker'],
    ['ping .on a=b .hosts w', 'say .on or .hosts, not both'],
    ['ping .on all .lost rerun', '.lost rerun needs .any 1'],
    ['ping .on all .any 1 .fail 1',
        '.any runs on one host: no .parallel, .fail or .per'],
    ['execute cmd', 'odd attribute/value pairs'],
    ['ping .on', 'odd attribute/value pairs'],
    ['ping .on all .colour red', 'unknown directive .colour'],
    ['jobs .token 1', 'unknown or expired token'],
    ['ping .on all .parallel 0',
        '.parallel takes a number of hosts from 1, or 1% to 100%'],
    ['ping .on all .fail -1',
        '.fail takes a number of hosts, or 0% to 100%'],
    ['ping .on all .timeout soon',
        '.timeout takes a number of seconds, or 500ms 30s 5m 1h 2d'],
    ['ping .on all .on all', 'directive .on stands twice'],
    ['ping .hosts w,w',
        '.hosts takes names with commas between them, each once'],
    ['job', 'usage: job JID'],
    ['job X-1', 'no job X-1'],
    ['follow X-1', 'no job X-1'],
    ['cancel X-1', 'no job X-1'],
    ['delete X-1', 'no job X-1'],
    ['follow', 'usage: follow JID'],
    ['follow X-1 .on all', 'unknown directive .on'],
    ["execute cmd 'open", undef],
    ["ping .on 'a~('", undef],
    ["ping .on '='", undef],
    ['ping ' . 'a b ' x 600 . '.on all', undef],
);
for my $row (@rows) {
    my ($line, $want) = @$row;
    my @got = $d->ask('exec', "$line\n");
    my $name = length $line > 60 ? 'too many words' : "'$line'";
    if (defined $want) {
        $want = "error: '$want'";
        is_deeply \@got, [$want], $name;
    } else {
        ok @got == 1 && $got[0] =~ /^error: '.+'$/, $name or diag("@got");
    }
}

my $c = $d->dial('exec');
$c->send("ping .on all .keep 1\nping .keep 1\nnonsense x\njobs .keep 0\n");
my @lines = $c->until(qr/^\.end$/);
like $lines[-2], qr/^done /, 'a good one first';
is_deeply [$c->until(qr/^\.end$/)], ["error: '$target'", '.end'],
    'with .keep an error ends like any answer';
is_deeply [$c->until(qr/^\.end$/)], ["error: 'odd attribute/value pairs'",
    '.end'], 'and the next request has its turn';
is +($c->until(qr/^\.end$/))[-1], '.end', 'to the last';
$c->end;
ok $c->ends, 'then it ends with the client';

$c = $d->dial('exec');
$c->send('x' x 70_000 . "\n");
like $c->line, qr/^error: 'line too long/, 'a line over the bound';
ok $c->ends, 'ends the connection';

$c = $d->dial('exec');
$c->send("ping .on all");
$c->end;
like +($c->rest)[-1], qr/^done /, 'a last line without LF';

my @jobs = $d->ask('exec', "jobs\n");
ok !grep({ !/ op ping / } @jobs), 'no misuse has become a job';
ok $d->knows(1), 'all is well';
finish();
