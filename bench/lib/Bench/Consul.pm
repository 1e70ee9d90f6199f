# Consul's HTTP face, beside etcd's HTTP gateway and, with CONSUL=path, beside
# Consul: keys read and kept, one service's health among 10,000, blocking
# watchers. The load is wrk's, and bench/wake's.
package Bench::Consul;
use strict;
use warnings;
use utf8;

use Bench::Process;
use Bench::Report;
use Bench::Servers;
use Exporter 'import';
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 qw(encode_base64);

our @EXPORT = qw(bench_consul);

my $clients = 64;
my $keys = 1000;
my $services = 10000;
my $watchers = 1000;
my $value = 'v' x 100;

# -- servers -------------------------------------------------------------------

# Each: {pid, port, name, kind}
sub ours
{
    my ($store) = @_;
    my $m = musterd("registry.store=$store", 'registry.consul=127.0.0.1:0');
    return {%$m, port => $m->{consul}, kind => 'consul', name => 'muster'};
}

sub consul
{
    my ($program) = @_;
    my %ports = map { $_ => free_port() } qw(http server serf_lan serf_wan);
    my $dir = scratch() . '/consul';
    mkdir $dir;
    my $conf = consul_conf($program, $dir,
        ports => {%ports, dns => -1}, data_dir => $dir, server => \1,
        bootstrap_expect => 1, bind_addr => '127.0.0.1', node_name => 'bench',
        performance => {raft_multiplier => 1}, log_level => 'err');
    my $pid = spawn({label => 'consul'},
        server_core($program, 'agent', '-config-file', $conf));
    until_open($ports{http}, 'consul');
    my $s = {pid => $pid, port => $ports{http}, kind => 'consul',
        name => 'consul'};
    for (1 .. 300) {
        my $leader = eval { request($s, 'GET', '/v1/status/leader') } || '';
        return $s if $leader =~ /:/;
        select undef, undef, undef, 0.1;
    }
    die "consul has no leader\n";
}

# Its settings in a file. Later versions take 200 connections of one client, fewer
# than our watchers, unless it is set; earlier ones refuse a setting that they do
# not know.
sub consul_conf
{
    my ($program, $dir, %conf) = @_;
    my $json = JSON::PP->new;
    my $limits = {http_max_conns_per_client => 4 * $watchers};
    my $conf = write_file("$dir.json",
        $json->encode({%conf, limits => $limits}));
    run({any => 1}, $program, 'validate', $conf);
    return $conf if $? == 0;
    return write_file("$dir.json", $json->encode(\%conf));
}

sub write_file
{
    my ($path, $text) = @_;
    open my $f, '>', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";
    return $path;
}

# -- requests ------------------------------------------------------------------

sub text_of
{
    my ($method, $path, $body) = @_;
    return "$method $path HTTP/1.1\r\nHost: localhost\r\n"
        . (defined $body ? 'Content-Length: ' . length($body) . "\r\n" : '')
        . "\r\n" . (defined $body ? $body : '');
}

# One request on the server's own connection: the body of the answer
sub request
{
    my ($s, @request) = @_;
    $s->{socket} ||= IO::Socket::INET->new(PeerAddr => "127.0.0.1:$s->{port}")
        or die "$s->{name}: $!\n";
    my $c = $s->{socket};
    print $c text_of(@request);
    local $/ = "\r\n";
    my ($status) = readline($c) =~ /^HTTP\S+ (\d+)/;
    my ($length, $body) = (0, '');
    while (defined(my $line = readline $c)) {
        last if $line eq "\r\n";
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        $length = undef if $line =~ /^Transfer-Encoding: chunked/i;
    }
    if (defined $length) {
        read $c, $body, $length;
    } else {
        while ((my $n = hex readline($c) =~ s/\r\n//r)) {
            read $c, $body, $n, length $body;
            readline $c;
        }
        readline $c;
    }
    die "$s->{name}: $request[0] $request[1]: $status $body\n"
        unless $status == 200;
    return $body;
}

sub b64 { return encode_base64($_[0], '') }

sub etcd_put
{
    my ($s, %pairs) = @_;
    request($s, 'POST', '/v3/kv/txn', JSON::PP->new->encode({success => [
        map { {requestPut => {key => b64($_), value => b64($pairs{$_})}} }
            sort keys %pairs]}));
}

# Calls fn with the numbers of each hundred.
sub hundreds
{
    my ($count, $fn) = @_;
    for (my $n = 0; $n < $count; $n += 100) { $fn->($n .. $n + 99) }
}

sub service { return sprintf '{"Node":"n%d","Address":"10.0.%d.%d","Service":'
        . '{"Service":"svc%d","Port":8080,"Tags":["v1","http"]},"Check":'
        . '{"Name":"c","Status":"passing","ServiceID":"svc%d"}}',
        $_[0], $_[0] / 250, $_[0] % 250, $_[0], $_[0] }

sub prepare
{
    my ($s) = @_;
    if ($s->{kind} eq 'consul') {
        request($s, 'PUT', "/v1/kv/bench/$_", $value) for 0 .. $keys - 1;
        request($s, 'PUT', '/v1/catalog/register', service($_))
            for 0 .. $services - 1;
        return;
    }
    hundreds($keys, sub { etcd_put($s, map { ("bench/$_" => $value) } @_) });
    hundreds($services,
        sub { etcd_put($s, map { ("svc/$_/1" => service($_)) } @_) });
}

# -- loads ---------------------------------------------------------------------

# The request of a kind, in Lua.
my $lua_key = "b64('bench/' .. math.random(0, $keys - 1))";
my %lua = (
    consul => {
        get => qq{"GET", "/v1/kv/bench/" .. math.random(0, $keys - 1)},
        put => qq{"PUT", "/v1/kv/bench/" .. math.random(0, $keys - 1), nil, value},
        health => '"GET", "/v1/health/service/svc" .. math.random(0, '
            . ($services - 1) . ') .. "?passing"',
    },
    etcd => {
        get => qq("POST", "/v3/kv/range", nil, '{"key":"' .. $lua_key .. '"}'),
        put => qq("POST", "/v3/kv/put", nil, '{"key":"' .. $lua_key)
            . q( .. '","value":"' .. b64(value) .. '"}'),
        health => q{"POST", "/v3/kv/range", nil, prefix("svc/" .. }
            . 'math.random(0, ' . ($services - 1) . ') .. "/")',
    },
);

my $lua_base64 = <<'END';
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
function b64(s)
  local out = {}
  for i = 1, #s, 3 do
    local a, b, c = s:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 3, 0, -1 do
      local d = math.floor(n / 64 ^ k) % 64 + 1
      out[#out + 1] = (k == 1 and not b or k == 0 and not c) and "="
        or letters:sub(d, d)
    end
  end
  return table.concat(out)
end
function prefix(s)
  return '{"key":"' .. b64(s) .. '","range_end":"'
    .. b64(s:sub(1, -2) .. string.char(s:byte(-1) + 1)) .. '"}'
end
END

# {rate, ns} of so many seconds
sub wrk
{
    my ($s, $what, $seconds) = @_;
    my $script = write_file(scratch() . "/$s->{kind}-$what.lua",
        "local value = \"$value\"\n$lua_base64\n"
            . "function request() return wrk.format($lua{$s->{kind}}{$what})"
            . " end\n");
    my $before = cpu_ns($s->{pid});
    my $text = run({label => "wrk $what, $s->{name}"},
        load_core('wrk', '-t1', "-c$clients", "-d${seconds}s", '-s', $script,
            "http://127.0.0.1:$s->{port}"));
    die "wrk $what, $s->{name}: $text" if $text =~ /Non-2xx|Socket errors/;
    my ($rate) = $text =~ m{^Requests/sec:\s+([\d.]+)}m;
    my ($total) = $text =~ /^\s*(\d+) requests in/m;
    die "wrk $what, $s->{name}: $text" unless $rate && $total;
    return {rate => $rate, ns => (cpu_ns($s->{pid}) - $before) / $total};
}

# {all, half, us}: 1,000 who wait for one key
sub wake
{
    my ($s, $rounds) = @_;
    my @ask = $s->{kind} eq 'consul'
        ? (text_of('GET', '/v1/kv/bench/0?wait=60s&index=%s'),
        text_of('PUT', '/v1/kv/bench/0?flags=%s', $value), 'X-Consul-Index')
        : (text_of('POST', '/v3/watch',
            '{"create_request":{"key":"' . b64('bench/0') . '"}}'),
        text_of('POST', '/v3/kv/put',
            '{"key":"' . b64('bench/0') . '","value":"' . b64($value) . '"}'));
    my ($ask, $change) = map {
        write_file(scratch() . "/wake-$s->{name}-$_", $ask[$_]) } 0, 1;
    my $text = run({label => "wake, $s->{name}", env => {LOAD_PID => $s->{pid}}},
        load_core(program('bench/wake'), $s->{port}, $watchers, $rounds, $ask,
            $change, $ask[2] || ()));
    my %r;
    @r{qw(all half us)} = split ' ', $text;
    die "wake: $text" unless $r{us};
    return \%r;
}

sub resident_mib
{
    my ($s) = @_;
    my ($kb) = slurp("/proc/$s->{pid}/status") =~ /^VmRSS:\s+(\d+)/m;
    return {rate => $kb / 1024};
}

# -- all of it -----------------------------------------------------------------

sub bench_consul
{
    my ($o) = @_;
    my $m = ours('sqlite:' . scratch() . '/consul.db');
    my @peers = ({%{etcd()}, kind => 'etcd'});
    push @peers, consul($ENV{CONSUL}) if $ENV{CONSUL};
    prepare($_) for $m, @peers;
    my ($seconds, %f) = (int(3 * $o->{scale}) || 1);    # as wrk takes them
    section("Consul's HTTP, $clients connections of wrk (a second)");
    for my $run (1 .. $o->{rounds}) {
        for my $what (qw(get put health)) {
            for my $s ($m, @peers) {
                settle($m, @peers);
                push @{$f{$what}{$s->{name}}}, wrk($s, $what, $seconds);
            }
        }
        for my $s ($m, @peers) {
            settle($m, @peers);
            push @{$f{wake}{$s->{name}}}, wake($s, 5);
            push @{$f{memory}{$s->{name}}}, resident_mib($s);
        }
    }
    my %name = (get => 'a key of 1,000', put => 'a key put and kept',
        health => 'health of one service of 10,000');
    for my $p (@peers) {
        my ($real, $beside) = ($p->{kind} eq 'consul', $p->{name});
        my %bar = $real ? (get => 3, put => 5, health => 3) : ();
        versus("$name{$_}; $beside", $f{$_}{muster}, $f{$_}{$beside}, $bar{$_})
            for qw(get put health);
        versus("$watchers watchers woken, the last after; $beside",
            $f{wake}{muster}, $f{wake}{$beside}, $real ? 0.2 : undef,
            {key => 'all', unit => 'ms', less => 1});
        versus("resident memory; $beside", $f{memory}{muster},
            $f{memory}{$beside}, $real ? 0.1 : undef,
            {unit => 'MiB', less => 1});
    }
    note('no Consul was measured: CONSUL=path names one') unless $ENV{CONSUL};
    stop($_->{pid}) for $m, @peers;
}

1;
