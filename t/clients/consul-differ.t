# The same calls to a real Consul and to musterd, one after the other: answers
# are the same, but for what is listed here with its reason. What is listed and
# is the same fails, too. Some calls are written below, others are made up: what
# they are is always the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulAgent;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Muster;
use MusterHttp;
use Peers;
use Test::More;
use Transcript;

my $program = need_peer('consul', 'usr/bin/consul');
need_programs('musterd');

# -- what differs on purpose, or with the version (that one is 1.8.7) ----------

# [calls, what differs, reason]
my @differences = (
    ['.', qr/^header (?:vary|x-consul-effective-consistency):/,
        'aioconsul ends at an X-Consul header that is no JSON'],
    ['PUT', qr/^body: 'Request decode failed: 1 error/,
        'later versions have the words of another decoder'],
    ['session', qr/(?:Service)?Checks: (?:was )?not there/,
        'later versions show them apart, and no Checks'],
    ['catalog|health', qr/Proxy|Connect|Weights|Kind|\bType: not|ServiceTagged/,
        'fields of later versions'],
    ['catalog/nodes|health', qr/TaggedAddresses\.\w+_ipv4: not there/,
        'addresses of later versions'],
    ['passing', qr/^\[\d+\]\./,
        'Consul puts the last in the place of one that does not pass'],
    ['txn', qr/What: failed index check .* was failed index check/,
        'an index has another number'],
    ['register', qr/^body: '.*Missing service registration', was/,
        'later versions say on which node'],
    ['kv/|txn', qr/LockIndex: \d+, was \d/,
        'a write without a session keeps how often a key was locked'],
    ['raw', qr/^header (?:content-type|content-security|x-content-type)/,
        'a value is never shown as what it looks like'],
    ['info/foo|renew/foo|filter=', qr/^header x-consul-.*not there, was/,
        'an error is of no index'],
    ['filter=', qr/^(?:status: 400, was 500|reason: Bad Request)/,
        'what is wrong with an expression is who wrote it'],
    ['OPTIONS', qr/^header allow/, 'clients of 0.7 register by GET'],
    ['query', qr/Service\.(?:Connect|ServiceMeta)/, 'fields of later versions'],
    ['agent/service', qr/Meta: null, was object/, 'as the agent of 1.0.8'],
    ['agent/', qr/(?:CreateIndex|ModifyIndex|Weights|Type)\b/,
        'later agents show no index, and fields of their own'],
);

sub reason
{
    my ($call, $wrong) = @_;
    for my $d (@differences) {
        my ($calls, $places) = @$d;
        next unless "$call->{method} $call->{path}" =~ /$calls/
            && $wrong =~ $places;
        $d->[3]++;
        return $d->[2];
    }
    return;
}

# -- both ----------------------------------------------------------------------

my $agent = ConsulAgent->new($program, node_name => 'here');
my $reg = registry('-o', 'registry.consul=127.0.0.1:0',
    '-o', 'consul.node_name=here', '-o', "consul.advertise=$agent->{server}");
my ($theirs, $ours);
my $same = Transcript->new(same_indexes => 1, only_rows => 1);
my $json = JSON::PP->new->utf8->canonical;
my ($calls, $wrong) = (0, 0);

# On a connection that stays, unless the other side ends it
sub answer_of
{
    my ($c, $address, $method, $path, $body) = @_;
    $$c ||= connect_to($address);
    $$c->send(request($method, $path, body => $body));
    my $answer = answer($$c, $method) or die "$address: no answer to $path";
    $$c = undef if ($answer->{headers}{connection} || '') eq 'close';
    return $answer;
}

# Answers of a call, theirs first; the text of a body may hold {N}, an index of
# theirs.
sub ask
{
    my (%call) = @_;
    my $body = $call{body};
    $body = '' if !defined $body && $call{method} =~ /^(?:PUT|POST|DELETE)$/;
    my ($for_them, $for_us) = ($body, $same->ours($body));
    if (defined $body) {
        $for_them =~ s/\{(\d+)\}/$1/g;
        $for_us =~ s/\{(\d+)\}/$same->{index}{$1} || $1/ge;
    }
    my $was = answer_of(\$theirs, $agent->{address}, $call{method}, $call{path},
        $for_them);
    my $is = answer_of(\$ours, $reg->address('consul'), $call{method},
        $same->path(\%call), $for_us);
    $calls++;
    my ($reason) = $was->{head} =~ m{^HTTP/1\.1 \d+ (.*)$}m;
    my @wrong = grep { !reason(\%call, $_) } $same->compare({%call, %$was,
            reason => $reason, answer => $was->{body}}, $is);
    return ($was, $is) unless @wrong;
    $wrong++;
    diag join "\n    ", "$call{method} $call{path} " . ($body // ''), @wrong
        if $wrong < 20;
    return ($was, $is);
}

sub value_of { return eval { JSON::PP->new->utf8->decode($_[0]{body}) } }

# -- those that are written ----------------------------------------------------

my %names;
while (my $line = <DATA>) {
    chomp $line;
    next if $line =~ /^(?:#|$)/;
    my ($method, $path, $body) = split / /, $line, 3;
    if ($method eq 'UNTIL') { # an agent tells its catalog later
        ok eventually { $agent->get("/v1/$path") =~ /$body/s }, "$path: $body";
        next;
    }
    my $name = $path =~ s/^(\w+)=// && $1;
    s/\$([A-Z]\w*)/$names{$1}/g for grep { defined } $path, $body;
    my ($was) = ask(method => $method, path => "/v1/$path", body => $body);
    $names{$name} = value_of($was)->{ID} if $name;
}
is $wrong, 0, "$calls calls that are written";

# -- those that are made up: keys, sessions, transactions ----------------------

srand 20180216;
($calls, $wrong) = (0, 0);
my (@sessions, @indexes, $value);

sub pick { return $_[rand @_] }
sub new_value { return 'v' . ++$value }
my @keys = map { "k/$_" } qw(a a/b a/b/c a/ b b/c/ B a%20b %C3%A9 x+y q%3F);
sub some_session { return pick(@sessions[-3 .. -1], 'foo', '1' x 36) }

sub some_index
{
    return pick(0, 1, 999999) if @indexes < 4 || rand() < 0.2;
    return $indexes[-1 - rand 4];
}

sub some_op
{
    my $verb = pick(qw(set set cas lock unlock get get get-tree check-index
        check-session check-not-exists delete delete-cas delete-tree));
    my $key = pick(@keys) =~ s/%(..)/chr hex $1/ger;
    utf8::decode($key);
    my %o = (Verb => $verb, Key => $key);
    $o{Value} = encode_base64(new_value(), '') if $verb =~ /set$|^cas|lock/;
    $o{Flags} = int rand 5 if rand() < 0.3;
    $o{Index} = '{' . some_index() . '}' if $verb =~ /cas|check-index/;
    $o{Session} = some_session() if $verb =~ /lock|session/;
    return {KV => \%o};
}

sub transaction
{
    my $body = $json->encode([map { some_op() } 0 .. rand 4]);
    return (PUT => '/v1/txn', $body =~ s/"(\{\d+\})"/$1/gr);
}

# No lock delays, for they end while this goes on.
sub new_session
{
    return (PUT => '/v1/session/create', $json->encode({LockDelay => '0s',
        Name => new_value(), Behavior => pick('release', 'delete')}));
}

my @of_keys = (
    [6, sub { PUT => '/v1/kv/' . pick(@keys) . pick('', '?flags=7'),
        new_value() }],
    [4, sub { PUT => '/v1/kv/' . pick(@keys) . '?cas=' . some_index(),
        new_value() }],
    [5, sub { PUT => '/v1/kv/' . pick(@keys) . '?acquire=' . some_session(),
        new_value() }],
    [3, sub { PUT => '/v1/kv/' . pick(@keys) . '?release=' . some_session(),
        new_value() }],
    [7, sub { GET => '/v1/kv/' . pick(@keys, 'k/', 'k/a') . pick('', '',
        '?recurse', '?keys', '?keys&separator=/', '?keys&separator=b') }],
    [3, sub { DELETE => '/v1/kv/' . pick(@keys)
        . pick('', '', '?recurse', '?cas=' . some_index()) }],
    [2, \&new_session],
    [2, sub { PUT => '/v1/session/' . pick(qw(destroy renew)) . '/'
        . some_session() }],
    [1, sub { GET => '/v1/session/' . pick('list', 'info/' . some_session()) }],
    [6, \&transaction],
);

sub made_up
{
    my ($kinds, $count) = @_;
    my $all = 0;
    $all += $_->[0] for @$kinds;
    for (1 .. $count) {
        my $at = rand $all;
        my ($kind) = grep { ($at -= $_->[0]) < 0 } @$kinds;
        my ($method, $path, $body) = $kind->[1]->();
        my ($was) = ask(method => $method, path => $path, body => $body);
        push @sessions, value_of($was)->{ID}
            if $path =~ /create$/ && $was->{status} == 200;
        push @indexes, $was->{body} =~ /"ModifyIndex": *(\d+)/g;
    }
}

for (1 .. 3) {
    my ($method, $path, $body) = new_session();
    my ($was) = ask(method => $method, path => $path, body => $body);
    push @sessions, value_of($was)->{ID};
}
made_up(\@of_keys, 400);
is $wrong, 0, "$calls calls of keys, sessions and transactions";

# -- and nodes, services, checks -----------------------------------------------

($calls, $wrong) = (0, 0);
$same->{same_indexes} = 0; # where Meta is {} or null Consul has another node
my %service_of = (web => 'web', web1 => 'web', db => 'db', x => 'api');
my %tags_of = (web => ['a'], web1 => ['a', 'b'], db => ['C', 'v1'], x => []);

sub some_service
{
    my $id = pick(sort keys %service_of);
    return {ID => $id, Service => $service_of{$id}, Tags => $tags_of{$id},
        Port => int rand 9000, Address => pick('', '', '10.1.1.1'),
        Meta => pick({v => '1'}, {v => '2', q => 'z'})};
}

sub some_check
{
    return {CheckID => pick(qw(c1 c2 zz)), Name => pick('n', ''),
        Status => pick(qw(passing passing warning critical)),
        Output => new_value(),
        ServiceID => pick('', '', sort keys %service_of)};
}

sub registration
{
    my $n = 1 + int rand 3;
    my %r = (Node => "n$n", Address => "10.0.0.$n", NodeMeta => {a => "$n"});
    $r{Service} = some_service() if rand() < 0.7;
    $r{Check} = some_check() if rand() < 0.5;
    $r{SkipNodeUpdate} = JSON::PP::true if rand() < 0.1;
    return (PUT => '/v1/catalog/register', $json->encode(\%r));
}

sub removal
{
    my %r = (Node => pick(qw(n1 n2 n3)));
    $r{ServiceID} = pick(sort keys %service_of) if rand() < 0.6;
    $r{CheckID} = pick(qw(c1 c2 zz)) if rand() < 0.3;
    return (PUT => '/v1/catalog/deregister', $json->encode(\%r));
}

my @of_nodes = (
    [8, \&registration], [2, \&removal],
    [1, sub { GET => '/v1/catalog/nodes' . pick('', '?node-meta=a:1') }],
    [3, sub { GET => '/v1/catalog/service/' . pick(qw(web db api))
        . pick('', '?tag=a', '?tag=c', '?node-meta=a:2') }],
    [2, sub { GET => '/v1/catalog/node/' . pick(qw(n1 n2 n3)) }],
    [2, sub { GET => '/v1/health/node/' . pick(qw(n1 n2 n3)) }],
    [5, sub { GET => '/v1/health/service/' . pick(qw(web db api))
        . pick('', '?passing', '?tag=a', '?tag=v1&passing=1') }],
    [2, sub { GET => '/v1/health/state/' . pick(qw(passing critical)) }],
);
made_up(\@of_nodes, 300);
is $wrong, 0, "$calls calls of nodes, services and checks";
ok $_->[3], "differs: $_->[2]" for @differences;

finish();

__DATA__
# NAME=path: the id of the answer is $NAME from then on
GET nonexistent
OPTIONS kv/a
OPTIONS agent/check/pass/x
HEAD kv/a
PATCH kv/a x
POST kv/a x
GET kv/
PUT kv/ x
GET kv/?keys
GET kv/?recurse
PUT kv/a?flags=7 two
GET kv/a
GET kv/a?raw
GET kv/a?stale&consistent
GET kv/a?dc=nowhere
GET kv/a?index=x
GET kv/a?wait=1d
GET kv/a?wait=1
PUT kv/b?flags=18446744073709551615 x
GET kv/b
PUT kv/b?flags=18446744073709551616 x
PUT kv/b?cas=1e3 z
PUT kv/b?acquire=foo z
PUT kv/b?acquire= z
PUT kv/b?release=foo z
PUT kv/b?release= z
PUT kv/b?cas=1&release=y z
DELETE kv/b?recurse&cas=1
PUT kv/quote%22%5C%3C%3E%26 <html>&amp;
GET kv/quote%22%5C%3C%3E%26
GET kv//lead
GET kv/./a
PUT S1=session/create
PUT S2=session/create {"Name":"n","Behavior":"delete","LockDelay":"0s","TTL":"3600s"}
PUT session/create {"TTL":"9s"}
PUT session/create {"TTL":"1d"}
PUT session/create {"Behavior":"x"}
PUT session/create {"LockDelay":"x"}
PUT session/create {"Node":"nope"}
PUT session/create {"Checks":["nope"]}
PUT session/create {"ServiceChecks":[{"ID":"nope"}]}
PUT session/create "text"
GET session/create
GET session/info/$S1
GET session/info/foo
GET session/info/
PUT session/renew/foo
PUT kv/l?acquire=$S1 a
PUT kv/l?acquire=$S2 c
PUT kv/l plain
GET kv/l
PUT kv/l?release=$S1 e
PUT kv/l?release=$S1 f
PUT kv/l?acquire=$S2 g
PUT session/destroy/$S2
GET kv/l
GET session/node/none
PUT txn []
PUT txn {}
PUT txn [{"KV":{}}]
PUT txn [{"KV":{"Verb":"nope","Key":"t"}},{"KV":{"Verb":"get","Key":"none"}},{"KV":{"Verb":"lock","Key":"t"}}]
PUT txn [{"KV":{"Verb":"set","Key":""}},{"KV":{"Verb":"get","Key":"none"}}]
PUT txn [{"KV":{"Verb":"set","Key":"t","Value":"MQ=="}},{"KV":{"Verb":"set","Key":"t","Value":"Mg=="}},{"KV":{"Verb":"get-tree","Key":"t"}},{"KV":{"Verb":"delete","Key":"t"}}]
PUT txn [{"KV":{"Verb":"check-session","Key":"a","Session":""}}]
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Service":{"Service":"s","Tags":["t"],"Meta":{"k":"v"}}}
PUT catalog/register {"Node":"o"}
PUT catalog/register {"Address":"x"}
PUT catalog/register {"Node":5,"Address":"x"}
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Service":{"ID":"noname"}}
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Check":{"CheckID":"c","ServiceID":"nosvc"}}
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Check":{"Node":"O","CheckID":"c"}}
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Checks":[{"CheckID":"c","ServiceID":"s"},{"CheckID":"c"}],"Check":{"CheckID":"c","Status":"passing"}}
GET health/node/o
PUT catalog/register {"Node":"o","Address":"10.0.0.9","Checks":[{"CheckID":"a","ServiceID":"s"}]}
GET health/service/s
GET health/service/s?passing=x
GET health/service/S?tag=T
GET health/service/
GET health/checks/s
GET health/state/bogus
GET catalog/node/O
GET catalog/node/none
GET catalog/service/s?filter=ServicePort==0
GET catalog/service/s?filter=ServiceMeta.k==v
GET catalog/service/s?filter=ServiceEnableTagOverride==f
GET catalog/nodes?filter=Bogus==1
GET catalog/nodes?filter=Node==o
PUT catalog/deregister {}
PUT catalog/deregister {"Node":"none"}
PUT catalog/deregister {"Node":"o","ServiceID":"S"}
GET health/node/o
PUT catalog/deregister {"Node":"o"}
GET catalog/node/o
PUT agent/service/register {"Name":"web","ID":"web1","Port":80,"Tags":["a"],"Check":{"TTL":"10m"}}
PUT agent/service/register {"ID":"x"}
PUT agent/service/register {"Name":"m","Meta":{"a b":"x"}}
PUT agent/service/register {"Name":"m","Address":"::"}
PUT agent/service/register {"Name":"m","Checks":[{}]}
PUT agent/service/register {"Name":"m","Check":{"TTL":"10m","Status":"bad"}}
PUT agent/service/register {"Name":"m","Check":{"HTTP":"http://127.0.0.1:1/"}}
GET agent/services
GET agent/service/none
PUT agent/check/register {"Name":"t1","TTL":"10m","Notes":"n"}
PUT agent/check/register {"Name":"t2"}
PUT agent/check/register {"Name":"t2","TTL":"10m","ServiceID":"nosvc"}
PUT agent/check/pass/t1?note=ok
PUT agent/check/pass/none
PUT agent/check/update/t1 {"Status":"bogus"}
PUT agent/check/update/t1 {"Status":"warning","Output":"o"}
GET agent/checks
UNTIL health/node/here service:web1.*"o"
GET health/service/web
PUT agent/service/maintenance/web1?enable=true&reason=because
PUT agent/service/maintenance/none?enable=true
PUT agent/service/maintenance/web1
UNTIL health/node/here _service_maintenance:web1
GET health/service/web?passing
PUT agent/service/maintenance/web1?enable=false
PUT agent/service/deregister/web1
PUT agent/check/deregister/t1
GET agent/checks
UNTIL health/node/here ^(?!.*(?:web1|t1))
PUT event/fire/a payload
PUT event/fire/ x
PUT event/fire/a?tag=x x
GET event/list?name=none
POST query {"Name":"q"}
POST query {"Service":{"Service":"web"}}
POST Q=query {"Name":"q1","Service":{"Service":"web"},"DNS":{"TTL":"10s"}}
POST query {"Name":"Q1","Service":{"Service":"web"}}
GET query/$Q
GET query/q1/execute
GET query/none/execute
DELETE query/$Q
DELETE query/$Q
GET status/leader
GET status/peers
GET acl/list
