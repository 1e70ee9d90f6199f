# One registry, two ways to see it: what a line on port new registers is a
# service of Consul's catalog, and what is registered over HTTP is found on port
# find and told on port event; and so is what becomes of either.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul('-o', 'consul.node_name=here', '-o', 'consul.advertise=10.0.0.1:8300');
my $c = caller_of($reg);
my $encode = JSON::PP->new->utf8->canonical;

sub get { return $c->call('GET', "/v1/$_[0]")->{json} }
sub put { return $c->call('PUT', "/v1/$_[0]", body => $encode->encode($_[1])) }

sub ok_put
{
    my ($path, $body, $what) = @_;
    my $a = put($path, $body);
    is "$a->{status} $a->{body}", '200 true', $what;
    return;
}

# A reader of port event that tells of everything
sub events
{
    my $w = $reg->dial('event');
    $w->line;
    $w->send("service * .detail 1\n");
    $w->line;
    return $w;
}

# One that waits for the answer to PATH to be another
sub waits
{
    my ($path) = @_;
    my $index = index_of($c->call('GET', "/v1/$path"));
    my $w = caller_of($reg);
    return $w->hold('GET', "/v1/$path" . ($path =~ /\?/ ? '&' : '?')
        . "index=$index&wait=60s");
}

sub checks_of { return map { "$_->{CheckID} $_->{Status}" } @{$_[0]{Checks}} }

is_deeply get('catalog/services'), {consul => []}, 'it begins with itself';
is_deeply [map { $_->{Node} } @{get('catalog/nodes')}], ['here'], 'on its node';
is get('catalog/service/consul')->[0]{ServicePort}, 8300, 'where it is';

# -- a line of netcat -----------------------------------------------------------

my $gone = waits('health/service/web');
my $web = $reg->register(
    'web1 service web id w1 addr tcp!10.1.2.3!8080 tags primary,v1 zone eu');
my $a = $gone->read;
is $a->{json}[0]{Service}{ID}, 'w1', 'who waits for it is told that it came';
my ($row) = @{get('catalog/service/web')};
is_deeply {map { $_ => $row->{$_} } qw(Node Address ServiceID ServiceName
    ServiceTags ServiceAddress ServicePort ServiceMeta)},
    {Node => 'here', Address => '10.0.0.1', ServiceID => 'w1',
        ServiceName => 'web', ServiceTags => ['primary', 'v1'],
        ServiceAddress => '10.1.2.3', ServicePort => 8080,
        ServiceMeta => {zone => 'eu'}},
    'a line is a service: its node, address, port, tags and meta';
is_deeply get('catalog/services'), {consul => [], web => ['primary', 'v1']},
    'with its tags among the names';
is get('catalog/node/here')->{Services}{w1}{Port}, 8080, 'on its node';
is_deeply [map { checks_of($_) } @{get('health/service/web')}],
    ['serfHealth passing'], 'with the check of its node';

# another node, and what a name says
my $far = $reg->register('tcp!10.9.9.9!styx node attic role plan9');
($row) = @{get('catalog/service/styx')};
is "$row->{Node} $row->{Address} $row->{ServiceAddress}", 'attic 10.9.9.9 10.9.9.9',
    'a node that only a line names is one, where its service is';
is_deeply [map { $_->{Node} } @{get('catalog/nodes')}], ['attic', 'here'],
    'in order';
is_deeply [map { "$_->{CheckID} $_->{Status}" } @{get('health/node/ATTIC')}],
    ['serfHealth passing'], 'it answers for itself, in whatever case';

# it changes
my $waits = waits('health/service/web');
$web->send("tags v2 zone us\n");
$web->line;
is_deeply $waits->read->{json}[0]{Service}{Tags}, ['v2'], 'a change is told';
is_deeply [map { $_->{ServiceMeta}{zone} } @{get('catalog/service/web?tag=V2')}],
    ['us'], 'tags are found in any case';
is_deeply get('catalog/service/web?tag=v2&tag=v1'), [], 'all of them';

# the connection ends
$waits = waits('health/service/web');
my $nodes = waits('catalog/nodes');
$web->close;
is_deeply $waits->read->{json}, [], 'and that it went, with its connection';
$far->close;
is_deeply [map { $_->{Node} } @{$nodes->read->{json}}], ['here'],
    'a node goes with the last of its services';
is_deeply get('catalog/services'), {consul => []}, 'nothing is left';

# a ttl that is over: nothing is said before, and nothing is waited for but it
my $short = $reg->register('short .ttl 1 persist 1');
$waits = waits('health/service/short');
$short->close;
is_deeply $waits->read->{json}, [], 'so does a ttl that is over';

# -- what a service says of its state -----------------------------------------

my $nc = $reg->register('nc status warning');
is_deeply [map { checks_of($_) } @{get('health/service/nc')}],
    ['serfHealth passing', 'service:nc warning'], 'its word is a check';
is_deeply get('health/service/nc?passing'), [], 'that counts';
$waits = waits('health/service/nc?passing');
$nc->send("status passing\n");
$nc->line;
is scalar @{$waits->read->{json}}, 1, 'and its change is told';
is_deeply [map { $_->{ServiceID} } @{get('health/state/passing')}], ['', 'nc'],
    'among those in its state';

# -- over HTTP ------------------------------------------------------------------

my $w = events();
ok_put('catalog/register', {Node => 'ext', Address => '127.0.0.9',
    Service => {Service => 'db', ID => 'db1', Tags => ['a', 'b,c'], Port => 5432,
        Address => '10.0.0.7', Meta => {zone => 'eu', node => 'n'}},
    Check => {Name => 'alive', Status => 'passing', ServiceID => 'db1'}},
    'a service over HTTP');
($row) = $reg->find('service db');
is $row, 'db1@ext service db node ext id db1 tags a,b\,c addr'
    . ' tcp!10.0.0.7!5432 meta.node n zone eu persist 1 status passing',
    'is found on port find';
like $w->line, qr/^\+ \d+ db1\@ext service db .* status passing$/,
    'and told on port event, whole and once';
is_deeply [$reg->find('service db tags~ b status passing .names 1')], ['db1@ext'],
    'by its attributes';

# a check fails: the same on both sides
$waits = waits('health/service/db?passing');
ok_put('catalog/register', {Node => 'ext', Address => '127.0.0.9',
    Check => {Name => 'alive', Status => 'critical', ServiceID => 'db1'}},
    'its check fails');
is_deeply $waits->read->{json}, [], 'who waits for what passes is told';
like $w->line, qr/^= \d+ db1\@ext .* status critical$/, 'so is port event';
is_deeply [$reg->find('service db status passing')], [], 'so is port find';
is_deeply [map { $_->{CheckID} } @{get('health/state/critical')}], ['alive'],
    'it is the one that is critical';

# an update, and an end
ok_put('catalog/register', {Node => 'ext', Address => '127.0.0.9',
    Service => {Service => 'db', ID => 'db1', Port => 5433}}, 'another port');
like $w->line, qr/^= \d+ db1\@ext .*\bport 5433\b/, 'is told as a change';
is_deeply [map { "$_->{ServicePort} @{$_->{ServiceTags}}" }
    @{get('catalog/service/db')}], ['5433 '], 'and is what there is';
ok_put('catalog/deregister', {Node => 'ext', ServiceID => 'db1'}, 'it goes');
like $w->line, qr/^- \d+ db1\@ext/, 'which is told';
is_deeply get('health/node/ext'), [], 'its checks are gone';
is get('catalog/node/ext')->{Node}{Address}, '127.0.0.9', 'its node is not';
ok_put('catalog/deregister', {Node => 'EXT'}, 'until it goes, too');
is_deeply get('catalog/node/ext'), undef, 'it has';

# -- one service, both ways ---------------------------------------------------

ok_put('catalog/register', {Node => 'here', Address => 'x',
    Service => {Service => 'nc', Tags => ['t'], Meta => {k => 'v'}}},
    'what a connection registered is changed over HTTP');
is_deeply [$reg->find('k v')], ['nc status passing tags t k v'],
    'and stays that connection\'s';
ok_put('catalog/register', {Node => 'here', Address => 'x',
    Check => {CheckID => 'c', Status => 'critical', ServiceID => 'nc'}},
    'it gets a check');
is_deeply [$reg->find('k v')], ['nc status critical tags t k v'],
    'which is its status now';
is_deeply [map { checks_of($_) } @{get('health/service/nc')}],
    ['serfHealth passing', 'c critical'], 'on both sides';
$waits = waits('health/state/critical');
$nc->close;
is_deeply $waits->read->{json}, [], 'and both go with the connection';
is_deeply get('health/node/here')->[1], undef, 'nothing is left over';

finish();
