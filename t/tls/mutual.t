# Everybody shows a certificate to everybody: registry, dispatcher, worker and
# command line; and what a certificate's name may.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use Test::More;

need_programs('musterd', 'muster', 'muster-worker', 'muster-dispatch',
    't/driver/tls-pipe');
my @strict = ('-o', 'tls.client=required');
my $reg = registry({tls => 'registry'}, @strict);
certs_issue($_, '--client') for 'alice', 'bob';
sub env
{
    my $base = certs() . '/' . shift;
    return {env => {MUSTER_TLS_CERT => "$base.pem", MUSTER_TLS_KEY => "$base.key"}};
}
sub found
{
    my ($query) = @_;
    my $c = $reg->dial('find', cert => 'alice');
    $c->send("$query\n");
    return $c->rest;
}
my $dispatch = dispatcher($reg, {tls => 'dispatch'}, @strict);
my $worker = worker($reg, 'w1', {tls => 'w1', unregistered => 1}, @strict);
ok eventually { found('kind worker host w1') }, 'the worker registers';
ok eventually {
    my $c = $dispatch->dial('exec', cert => 'alice');
    $c->send("ping .on all .expect 1\n");
    grep { /^done/ } $c->rest;
}, 'the dispatcher dials it';
my ($rc, $out, $err) = muster($reg, env('alice'), 'exec', '--all', '--', 'echo', 'hi');
is "$rc|$out", "0|w1 | hi\n", 'and a job goes all the way' or diag($err);

my $events = $reg->dial('event', cert => 'bob');
is $events->line, 'READY', 'events';
($rc) = muster($reg, env('bob'), 'register', 'x', 'kind=y', '--persist');
is $rc, 0, 'a registration';
like $events->line, qr/^\d{8}/, 'is told';

# Without one nobody gets anywhere, to no program
for my $case ([$reg, 'find'], [$reg, 'new'], [$reg, 'event'],
    [$dispatch, 'exec'], [$worker, 'worker']) {
    my ($daemon, $face) = @$case;
    my $c = $daemon->dial($face);
    $c->send("\n");
    $c->ends;
    is $c->{in}, '', "$daemon->{name} $face: nothing without a certificate";
}

# Names in certificates are rights
my $tokens = scratch() . '/tokens.yaml';
spew($tokens, <<'END');
reader: {cert: ali*, find: 'kind web'}
writer: {cert: bob, register: ['b*'], set: ['*'], find: all}
END
chmod 0600, $tokens;
my $guarded = registry({tls => 'registry', name => 'guarded'}, @strict,
    '-o', "auth.tokens=$tokens", '-o', 'auth.anonymous=none');
($rc, $out, $err) = muster($guarded, env('bob'), 'register', 'b1', 'kind=web',
    '--persist');
is $rc, 0, 'bob may register' or diag($err);
($rc, $out, $err) = muster($guarded, env('bob'), 'register', 'b2', 'kind=db',
    '--persist');
is $rc, 0, 'what begins with b' or diag($err);
($rc, $out, $err) = muster($guarded, env('bob'), 'register', 'c1', 'kind=web',
    '--persist');
isnt $rc, 0, 'and nothing else';
($rc, $out, $err) = muster($guarded, env('alice'), 'find', '--names');
is "$rc|$out", "0|b1\n", 'alice sees what she may' or diag($err);
($rc, $out, $err) = muster($guarded, env('alice'), 'register', 'b3', '--persist');
isnt $rc, 0, 'and may not register';
($rc, $out, $err) = muster($guarded, env('w1'), 'find', '--names');
isnt $rc, 0, 'a name without rights sees nothing';
finish();
