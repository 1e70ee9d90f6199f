# What a Prometheus with consul_sd_configs asks, by hand, of a service that
# lives by a line of netcat: the index moves when it comes and when it goes.
# (t/clients/prometheus-consul.t has the real one, where it can do that.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul('-o', 'consul.node_name=here');
my $c = caller_of($reg);
my $watch = 'stale=&wait=120000ms';

sub get
{
    my ($path) = @_;
    my $a = $c->call('GET', $path);
    is $a->{status}, 200, $path =~ s/index=\d+/index=.../r;
    like $a->{headers}{'x-consul-index'}, qr/^[1-9]\d*$/, 'with an index'
        unless $path =~ /self/;
    return $a;
}

like get('/v1/agent/self')->{json}{Config}{Datacenter}, qr/^\w+$/,
    'its datacenter is a text';
my $a = get("/v1/catalog/services?$watch");
is $a->{headers}{'x-consul-lastcontact'}, 0, 'and how old it is';
is_deeply $a->{json}, {consul => []}, 'nothing is there';

# it waits while a service comes
sub waits
{
    my ($path, $index) = @_;
    $c->ask('GET', "$path&index=$index");
    return;
}

waits("/v1/catalog/services?$watch", index_of($a));
my $svc = $reg->register("web1 service web node rack7 addr tcp!10.0.0.1!80 "
    . 'tags a,b team blue');
my $b = $c->read;
is_deeply $b->{json}, {consul => [], web => ['a', 'b']}, 'one has come';
cmp_ok index_of($b), '>', index_of($a), 'the index moved';
$a = get("/v1/health/service/web?$watch&tag=a&tag=b");
my ($entry) = @{$a->{json}};
is $entry->{Node}{Node}, 'rack7', '__meta_consul_node';
is $entry->{Node}{Address}, '10.0.0.1', '__meta_consul_address';
is $entry->{Service}{Address}, '10.0.0.1', '__address__';
is $entry->{Service}{Port}, 80, 'and its port';
is_deeply $entry->{Service}{Tags}, ['a', 'b'], '__meta_consul_tags';
is_deeply $entry->{Service}{Meta}, {team => 'blue'},
    '__meta_consul_service_metadata_team';
is $entry->{Checks}[0]{Status}, 'passing', '__meta_consul_health';

# and while it goes
waits("/v1/health/service/web?$watch", index_of($a));
$svc->close;
$b = $c->read;
is_deeply $b->{json}, [], 'it is gone with its connection';
cmp_ok index_of($b), '>', index_of($a), 'the index moved';
is_deeply get("/v1/catalog/services?$watch")->{json}, {consul => []},
    'and from the list';
finish();
