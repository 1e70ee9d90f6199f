# Consul's own client library in Go, by the one program of Debian's that is built
# with it and needs nothing else: crypt puts and gets keys.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $crypt = '/usr/bin/crypt-xordataexchange';
plan skip_all => 'golang-github-xordataexchange-crypt is not installed'
    unless -x $crypt;
delete @ENV{grep { /^CONSUL_HTTP/ } keys %ENV};

my $reg = consul();
my @to = ('-plaintext', '-backend', 'consul', '-endpoint',
    $reg->address('consul'));
my $file = spew(scratch() . '/value', "one\ntwo\n");
my ($rc, $out, $err) = run_program($crypt, 'set', @to, 'go/key', $file);
is $rc, 0, 'a key is put' or diag $err;
is kv_get($reg, 'go/key')->{Value}, "one\ntwo\n", 'it is there';
kv_put($reg, 'go/other', 'three');
($rc, $out, $err) = run_program($crypt, 'get', @to, 'go/other');
is $rc, 0, 'a key is read' or diag $err;
like $out, qr/^three\s*\z/, 'as it is';
($rc, $out, $err) = run_program($crypt, 'get', @to, 'go/none');
isnt $rc, 0, 'there is no other';
finish();
