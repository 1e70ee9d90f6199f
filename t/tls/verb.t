# muster tls: what it makes, into which files, and what it refuses.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('muster');
my $dir = scratch() . '/deep/tls';
sub tls { return run_program(program('muster'), 'tls', @_, '--dir', $dir) }
sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }

my ($rc, $out, $err) = tls('issue', 'web1');
is $rc, 1, 'no CA yet';
like $err, qr/cannot read .*ca\.pem: No such file.*\n.*muster tls init/,
    'said, and what to do';

($rc, $out, $err) = tls('init', '--name', 'our CA');
is "$rc|$err", '0|', 'init';
like $out, qr/^# made the CA our CA, until \d{4}-\d\d-\d\dT.*^tls:\n  ca: \S+\/ca\.pem$/ms,
    'says what goes into muster.yaml';
is mode("$dir/ca.key"), '600', 'the key is its owner\'s';
is mode("$dir/ca.pem"), '644', 'the certificate is for all';
my $key = slurp("$dir/ca.key");
($rc, $out, $err) = tls('init');
is $rc, 1, 'a second time';
like $err, qr/it is there already \(--force replaces it\)/, 'is refused';
is slurp("$dir/ca.key"), $key, 'and nothing was touched';

($rc, $out) = tls('issue', 'web1', '--ip', '10.0.0.7,::1', '--dns', 'www',
    '--dns', 'a.example.com,*.b.example.com', '--json');
is $rc, 0, 'issue';
my $made = JSON::PP::decode_json($out);
is_deeply [@$made{qw(dns ip server client)}],
    [['web1', 'www', 'a.example.com', '*.b.example.com'],
        ['10.0.0.7', '::1'], JSON::PP::true, JSON::PP::true],
    'with names and addresses';
like $made->{serial}, qr/^[0-9A-F]{20,40}$/, 'a long serial number';
is mode($made->{key}), '600', 'its key, too, is its owner\'s';
is_deeply [grep { !/^(?:ca|web1)\.(?:pem|key)$/ }
    map { s/.*\///r } glob "$dir/*"], [], 'and nothing else is there';

# Of two files the one that is there is in the way, and neither changes
unlink $made->{key};
($rc) = tls('issue', 'web1');
is $rc, 1, 'half of a pair is in the way';
ok !-e $made->{key}, 'and the other is not made';
($rc) = tls('issue', 'web1', '--force');
is $rc, 0, '--force replaces';
ok -e $made->{key}, 'both';

my ($other) = tls('issue', 'web2', '--json');
($rc, $out) = tls('issue', 'web3', '--json');
isnt JSON::PP::decode_json($out)->{serial}, $made->{serial},
    'no two serial numbers are the same';

# Wrong requests
for my $case (
    [['issue'], qr/NAME is missing/],
    [['issue', 'a/b'], qr/cannot be a name/],
    [['issue', '../x'], qr/cannot be a name/],
    [['issue', '.x'], qr/cannot be a name/],
    [['issue', 'ca'], qr/cannot be a name/],
    [['issue', 'x' x 65], qr/cannot be a name/],
    [['issue', 'two words'], qr/nobody could dial it/],
    [['issue', 'x', '--ip', '10.0.0.256'], qr/'10\.0\.0\.256' is no address/],
    [['issue', 'x', '--dns', 'a,b c'], qr/'b c' is no name/],
    [['issue', 'x', '--dns', 'a,,b'], qr/'' is no name/],
    [['issue', 'x', '--dns', 'a.*.b'], qr/'a\.\*\.b' is no name/],
    [['issue', 'x', '--days', '0'], qr/--days is from 1/],
    [['issue', 'x', '--from', 'soon'], qr/--from soon is no date/],
    [['init', 'x'], qr/one word too many/],
    [['make'], qr/there is no such thing/],
) {
    ($rc, $out, $err) = tls(@{$case->[0]});
    is $rc, 2, "@{$case->[0]}";
    like $err, $case->[1], 'and why';
}
is_deeply [glob "$dir/*XXXX* $dir/x.*"], [], 'nothing is left of them';

# A key that is not the CA's, a file that is none
spew("$dir/ca.key", slurp("$dir/web1.key"));
($rc, $out, $err) = tls('issue', 'y');
is $rc, 1, 'another key';
like $err, qr/the key of the CA is not that of its certificate/, 'is seen';
spew("$dir/ca.pem", slurp("$dir/web1.pem"));
($rc, $out, $err) = tls('issue', 'y');
like $err, qr/is not one of a CA/, 'and a certificate that is no CA\'s';
spew("$dir/ca.pem", "nothing\n");
($rc, $out, $err) = tls('issue', 'y');
is $rc, 1, 'and no certificate';

# What others make of them
SKIP: {
    skip 'there is no openssl', 4 if system 'openssl version >/dev/null 2>&1';
    $dir = scratch() . '/second';
    tls('init');
    tls('issue', 'host', '--server');
    tls('issue', 'someone', '--client');
    my $text = `openssl x509 -in $dir/host.pem -noout -text`;
    like $text, qr/TLS Web Server Authentication\n.*DNS:host/s, 'a server';
    unlike $text, qr/TLS Web Client/, 'and no client';
    $text = `openssl x509 -in $dir/someone.pem -noout -text`;
    like $text, qr/TLS Web Client Authentication/, 'a client';
    is `openssl verify -x509_strict -CAfile $dir/ca.pem $dir/host.pem`,
        "$dir/host.pem: OK\n", 'openssl takes it strictly';
}
finish();
