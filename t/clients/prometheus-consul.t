# Prometheus discovers, by its consul_sd_configs, what netcat registers: scrapes
# it while its connection is open, and lets go of it when that is closed. Debian
# 12 builds its own without these: put another one first into PATH.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Prometheus;
use Test::More;

need_programs('musterd');
plan skip_all => Prometheus::why() unless Prometheus::installed();
plan skip_all => 'this prometheus is built without consul_sd_configs, as '
    . "Debian's is" unless Prometheus::knows(<<'END');
scrape_configs:
  - {job_name: any, consul_sd_configs: [{server: '127.0.0.1:8500'}]}
END
my ($nc) = grep { -x } map { "$_/nc" } split /:/, $ENV{PATH};
plan skip_all => 'there is no nc here (Debian: netcat-openbsd)' unless $nc;

my $reg = consul('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'consul.node_name=here');
my $server = $reg->address('consul');
my $prometheus = Prometheus->new(<<"END");
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: found
    consul_sd_configs:
      - {server: '$server', services: [web], refresh_interval: 1s}
    relabel_configs:
      - {source_labels: [__meta_consul_service_id], target_label: id}
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

sub targets
{
    my $got = $prometheus->get('/api/v1/targets?state=active')->{data};
    return {map { $_->{discoveredLabels}{__meta_consul_service_id} => $_ }
        @{$got->{activeTargets} || []}};
}

# what it finds there is the registry's own admin face
my $dial = $reg->address('admin') =~ s/^(.*):(\d+)$/tcp!$1!$2/r;
my $one = netcat("web1 service web node rack7 addr $dial tags a,b team blue");
my $two = netcat("web2 service web addr tcp!127.0.0.1!1 status critical");
my $other = netcat('db1 service db addr tcp!127.0.0.1!1');
ok((eventually { keys %{targets()} == 2 } 30), 'it finds both')
    or diag slurp("$prometheus->{dir}/log");
my $target = targets()->{web1};
my $labels = $target->{discoveredLabels};
is $labels->{__address__}, $reg->address('admin'), 'at their addresses';
is $labels->{__meta_consul_tags}, ',a,b,', 'with their tags';
is $labels->{__meta_consul_node}, 'rack7', 'their nodes';
is $labels->{__meta_consul_service_metadata_team}, 'blue', 'their meta';
is $labels->{__meta_consul_dc}, 'dc1', 'and the datacenter';
is targets()->{web2}{discoveredLabels}{__meta_consul_health}, 'critical',
    'and how they are';
ok((eventually { targets()->{web1}{health} eq 'up' } 30), 'it scrapes one');

my $three = netcat("web3 service web addr $dial");
ok((eventually { targets()->{web3} } 30), 'it notices one that comes');
away($one);
ok((eventually { !targets()->{web1} } 30), 'and one whose connection is gone');
away($_) for $two, $three;
ok((eventually { !%{targets()} } 30), 'and that none is left');
$prometheus->stop;
away($other);
finish();
