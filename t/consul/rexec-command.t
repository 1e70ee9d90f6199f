# Remote execution, call by call as the command `consul exec` makes them: keys
# are listed, each new one is fetched; and as AnyEvent::Consul::Exec does for a
# datacenter that is named.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $reg = consul('-o', 'consul.remote_exec=on', '-o', 'consul.datacenter=dc1');
my $disp = dispatcher($reg);
worker($reg, $_) for qw(web1 web2);
ok eventually { $reg->find('kind dispatcher .names 1') && $disp->knows(2) },
    'a dispatcher';

sub put { return call($reg, 'PUT', $_[0], body => $_[1]) }
sub json { return JSON::PP::encode_json($_[0]) }

# -- the command --------------------------------------------------------------

# One of its runs: acks, output, exits by node, by the keys it lists
sub consul_exec
{
    my ($job, $dc, %session) = @_;
    my %seen = (acks => {}, exits => {}, output => {}, beats => 0);
    my $d = $dc ? "dc=$dc" : '';
    my $s = put("/v1/session/create?$d", json({TTL => '15s',
        Behavior => 'delete', %session}))->{json}{ID};
    is put("/v1/session/renew/$s?$d")->{status}, 200, 'the session is renewed';
    is put("/v1/kv/_rexec/$s/job?acquire=$s&$d", $job)->{body}, 'true',
        'the job is put';
    is put("/v1/event/fire/_rexec?$d", json({Prefix => '_rexec',
        Session => $s}))->{status}, 200, 'the event is fired';
    my ($index, %known) = (0, "_rexec/$s/job" => 1);
    my $end = time + deadline(60);
    while (keys %{$seen{exits}} < 2 && time < $end) {
        my $a = call($reg, 'GET', "/v1/kv/_rexec/$s/?keys=&index=$index"
            . "&wait=2000ms&$d");
        $index = index_of($a);
        take(\%seen, $_, $d) for grep { !$known{$_}++ } @{$a->{json} || []};
    }
    is put("/v1/session/destroy/$s?$d")->{body}, 'true', 'destroyed';
    is call($reg, 'DELETE', "/v1/kv/_rexec/$s?recurse=&$d")->{body}, 'true',
        'deleted';
    is call($reg, 'GET', "/v1/kv/_rexec/$s?keys")->{status}, 404,
        'nothing is left';
    return \%seen;
}

sub take
{
    my ($seen, $key, $d) = @_;
    my (undef, undef, $node, $what) = split /\//, $key;
    if ($what eq 'ack') {
        $seen->{acks}{$node} = 1;
        return;
    }
    my $value = call($reg, 'GET', "/v1/kv/$key?$d")->{json}[0]{Value};
    if ($what eq 'exit') {
        $seen->{exits}{$node} = decode_base64($value);
    } elsif (defined $value) {
        $seen->{output}{$node} .= decode_base64($value);
    } else {
        $seen->{beats}++;
    }
    return;
}

my $self = call($reg, 'GET', '/v1/agent/self')->{json};
ok $self->{Config}{NodeName} && $self->{Config}{Datacenter},
    'the agent says who it is';
my $seen = consul_exec(json({Command => 'echo $((6 * 7)); exit 2',
    Wait => 2_000_000_000}), undef, Name => 'Remote Exec');
is_deeply $seen->{exits}, {web1 => 2, web2 => 2}, 'each exit';
is_deeply $seen->{output}, {web1 => "42\n", web2 => "42\n"}, 'each output';
is_deeply $seen->{acks}, {web1 => 1, web2 => 1}, 'each ack';

# -- a datacenter -------------------------------------------------------------

my ($entry) = @{call($reg, 'GET', '/v1/health/service/consul?dc=dc1&passing=1')
    ->{json}};
ok $entry->{Node}{Node}, 'a node of it';
$seen = consul_exec(json({Command => 'echo there', Wait => 2e9}), 'dc1',
    Name => 'Remote exec via', Node => $entry->{Node}{Node}, Checks => []);
is_deeply $seen->{exits}, {web1 => 0, web2 => 0}, 'runs there';
is put('/v1/event/fire/_rexec?dc=dc2', '{}')->{status}, 500,
    'one that is not there: 500';

finish();
