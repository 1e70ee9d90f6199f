# The real ones, where they are installed: promtool reads what each daemon
# tells, and a Prometheus scrapes it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterHttp;
use Prometheus;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');
my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
plan skip_all => 'no promtool here (Debian: prometheus)' unless $promtool;

my $reg = registry('-o', 'registry.admin=127.0.0.1:0');
my %daemon = (
    musterd => $reg,
    dispatch => dispatcher($reg, '-o', 'dispatcher.admin=127.0.0.1:0'),
    worker => worker($reg, 'w1', '-o', 'worker.admin=127.0.0.1:0'),
);
my $svc = $reg->register('a x y');
for my $name (sort keys %daemon) {
    my ($rc, $out, $err) = run_program({
        in => http($daemon{$name}, 'GET', '/metrics')->{body}},
        $promtool, 'check', 'metrics');
    is "$rc $out$err", '0 ', "promtool has nothing to say of $name";
}

SKIP: {
    skip Prometheus::why(), 3 unless Prometheus::installed();
    my $targets = join ', ', map { "'" . $_->address('admin') . "'" }
        values %daemon;
    my $prometheus = Prometheus->new(<<"END");
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: muster
    static_configs: [{targets: [$targets]}]
END
    my $asked = sub {
        my ($query) = @_;
        my $got = $prometheus->get("/api/v1/query?query=$query");
        return join ' ', sort map { $_->{value}[1] } @{$got->{data}{result}};
    };
    ok((eventually { $asked->('up') eq '1 1 1' }), 'it scrapes all three');
    is $asked->('muster_services'), 3, 'and knows how many services there are';
    $svc->close;
    ok((eventually { $asked->('muster_services') eq '2' }),
        'and sees them go');
    $prometheus->stop;
}
finish();
