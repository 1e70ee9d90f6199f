# The real ones, where they are installed: promtool reads what each daemon
# tells, and a Prometheus scrapes it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');
my ($promtool, $prometheus) = map {
    my $name = $_;
    (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
} qw(promtool prometheus);
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
    skip 'no prometheus here', 3 unless $prometheus;
    my $probe = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
        Listen => 1);
    my $port = $probe->sockport;
    close $probe;
    my $targets = join ', ', map { "'" . $_->address('admin') . "'" }
        values %daemon;
    my $conf = spew(scratch() . '/prometheus.yml', <<"END");
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: muster
    static_configs: [{targets: [$targets]}]
END
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDOUT, '>', scratch() . '/prometheus.log';
        open STDERR, '>&', \*STDOUT;
        exec $prometheus, "--config.file=$conf",
            '--storage.tsdb.path=' . scratch() . '/tsdb',
            "--web.listen-address=127.0.0.1:$port" or POSIX::_exit(127);
    }
    my $asked = sub {
        my ($query) = @_;
        my $c = eval { connect_to("127.0.0.1:$port") } or return '';
        $c->send(request('GET', "/api/v1/query?query=$query",
            headers => {Connection => 'close'}));
        my $answer = eval { answer($c) } or return '';
        my $json = eval { decode_json($answer->{body}) } or return '';
        return join ' ', sort map { $_->{value}[1] } @{$json->{data}{result}};
    };
    ok((eventually { $asked->('up') eq '1 1 1' } 30), 'it scrapes all three');
    is $asked->('muster_services'), 3, 'and knows how many services there are';
    $svc->close;
    ok((eventually { $asked->('muster_services') eq '2' } 30),
        'and sees them go');
    kill 'TERM', $pid;
    waitpid $pid, 0;
}
finish();
