# Prometheus discovers, by its consul_sd_configs, what netcat registers: scrapes
# it while its connection is open, and lets go of it when that is closed. Debian
# 12 builds its own without these, 11 did not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use MusterTLS;
use Peers;
use Prometheus;
use Test::More;

need_programs('musterd');
my $program = need_peer('prometheus', 'usr/bin/prometheus');
my ($nc) = grep { -x } map { "$_/nc" } split /:/, $ENV{PATH};
plan skip_all => 'there is no nc here (Debian: netcat-openbsd)' unless $nc;

my $reg = consul('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'consul.node_name=here');
my $server = $reg->address('consul');

# another, over TLS and with ACLs
my $master = 'd' x 32;
my $file = spew(scratch() . '/master', "$master\n");
chmod 0600, $file;
my $strict = consul(tls_options('server'), '-o', 'consul.node_name=strict',
    '-o', 'registry.consul=tls!127.0.0.1!0',
    '-o', 'consul.acl_default_policy=deny',
    '-o', "consul.acl_master_token=$file");
my $secure = $strict->address('consul') =~ s/^tls!//r =~ s/!/:/r;
my $ca = certs() . '/ca.pem';

my $sd = "refresh_interval: 1s, server: '$server'";
my $prometheus = Prometheus->new(<<"END", $program);
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: found
    consul_sd_configs: [{services: [web], $sd}]
    relabel_configs:
      - {source_labels: [__meta_consul_service_id], target_label: id}
  - {job_name: all, consul_sd_configs: [{allow_stale: false, $sd}]}
  - {job_name: tagged, consul_sd_configs: [{tags: [b, a], $sd}]}
  - {job_name: racked, consul_sd_configs: [{node_meta: {rack: r7}, $sd}]}
  - job_name: secure
    consul_sd_configs:
      - {refresh_interval: 1s, server: '$secure', scheme: https,
         token: $master, tls_config: {ca_file: '$ca'}}
END

# A connection of netcat's, until away()
sub netcat
{
    my ($line) = @_;
    my ($host, $port) = $reg->address('new') =~ /^(.*):(\d+)$/;
    my $pid = open my $to, '|-', $nc, $host, $port or die "nc: $!";
    syswrite $to, "$line\n";
    return [$pid, $to];
}

sub away
{
    my ($pid, $to) = @{$_[0]};
    kill 'TERM', $pid;
    close $to;
    return;
}

# What a job has, by the ids of the services: labels, and health
sub targets
{
    my ($job) = @_;
    my $got = $prometheus->get('/api/v1/targets?state=active')->{data};
    return {map { $_->{discoveredLabels}{__meta_consul_service_id} => $_ }
        grep { $_->{scrapePool} eq $job } @{$got->{activeTargets} || []}};
}

# It tells what it discovered every five seconds
sub has
{
    my ($job, $ids, $why) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok((eventually { join(' ', sort keys %{targets($job)}) eq $ids } 60), $why)
        or diag join(' ', %{targets($job)}),
        slurp("$prometheus->{dir}/log");
    return;
}

# what it finds there is the registry's own admin face
my $dial = $reg->address('admin') =~ s/^(.*):(\d+)$/tcp!$1!$2/r;
my $one = netcat("web1 service web node rack7 addr $dial tags a,b team blue");
my $two = netcat("web2 service web addr tcp!127.0.0.1!1 status critical");
my $other = netcat('db1 service db addr tcp!127.0.0.1!2 tags b');
call($reg, PUT => '/v1/catalog/register', body => encode_json({Node => 'n7',
    Address => '127.0.0.7', NodeMeta => {rack => 'r7'},
    Service => {Service => 'cache', ID => 'cache1', Port => 1}}));
has('found', 'web1 web2', 'it finds both');
my $labels = targets('found')->{web1}{discoveredLabels};
is $labels->{__address__}, $reg->address('admin'), 'at their addresses';
is $labels->{__meta_consul_tags}, ',a,b,', 'with their tags';
is $labels->{__meta_consul_node}, 'rack7', 'their nodes';
is $labels->{__meta_consul_service_metadata_team}, 'blue', 'their meta';
is $labels->{__meta_consul_dc}, 'dc1', 'and the datacenter';
is targets('found')->{web2}{discoveredLabels}{__meta_consul_health},
    'critical', 'and how they are';
has('all', 'cache1 consul db1 web1 web2', 'all that is there');
has('tagged', 'web1', 'what has two tags');
has('racked', 'cache1', 'what is on nodes with a meta');
is targets('racked')->{cache1}{discoveredLabels}{__address__}, '127.0.0.7:1',
    'with the address of its node';
has('secure', 'consul', 'and what is told over TLS, with a token');
ok((eventually { targets('found')->{web1}{health} eq 'up' } 60),
    'it scrapes one');

my $three = netcat("web3 service web addr $dial tags a,b");
away($one);
has('found', 'web2 web3', 'one has come, and one whose connection closed gone');
has('tagged', 'web3', 'so it is by tags');
away($_) for $two, $three;
has('found', '', 'none is left');
$prometheus->stop;
away($other);
finish();
