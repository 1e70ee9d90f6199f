# New certificates while clients talk: taken at SIGHUP and when the files
# change; bad ones are not, and the old go on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy ();
use Muster;
use MusterTLS;
use POSIX ();
use Test::More;

need_programs('musterd', 'muster', 't/driver/tls-pipe');
plan skip_all => 'there is no openssl'
    if system 'openssl version >/dev/null 2>&1';

my $dir = scratch();
my ($cert, $key) = ("$dir/live.pem", "$dir/live.key");
my $days = 100;

# A certificate for the daemon, valid for another number of days each time;
# renamed into place as tools do it.
sub issue
{
    my ($name, @more) = @_;
    certs_issue($name, '--ip', '127.0.0.1', @more);
    return certs() . "/$name";
}
sub install
{
    my ($from, $to) = @_;
    File::Copy::copy($from, "$to.new") or die "$from: $!";
    chmod 0600, "$to.new";
    rename "$to.new", $to or die "$to: $!";
}
sub put { my ($base) = @_; install("$base.key", $key); install("$base.pem", $cert) }

put(issue('first'));
my $reg = registry({tls => 'server'}, '-o', "tls.cert=$cert",
    '-o', "tls.key=$key", '-o', 'tls.check=100ms', '-o', 'registry.admin=127.0.0.1:0');
sub logged { my ($re) = @_; return eventually { grep { /$re/ } $reg->log } }
# Who is served on a new connection: the subject's name
sub shown
{
    my ($port) = $reg->address('find') =~ /!(\d+)$/;
    my $text = `openssl s_client -connect 127.0.0.1:$port </dev/null 2>/dev/null`;
    return $text =~ /subject=CN = (\S+)/ ? $1 : $text;
}
sub metric
{
    my ($name) = @_;
    my $address = $reg->address('admin') or return;
    my $c = connect_to($address);
    $c->send("GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    my ($value) = grep { /^\Q$name\E / } $c->rest;
    return defined $value ? (split ' ', $value)[1] : undef;
}

# Traffic that goes on all the time: a registration, and queries on one line
my $held = $reg->register('a kind web');
my $asks = $reg->dial('find');
my $asked = 0;
sub traffic
{
    $held->send("n '$_[0]'\n");
    like $held->line, qr/^ok \d+$/, "$_[0]: the registration goes on";
    $asks->send(".keep 1 .names 1\n");
    is_deeply [$asks->until(qr/^\.end/)]->[0], 'a', 'and so do queries';
    is_deeply [$reg->find('kind web .names 1')], ['a'], 'and new connections';
}
traffic('at first');
is shown(), 'first', 'the first certificate';

# A file changes
put(issue('second'));
ok logged(qr/the certificates of tls\.\* were read again/), 'it is read again';
ok eventually { shown() eq 'second' }, 'the second is shown';
traffic('after a change');

# Bad ones: the old goes on, and it is told
sub complaints
{
    my ($pattern) = @_;
    return grep { /error .*$pattern.*; the certificates that were read before stay in use/ }
        $reg->log;
}
# (between a key and its certificate, which are not put there in one step, they
# may have been looked at before)
sub bad
{
    my ($what, $pattern, $put) = @_;
    my $before = complaints($pattern);
    $put->();
    ok eventually { complaints($pattern) > $before }, "$what is refused";
    is shown(), 'second', 'the old is shown';
    traffic($what);
    ok eventually { metric('muster_tls_reload_failed') == 1 },
        'a metric says so' if defined metric('muster_tls_reload_failed');
}
my $third = issue('third');
bad('a certificate without its key', 'is not that of the certificate',
    sub { install("$third.pem", $cert) });
install(issue('third') . '.key', $key);
ok eventually { shown() eq 'third' }, 'when the key comes it is taken';
put(certs() . '/second');
ok eventually { shown() eq 'second' }, 'and back';
my $expired = issue('expired', '--from', '2020-01-01', '--days', 1);
bad('an expired one', 'has expired', sub { put($expired) });
bad('garbage', 'no certificate in', sub { spew($cert, "nothing\n") });
bad('none', 'cannot read .*: No such file', sub { unlink $cert });
my $future = issue('future', '--from',
    POSIX::strftime('%Y-%m-%d', gmtime(time + 3 * 86400)));
bad('one of later', 'is not valid yet', sub { put($future) });

# SIGHUP does it, too
my $before = complaints('is not valid yet');
$reg->signal('HUP');
ok eventually { complaints('is not valid yet') > $before }, 'SIGHUP reads them';
is shown(), 'second', 'and the bad one is not taken';
put(issue('fourth'));
ok eventually { shown() eq 'fourth' }, 'a good one is';
ok eventually { metric('muster_tls_reload_failed') == 0 },
    'and the metric is back' if defined metric('muster_tls_reload_failed');
traffic('at the end');
my $until = metric('muster_tls_certificate_end_timestamp_seconds{file="cert"}');
cmp_ok $until, '>', time + 300 * 86400, 'until when is a metric'
    if defined $until;

# Two weeks before the end the log says so
put(issue('short', '--days', 13));
ok logged(qr/warn .*tls\.cert: a certificate in \S+live\.pem expires in 1[23] days/),
    'one that ends soon is told';

# What is asked of clients changes with the settings
my $conf = spew("$dir/reload.yaml", "tls:\n  client: off\n");
my $strict = registry({tls => 'server', name => 'strict',
    conf => "tls.client: 'off'\n"});
is_deeply [$strict->find('')], [], 'no certificate is asked for';
spew($strict->{conf}, "tls.client: required\n");
$strict->signal('HUP');
ok eventually { grep { /tls\.client is now required/ } $strict->log }, 'now it is';
my $c = $strict->dial('find');
my ($rc, $said) = $c->pipe_end;
isnt $rc, 0, 'who has none is refused';
issue('someone');
$c = $strict->dial('find', cert => 'someone');
$c->send("\n");
is_deeply [$c->rest], [], 'who has one is served';

# libmuster looks at its files before each connection: a worker comes back with
# a new certificate without being told of it
my ($wcert, $wkey) = ("$dir/worker.pem", "$dir/worker.key");
sub put_worker
{
    my $base = issue($_[0]);
    install("$base.key", $wkey);
    install("$base.pem", $wcert);
}
SKIP: {
    skip 'muster-worker is not built', 2 unless have_program('muster-worker');
    put_worker('before');
    my $mutual = registry({tls => 'server', name => 'mutual'}, '-d',
        '-o', 'tls.client=required');
    my $worker = worker($mutual, 'w1', {tls => 'server', unregistered => 1},
        '-o', "tls.cert=$wcert", '-o', "tls.key=$wkey", '-o', 'tls.check=0');
    my $knows = sub { my ($who) = @_; eventually {
        grep { /new#\d+: TLSv1\.3 with .*, who is $who/ } $mutual->log } };
    ok $knows->('before'), 'a worker registers with its certificate';
    put_worker('after');
    $mutual->kill;
    $mutual->restart;
    ok $knows->('after'), 'and again, when the registry is back, with the new';
}
finish();
