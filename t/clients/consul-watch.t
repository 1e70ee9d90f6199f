# consul watch, Consul's own: every type that its command line takes, told what
# is there and each change of it, and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulPeer;
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

need_consul();
need_programs('musterd');
my $reg = consul('-o', 'consul.node_name=here');
my $json = JSON::PP->new->utf8->allow_nonref;

# A handler that is told by its input, and writes what it was told in a line
sub watch
{
    my (@args) = @_;
    return consul_begin($reg, 'watch', @args, 'cat; echo');
}

# The last that it was told, when that is so of it
sub told
{
    my ($p, $is) = @_;
    my $last;
    eventually {
        my @lines = grep { length } split /\n/, $p->out =~ s/[^\n]*\z//r;
        $last = @lines ? $json->decode($lines[-1]) : undef;
        return @lines && $is->($last);
    } 60;
    return $last;
}

sub lines { my @lines = grep { length } split /\n/, $_[0]->out; return @lines }

sub tells
{
    my ($p, $name, $is) = @_;
    my $last = told($p, $is);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $is->($last), $name or diag($p->out, $p->err);
    return $last;
}

kv_put($reg, 'w/a', 'one');
my $web = $reg->register(
    'web1 service web node rack1 addr tcp!10.0.0.1!80 tags a,b');
call($reg, 'PUT', '/v1/agent/service/register', body =>
    '{"Name": "own", "Check": {"TTL": "1h", "Status": "passing"}}');

my %w = (
    key => watch('-type=key', '-key=w/a'),
    none => watch('-type=key', '-key=nothing'),
    prefix => watch('-type=keyprefix', '-prefix=w/'),
    services => watch('-type=services'),
    nodes => watch('-type=nodes'),
    service => watch('-type=service', '-service=web', '-tag=a',
        '-passingonly=true'),
    checks => watch('-type=checks', '-service=own'),
    state => watch('-type=checks', '-state=critical'),
    event => watch('-type=event', '-name=deploy'),
);

# ---- what is there

tells($w{key}, 'a key', sub { $_[0] && $_[0]{Value} eq base64('one') });
tells($w{none}, 'one that is not there', sub { !defined $_[0] });
tells($w{prefix}, 'a prefix', sub { $_[0] && @{$_[0]} == 1 });
my $last = tells($w{services}, 'services', sub { $_[0]{web} });
is_deeply $last->{web}, ['a', 'b'], 'with their tags';
tells($w{nodes}, 'nodes', sub { join(' ', sort map { $_->{Node} } @{$_[0]})
    eq 'here rack1' });
$last = tells($w{service}, 'a service', sub { @{$_[0] || []} == 1 });
is "$last->[0]{Node}{Node} $last->[0]{Service}{Address} "
    . $last->[0]{Service}{Port}, 'rack1 10.0.0.1 80', 'where it is';
tells($w{checks}, 'checks of a service',
    sub { $_[0] && @{$_[0]} && $_[0][0]{Status} eq 'passing' });
tells($w{state}, 'and those that are critical: none', sub { !@{$_[0]} });

# ---- changes

my %before = map { $_ => scalar lines($w{$_}) } keys %w;
kv_put($reg, 'w/a', 'two');
tells($w{key}, 'the key changes', sub { $_[0]{Value} eq base64('two') });
tells($w{prefix}, 'the prefix',
    sub { @{$_[0]} && $_[0][0]{Value} eq base64('two') });
kv_put($reg, 'nothing', 'is now');
tells($w{none}, 'a key comes', sub { $_[0] });
my $more = $reg->register(
    'web2 service web node rack2 addr tcp!10.0.0.2!80 tags a');
tells($w{service}, 'an instance comes', sub { @{$_[0]} == 2 });
tells($w{nodes}, 'a node', sub { @{$_[0]} == 3 });
is scalar lines($w{services}), $before{services},
    'the services are the same: nobody is told';
is scalar lines($w{state}), $before{state}, 'the checks, too';
$web->close;
$last = tells($w{service}, 'an instance goes', sub { @{$_[0]} == 1 });
is $last->[0]{Node}{Node}, 'rack2', 'the other one stays';
tells($w{services}, 'its tags are gone', sub { "@{$_[0]{web}}" eq 'a' });
call($reg, 'PUT', '/v1/agent/check/fail/service:own', body => '');
tells($w{checks}, 'a check fails', sub { $_[0][0]{Status} eq 'critical' });
tells($w{state}, 'and is critical', sub { @{$_[0]} == 1 });
my ($rc, $out, $err) = consul_says($reg, 'event', '-name', 'deploy', 'v2');
my ($id) = $out =~ /^Event ID: (\S+)$/;
ok $rc == 0 && $id, 'an event is fired';
$last = tells($w{event}, 'and told', sub { @{$_[0] || []} == 1 });
is "$last->[0]{ID} $last->[0]{Payload}", "$id " . base64('v2'), 'as it is';

# ---- the registry goes, and comes again

$reg->stop;
$reg->restart;
kv_put($reg, 'w/a', 'three');
tells($w{key}, 'they follow a new one',
    sub { $_[0] && $_[0]{Value} eq base64('three') });
$_->signal('INT')->status for values %w;

# ---- other handlers

my $p = consul_begin($reg, 'watch', '-type=key', '-key=w/a', '-shell=false',
    '/bin/sh', '-c', 'echo index $CONSUL_INDEX');
ok((eventually { $p->out =~ /^index (\d+)$/m } 60), 'they are told the index');
is $p->out =~ /^index (\d+)$/m && $1, kv_get($reg, 'w/a')->{ModifyIndex},
    'of the key';
$p->signal('INT')->status;
($rc, $out) = consul_says($reg, 'watch', '-type=key', '-key=w/a');
is $rc, 0, 'without any it ends';
is $json->decode($out)->{Key}, 'w/a', 'and shows what is there';

finish();
