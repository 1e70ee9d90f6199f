# registry.static: services that a file registers, and nobody else may change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

need_programs('musterd');

my $file = spew(scratch() . '/static', <<'END');
# what does not register itself
service=net!printer!9100
	kind=printer floor=3
	where='behind the door' note="it's loud"

service=lamp kind=lamp
END
my $reg = registry('-o', "registry.static=$file");

sub lines { return sort $reg->find($_[0]) }

# The daemon's log after a SIGHUP, up to a line that matches
sub reload
{
    my ($text, $until) = @_;
    my $before = length slurp($reg->{log});
    spew($file, $text) if defined $text;
    $reg->signal('HUP');
    ok eventually { substr(slurp($reg->{log}), $before) =~ $until },
        "says $until" or diag slurp($reg->{log});
    return substr slurp($reg->{log}), $before;
}

is_deeply [lines()], ['lamp kind lamp persist 1',
    "net!printer!9100 kind printer floor 3 where 'behind the door' "
    . "note 'it''s loud' persist 1"], 'there from the start';

# nobody else's
my $c = $reg->dial('new');
$c->send("other .ack 1\n");
like $c->line, qr/^ok/, 'another service';
for my $line ('.of lamp kind torch', '.of lamp .unset kind', '.remove lamp',
    '.new lamp kind torch .replace 1', '.of lamp .ttl 1') {
    $c->send("$line\n");
    like $c->line, qr/^error: 'it is a static entry: .*registry\.static/,
        "refused: $line";
}
$c->send(".new lamp\n");
like $c->line, qr/duplicate/, 'and its name is taken';
is_deeply [lines('.name lamp')], ['lamp kind lamp persist 1'], 'as it was';

# only differences become changes
sub revision
{
    my $q = $reg->dial('find');
    $q->send(".count 1 .keep 1\n");
    return ($q->lines(2))[1];
}

my $before = revision();
reload(undef, qr/entries 2, new 0, changed 0, removed 0, waiting 0/);
is revision(), $before, 'the same file is no change';

my $watch = $reg->dial('event');
$watch->send(".detail 1\n");
$watch->until(qr/^READY \d/);
reload(<<'END', qr/entries 3, new 1, changed 1, removed 0, waiting 0/);
service=net!printer!9100 kind=printer
	where="behind the door"   # another order of pairs and quotes
	note='it''s loud' floor=3
service=lamp kind=torch
service=door kind=door
END
reload("service=lamp kind=torch\nservice=door kind=door\n",
    qr/entries 2, new 0, changed 0, removed 1, waiting 0/);
my @told = $watch->lines(3);
s/^(.) \d+ /$1 / for @told;
is_deeply \@told, ['= lamp kind torch persist 1', '+ door kind door persist 1',
    "- net!printer!9100 kind printer where 'behind the door' "
    . "note 'it''s loud' floor 3 persist 1"], 'each of them once';

# a bad file keeps what was, and tells all that is wrong with it
my $log = reload("service=lamp kind=off\n x\nservice=door kind=a=b\n"
    . "other=thing\n", qr/stay as they were/);
like $log, qr/\Q$file\E:2: 'x' has no value: write x=VALUE/, 'a mistake';
like $log, qr/\Q$file\E:3: the value of kind holds a =: quote it/, 'another';
like $log, qr/\Q$file\E:4: 'other': an entry begins with/, 'and another';
rename $file, "$file.away" or die $!;
reload(undef, qr/registry\.static: \Q$file\E: No such file/);
is_deeply [lines('persist 1')],
    ['door kind door persist 1', 'lamp kind torch persist 1'],
    'as it was, with a bad file and with none';

# a name that another has: the entry waits until that one has gone
my $live = $reg->register('gate kind live');
reload("service=lamp kind=torch\nservice=gate kind=static\n",
    qr/\Q$file\E:2: gate is not registered yet: another service has/);
is_deeply [lines()], ['gate kind live', 'lamp kind torch persist 1',
    'other'], 'the other one stays';
$live->close;
ok eventually { "@{[lines('.name gate')]}" eq 'gate kind static persist 1' },
    'its turn comes';
reload("service=lamp kind=torch\nservice=gate kind=static\n",
    qr/entries 2, new 0, changed 0, removed 0, waiting 0/);

# none any more
reload('', qr/entries 0, new 0, changed 0, removed 2, waiting 0/);
is_deeply [lines()], ['other'], 'an empty file empties it';

# a bad file at the start: every mistake, and no daemon
spew($file, "service=new\nservice=x y\n");
my ($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', "registry.static=$file", '-o', 'registry.store=memory',
    map { ('-o', "registry.$_=127.0.0.1:0") } qw(new find event admin));
is $rc, 1, 'does not start with a bad file';
like $err, qr/\Q$file\E:1: 'new': bad service name/, 'for this reason';
like $err, qr/\Q$file\E:2: 'y' has no value/, 'and this';
($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', "registry.static=$file.not", '-o', 'registry.store=memory',
    map { ('-o', "registry.$_=127.0.0.1:0") } qw(new find event admin));
is $rc, 1, 'nor with none';
like $err, qr/\Q$file.not\E: No such file/, 'and says which';
finish();
