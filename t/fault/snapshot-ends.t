# A snapshot that is put back while musterd ends, by SIGKILL or SIGTERM: the
# next start has all of what it said, or all of what there was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open2;
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

plan skip_all => 'no sqlite3' if system('sqlite3 --version >/dev/null 2>&1');
my $json = JSON::PP->new->canonical;
my $db = scratch() . '/registry.db';
my $reg = consul('-o', "registry.store=sqlite:$db",
    '-o', 'registry.admin=127.0.0.1:0');
my $keys = 1500;

sub put
{
    my ($path, $body) = @_;
    my $a = call($reg, 'PUT', $path,
        body => ref $body ? $json->encode($body) : $body);
    die "$path: $a->{status} $a->{body}" unless $a->{status} == 200;
    return $a->{json};
}

# What there is, without indexes
sub all
{
    my $text = $json->encode([map { call($reg, 'GET', $_)->{json} }
        '/v1/kv/?recurse', '/v1/query', '/v1/catalog/service/web']);
    $text =~ s/"(?:Create|Modify)Index":\d+//g;
    return $text;
}

# The state of that name, instead of whatever there is
sub make
{
    my ($name) = @_;
    call($reg, 'DELETE', '/v1/kv/?recurse');
    for (my $i = 0; $i < $keys; $i += 50) {
        put('/v1/txn', [map { {KV => {Verb => 'set',
            Key => sprintf('k%04d', $_), Value => base64("$name$_")}} }
            $i .. $i + 49]);
    }
    put("/v1/kv/only-$name", '');
    put('/v1/catalog/register', {Node => "n$name", Address => '10.0.0.1',
        Service => {Service => 'web', Tags => [$name]}});
    put('/v1/catalog/deregister', {Node => 'na'}) if $name ne 'a';
    return {all => all(), file => call($reg, 'GET', '/v1/snapshot')->{body}};
}

my %state = map { ($_ => make($_)) } qw(a b);
my $is = 'b';
isnt $state{a}{all}, $state{b}{all}, 'two states';

sub journal { return -e "$db.snapshot" }

# -- SIGKILL ------------------------------------------------------------------

my %seen;
for my $at (0, 700, 1400) {
    my $to = $is eq 'a' ? 'b' : 'a';
    my $key = sprintf '/v1/kv/k%04d', $at;
    my $index = index_of(call($reg, 'GET', $key));
    my $watch = caller_of($reg)->hold('GET', "$key?index=$index&wait=60s");
    my $c = caller_of($reg);
    $c->ask('PUT', '/v1/snapshot', body => $state{$to}{file});
    is $watch->read->{json}[0]{Value}, base64("$to$at"),
        "key $at is as the snapshot says";
    $reg->kill;
    $reg->restart;
    is all(), $state{$to}{all}, 'killed there: the next start has all of it';
    ok !journal(), 'and nothing is left of the file';
    $is = $to;
}

# -- SIGTERM ------------------------------------------------------------------

# Somebody else holds the database, so that nothing is written: what was asked
# for is under way until he lets go. musterd waits for him for 5 s and then takes
# it for a failure of the disk: on a machine that is so slow it is tried again.
sub locked
{
    my ($fn) = @_;
    my $pid = open2(my $out, my $in, 'sqlite3', $db);
    print {$in} "BEGIN IMMEDIATE;\nSELECT 'held';\n";
    $in->flush;
    die 'the database is not held' unless readline($out) eq "held\n";
    $fn->();
    print {$in} "ROLLBACK;\n";
    close $in;
    waitpid $pid, 0;
    return;
}

# How often it was told to end
sub ends { return scalar grep { /a signal asked for it/ } $reg->log }

my $to = $is eq 'a' ? 'b' : 'a';
my ($answer, %meanwhile);
for (1 .. 5) {
    my $c = caller_of($reg);
    locked(sub {
        $c->ask('PUT', '/v1/snapshot', body => $state{$to}{file});
        eventually { $reg->metric('muster_store_queue_changes') > 0 };
        %meanwhile = (journal => journal(),
            save => call($reg, 'GET', '/v1/snapshot'),
            backup => $reg->ask_admin('/v1/backup'),
            put => call($reg, 'PUT', '/v1/snapshot', body => 'x'));
        my $ends = ends();
        $reg->signal('TERM');
        eventually { ends() > $ends };
    });
    $answer = $c->read;
    last if $answer->{body} =~ /going down/;
    diag("the database was held too long: $answer->{body}");
    $reg->stop;
    $reg->restart;
}
my $busy = 'a snapshot is being restored: try again later';
ok $meanwhile{journal}, 'while it goes on the file is beside the database';
is "$meanwhile{save}{status} $meanwhile{save}{body}", "500 $busy",
    'no other is saved';
like $meanwhile{backup}, qr/^HTTP\/1.1 409 .*\Q$busy\E/s, 'nor a backup made';
is "$meanwhile{put}{status} $meanwhile{put}{body}",
    '500 another snapshot is being restored: try again later', 'nor put back';
is $answer->{status}, 500, 'who asked is told';
like $answer->{body}, qr/^failed[ ]to[ ]restore[ ]the[ ]snapshot:
    [ ]musterd[ ]is[ ]going[ ]down:[ ]\d+[ ]records[ ]were[ ]changed
    [ ]and[ ]\d+[ ]removed;[ ]the[ ]next[ ]start[ ]does[ ]the[ ]rest$/x,
    'what becomes of it';
$reg->stop;
ok journal(), 'the file stays';
$reg->restart;
is all(), $state{$to}{all}, 'the next start has all of it';
ok !journal(), 'and nothing is left of the file';
ok grep({ /the snapshot that was being restored at the last end is restored/ }
    $reg->log), 'it says so';

# -- what cannot be gone on with ------------------------------------------------

$reg->stop;
spew("$db.snapshot", 'rubbish');
chmod 0600, "$db.snapshot";
my ($status, undef, $wrong) = run_program(program('musterd'), @{$reg->{args}});
isnt $status, 0, 'a file that is damaged: it does not start';
like $wrong, qr/cannot be: it is no gzip file, or damaged: start again when/,
    'why';
like $wrong, qr/or remove \Q$db.snapshot\E, and go on/, 'and what to do';
ok journal(), 'the file stays';
unlink "$db.snapshot";
$reg->restart;
is all(), $state{$to}{all}, 'without it it starts';
$reg->stop;

# a backup is put in the place of the database: the file is not its own
is system('sqlite3', $db, "VACUUM INTO '$db.copy'"), 0, 'a copy';
spew("$db.snapshot", 'rubbish');
($status, undef, $wrong) = run_program(program('muster'), 'restore', '--to',
    "sqlite:$db", "$db.copy");
is $status, 0, 'muster restore' or diag($wrong);
ok !journal(), 'the file is set aside';
is slurp("$db.replaced.snapshot"), 'rubbish', 'with its database';

# -- what there is no room for ---------------------------------------------------

my $small = consul('-o', "registry.store=sqlite:$db.small",
    '-o', 'registry.checks=1');
my $large = consul();
call($large, 'PUT', '/v1/catalog/register',
    body => $json->encode({Node => 'n', Address => '10.0.0.1',
        Checks => [map { {CheckID => "c$_", Name => "c$_"} } 1 .. 3]}));
my $much = call($large, 'GET', '/v1/snapshot')->{body};
for my $time (1, 2) {
    my $a = call($small, 'PUT', '/v1/snapshot', body => $much);
    like "$a->{status} $a->{body}",
        qr/^500 .*: too many checks are registered: \d+ records were changed/,
        "time $time: it is said, and what was done";
    ok !-e "$db.small.snapshot", 'and nothing is left of the file';
}
is call($small, 'GET', '/v1/catalog/node/n')->{json}{Node}{Node}, 'n',
    'it goes on';

# more than may wait for the disk at once
my $slow = consul('-o', "registry.store=sqlite:$db.slow",
    '-o', 'registry.store_queue=64K');
kv_put($large, "large$_", 'x' x 200_000) for 1 .. 5;
call($large, 'PUT', '/v1/catalog/deregister',
    body => $json->encode({Node => 'n'}));
$much = call($large, 'GET', '/v1/snapshot')->{body};
is call($slow, 'PUT', '/v1/snapshot', body => $much)->{status}, 200,
    'more than may wait for the disk: it takes its time';
is length kv_get($slow, 'large5')->{Value}, 200_000, 'and is done';

# -- what is kept nowhere --------------------------------------------------------

my $memory = consul();
is call($memory, 'PUT', '/v1/snapshot', body => $state{a}{file})->{status}, 200,
    'a registry in memory has no such file, and needs none';

finish();
