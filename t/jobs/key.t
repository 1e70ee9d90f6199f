# .key: a request that is sent twice is one job.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;
use Tokens;

need_programs(qw(musterd muster-worker muster-dispatch));
my $reg = registry();
worker($reg, 'a');
my $file = scratch() . '/ran';
my $d = dispatcher($reg, '-o', 'auth.tokens=' . tokens_file(
    map { ($_ => "{exec: all, ops: ['*']}") } qw(alice bob)));
ok eventually { $d->knows(1) }, 'it knows its worker';

sub ask { return $d->ask('exec', "@_\n") }

my $run = "execute cmd 'echo run >>$file' .on all";
my @first = ask("$run .key k1");
my ($jid) = $first[0] =~ /^submit (\S+) 1/;
like $first[-1], qr/^done $jid state 0/, 'a job with a key';
my @again = ask("$run .key k1");
is_deeply \@again, ["merged $jid", @first], 'again: it is told from its start';
is slurp($file), "run\n", 'it ran once';
is_deeply [ask("$run .key k1 .detach 1")], ["merged $jid", $first[0]],
    'and with .detach';
isnt +(ask("$run .key k2"))[0], $first[0], 'another key, another job';
like +(ask("job $jid"))[0], qr/ key k1 /, 'the record has it';
is_deeply [ask("execute cmd false .on all .key k1")],
    ["error: 'the key k1 stands for another request: job $jid'"],
    'not for another request';
is_deeply [ask("ping .on all .key ''")],
    ["error: '.key takes a text of 1 to 200 bytes'"], 'an empty key';

# a key is its submitter's
unlink $file;
my %job = map { ($_ => (ask("$run .key k1 .token $_.secret"))[0]) }
    qw(alice bob);
isnt $job{alice}, $job{bob}, 'not that of another token';
is slurp($file), "run\nrun\n", 'both ran';
is +(ask("$run .key k1 .token bob.secret"))[1], $job{bob}, 'again its own';

# many at once are one
unlink $file;
my @c = map { $d->dial('exec') } 1 .. 20;
$_->send("$run .key race\n") for @c;
my %submit;
my $merged = 0;
for my $c (@c) {
    my @lines = $c->rest;
    $merged += shift(@lines) =~ /^merged/ if $lines[0] =~ /^merged/;
    $submit{$lines[0]}++;
    like $lines[-1], qr/^done /, 'told to its end';
}
is scalar(keys %submit), 1, 'twenty at once: one job';
is $merged, 19, 'the others were merged';
is slurp($file), "run\n", 'it ran once';

# deleted: the key is free again
($jid) = (keys %submit)[0] =~ /^submit (\S+)/;
is_deeply [ask("delete $jid")], ['ok'], 'deleted';
unlike +(ask("$run .key race"))[0], qr/^merged/, 'the key is free again';

# a job that is held
my @held = ask('ping .on all .at +1h .key later .detach 1');
($jid) = $held[0] =~ /^held (\S+) /;
@again = ask('ping .on all .at +1h .key later .detach 1');
is_deeply \@again, ["merged $jid", $held[0]], 'one that is held is the same';
finish();
