# Who is on this machine may do everything by default, and who is not, nothing:
# over an address of this machine that is no loopback, one is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Muster;
use Test::More;
use Tokens;

my $tokens = tokens_file(web => "{register: [web*], set: ['*'], find: all}");
my @open = map { ('-o', "registry.$_=0.0.0.0:0") } qw(new find event);

# Nothing is bound there that nothing guards
my ($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null', @open,
    '-o', 'registry.store=memory');
is $rc, 1, 'refused';
like $err, qr/registry\.$_: 0\.0\.0\.0:0 can be reached from other machines/,
    "and why: $_" for qw(new find event);
like $err, qr/$_/, "and what to do: $_" for qr/auth\.tokens/,
    qr/muster token create/, qr/auth\.anonymous/, qr/muster tls/;

my ($ip) = grep { !/^127\./ && /^\d+(?:\.\d+){3}$/ }
    split ' ', `hostname -I 2>/dev/null`;
my $probe = $ip && IO::Socket::INET->new(Listen => 1, LocalAddr => $ip);
if (!$probe) {
    diag 'this machine has no address but loopback';
    finish();
    exit;
}
my $reg = registry(@open, '-o', "auth.tokens=$tokens");
like join("\n", $reg->log), qr/others reach it without TLS/, 'a warning';
sub distant
{
    my ($face, $line) = @_;
    my ($port) = $reg->address($face) =~ /:(\d+)$/;
    my $c = connect_to("$ip:$port");
    $c->send("$line\n");
    $c->end;
    return $c->rest;
}
sub near
{
    my ($line) = @_;
    my ($port) = $reg->address('find') =~ /:(\d+)$/;
    my $c = connect_to("127.0.0.1:$port");
    $c->send("$line\n");
    return $c->rest;
}
my $right = qr/^error: 'no right to \w+: show a token/;
like ((distant('find', ''))[0], $right, 'find from elsewhere');
like ((distant('find', '.count 1'))[0], $right, 'not even a number');
like ((distant('new', 'web1'))[0], $right, 'register from elsewhere');
like ((distant('event', '.detail 1'))[1], $right, 'watch from elsewhere');
is_deeply [distant('find', '.token web.secret .count 1')], [0],
    'with a token';
is_deeply [near('.count 1')], [0], 'from here without';
is_deeply [near('.whoami 1')],
    ['anonymous register * set * find all watch all exec all ops * kv_write * admin on'],
    'as one who may do everything';
is_deeply [distant('find', '.whoami 1')], ['anonymous'],
    'and there as one who may nothing';

my $all = registry(@open, '-o', 'auth.anonymous=all');
($reg) = ($all);
is_deeply [distant('find', '.count 1')], [0], 'unless all may everything';
finish();
