# muster config check: every mistake with its place, all at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Muster;
use Test::More;

need_programs('muster');

sub check { return run_program(program('muster'), 'config', 'check', @_) }

my $good = spew(scratch() . '/good.yaml', <<'END');
registry: {new: 127.0.0.1:0}
profiles: {site: {log.level: debug}}
END
my ($rc, $out, $err) = check('-c', $good);
is_deeply [$rc, $out, $err], [0, "ok\n", ''], 'a good file';
($rc, $out) = check('-c', $good, '--json', '--profile', 'site');
is_deeply [$rc, $out], [0, qq({"ok":true}\n)], 'in JSON';

my $bad = spew(scratch() . '/bad.yaml', <<'END');
registry:
  nwe: 127.0.0.1:1
  find: 127.0.0.1
limits: {line: 1}
log: {level: loud, level: info}
worker:
  attrs: {.x: 1}
profiles:
  a: {parent: b}
  b: {parent: a}
  c: {parent: seed, log.to: /var/log/x}
END
my @wanted = (
    "$bad:2: 'registry.nwe' is no setting; did you mean registry.new?",
    "$bad:3: registry.find: '127.0.0.1': the port is missing.*",
    "$bad:4: limits.line: '1' is out of range, which is 256 to 16M",
    "$bad:5: log.level: 'loud' is none of: error warn info debug",
    "$bad:5: 'level' already stands in line 5",
    "$bad:7: worker.attrs: the name '.x': .*",
    "$bad:9: profile a: its parents form a circle: a -> b -> a",
    "$bad:11: profile c: there is no profile 'seed' to be its parent",
    "$bad:11: profile c: log.to: '/var/log/x' is not stderr, file:PATH or"
        . " syslog",
    "-o x: an option is written KEY=VALUE",
    "-o worker.slots: 'many' is not a whole number",
);
($rc, $out, $err) = check('-c', $bad, '-o', 'x', '-o', 'worker.slots=many');
is $rc, 1, 'mistakes exit 1';
is $out, '', 'nothing on standard output';
my @got = split /\n/, $err;
my @missing;
for my $wanted (map { "muster: $_" } @wanted) {
    my ($start) = $wanted =~ /^(.*)\.\*$/;
    push @missing, $wanted unless grep {
        defined $start ? index($_, $start) == 0 : $_ eq $wanted } @got;
}
is_deeply \@missing, [], 'every mistake is told' or diag $err;
is scalar @got, scalar @wanted, 'and nothing else' or diag $err;

($rc, $out, $err) = check('-c', $bad, '--json');
is $err, '', 'in JSON, on standard output';
my @objects = map { decode_json($_) } split /\n/, $out;
is scalar @objects, @wanted - 2, 'an object for each mistake';
is $objects[0]{line}, 2, 'with its line';
is $objects[0]{where}, "$bad:2", 'and its place';

for my $case (
    ['-c', '/nonexistent.yaml'], ['-c', scratch()],
    ['-c', $good, '--profile', 'sites'], ['-c', $good, '-o', 'binds=*'],
    ['-c', $good, '-o', 'registry.new=0.0.0.0:1'],
    ['-c', spew(scratch() . '/no.yaml', "a: [b\n")],
    ['-c', spew(scratch() . '/nul.yaml', "node: a\0b\n")],
    ['-c', spew(scratch() . '/bin.yaml', pack 'C*', 0 .. 255)],
    ['-c', spew(scratch() . '/deep.yaml', '[' x 100000)],
    ['-c', spew(scratch() . '/big.yaml', "# x\n" x 300000)],
) {
    my ($rc, $out, $err) = check(@$case);
    ok $rc == 1 && $err =~ /^muster: .+: .+\n/ && $err !~ /[^\n -~]/,
        "refused: @$case[-1]" or diag "$rc $err";
}
($rc, $out) = check('-c', $good, '-o', 'registry.new=0.0.0.0:1',
    '--program', 'muster-worker');
is $rc, 0, 'what another program would refuse is no mistake of this one';
($rc, $out, $err) = run_program(program('muster'), 'config', 'chekc');
is $rc, 2, 'a verb that is none is misuse';
($rc, $out, $err) = run_program(program('muster'), 'config');
is $rc, 2, 'and so is none';
finish();
