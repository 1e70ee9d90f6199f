# What a port of TLS refuses, as testssl would look for it with openssl
# s_client; and what our own clients refuse of servers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use POSIX ();
use Test::More;

need_programs('musterd', 'muster', 't/driver/tls-pipe');
plan skip_all => 'there is no openssl'
    if system 'openssl version >/dev/null 2>&1';

# openssl s_client with these options against a port: what it says
sub s_client
{
    my ($daemon, @args) = @_;
    my ($port) = $daemon->address('find') =~ /!(\d+)$/;
    my ($rc, $out, $err) = run_program({in => "\n", seconds => 20},
        '/usr/bin/env', 'openssl', 's_client', '-connect', "127.0.0.1:$port",
        '-CAfile', certs() . '/ca.pem', @args);
    return $out . $err;
}
sub logged { my ($d, $re) = @_; return eventually { grep { /$re/ } $d->log } }

my $reg = registry({tls => 'server'});

# -- versions and ciphers
for my $case (
    ['-tls1_2', 'TLSv1.2', 1],
    ['-tls1_3', 'TLSv1.3', 1],
    ['-tls1', 'TLSv1', 0],
    ['-tls1_1', 'TLSv1.1', 0],
) {
    my ($option, $version, $good) = @$case;
    # the client itself must be willing
    my $said = s_client($reg, $option, '-cipher', 'ALL:@SECLEVEL=0');
    if ($good) {
        like $said, qr/New, \Q$version\E|Protocol *: \Q$version\E/,
            "$version is spoken";
        like $said, qr/Verification: OK|Verify return code: 0/, 'and verified';
        like $said, qr/Compression: NONE/, 'without compression';
    } else {
        like $said, qr/alert|no protocols|unsupported/i, "$version is refused";
        unlike $said, qr/New, TLS/, 'there is no session';
    }
}
ok logged($reg, qr/refused: the peer speaks only versions of TLS that are too old/),
    'and that is in the log';
like s_client($reg, '-tls1_2'), qr/Secure Renegotiation IS supported/,
    'what renegotiation there could be would be secure';
unlike s_client($reg, '-tls1_2'), qr/TLS session ticket:/, 'no ticket';
for my $weak ('AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-SHA',
    'NULL', 'DES-CBC3-SHA') {
    unlike s_client($reg, '-tls1_2', '-cipher', "$weak:\@SECLEVEL=0"),
        qr/New, TLS/, "$weak is not spoken";
}
my $new = registry({name => 'new', tls => 'server'}, '-o', 'tls.min=1.3');
unlike s_client($new, '-tls1_2'), qr/New, TLS/, 'tls.min 1.3: not 1.2';
like s_client($new), qr/New, TLSv1\.3/, 'but 1.3';
is_deeply [$new->find('')], [], 'which is what ours speaks';

# -- who dials: the server is not the one
sub refuses
{
    my ($what, $pattern, $daemon, @args) = @_;
    my ($rc, $out, $err) = muster($daemon, {env =>
        {MUSTER_TLS_CA => certs() . '/ca.pem'}}, @args, 'find');
    is $rc, 8, "$what: not found";
    like $err, $pattern, 'and why';
    like $err, qr/muster-tls\(7\)/, 'and where to read on';
}
certs_issue('other', '--dns', 'a.example,b.example', '--ip', '10.1.1.1');
my $other = registry({name => 'other', tls => 'other'});
refuses('a name of others', qr/cannot connect to tls!127\.0\.0\.1!\d+: the certificate of 127\.0\.0\.1 is for other, a\.example, b\.example, 10\.1\.1\.1, not for 127\.0\.0\.1\n/,
    $other);
is((muster($other, '-o', 'tls.name=b.example', 'find'))[0], 3,
    'with tls.name it is the one');
refuses('tls.name', qr/is for other, a\.example, b\.example, 10\.1\.1\.1, not for example/,
    $other, '-o', 'tls.name=example');
certs_issue('wild', '--dns', '*.c.example');
my $wild = registry({name => 'wild', tls => 'wild'});
is((muster($wild, '-o', 'tls.name=a.c.example', 'find'))[0], 3, 'an asterisk');
for my $name ('c.example', 'a.b.c.example', '10.0.0.1') {
    refuses($name, qr/is for wild, \*\.c\.example, not for \Q$name\E/, $wild,
        '-o', "tls.name=$name");
}

certs_issue('old', '--ip', '127.0.0.1', '--from', '2020-01-01', '--days', 1);
my $old = registry({name => 'old', tls => 'old'});
ok logged($old, qr/error .*tls\.cert: a certificate in .*old\.pem has expired: nobody accepts it/),
    'a daemon says that its certificate has expired';
refuses('expired', qr/the certificate of 127\.0\.0\.1 has expired/, $old);
certs_issue('early', '--ip', '127.0.0.1', '--from',
    POSIX::strftime('%Y-%m-%d', gmtime(time + 3 * 86400)));
refuses('early', qr/is not valid yet \(is the clock right here\?\)/,
    registry({name => 'early', tls => 'early'}));
certs_issue('client', '--client');
refuses('a client\'s', qr/is not one for servers \(extended key usage\)/,
    registry({name => 'client', tls => 'client'}));

# Of another CA, by itself, and where nobody said which
my $foreign = scratch() . '/foreign';
run_program(program('muster'), 'tls', 'init', '--dir', $foreign);
run_program(program('muster'), 'tls', 'issue', '127.0.0.1', '--dir', $foreign);
run_program(program('muster'), 'tls', 'issue', 'someone', '--dir', $foreign,
    '--client');
my $strange = registry({name => 'strange', tls => 'server'},
    '-o', "tls.cert=$foreign/127.0.0.1.pem",
    '-o', "tls.key=$foreign/127.0.0.1.key");
refuses('of another CA', qr/is not signed by a CA in \S+ca\.pem/, $strange);
ok logged($strange, qr/refused: the peer does not know the CA of our certificate/),
    'the server hears of it';
my $self = scratch() . '/self';
system "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
    . "-nodes -keyout $self.key -out $self.pem -days 9 -subj /CN=self "
    . "-addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1";
my $alone = registry({name => 'self', tls => 'server'},
    '-o', "tls.cert=$self.pem", '-o', "tls.key=$self.key");
refuses('self-signed', qr/is signed by itself, and not in \S+ca\.pem/, $alone);
is((muster($alone, {env => {MUSTER_TLS_CA => "$self.pem"}}, 'find'))[0], 3,
    'unless it is named itself');
my ($rc, $out, $err) = muster($reg, {env => {MUSTER_TLS_CA => undef}}, 'find');
like $err, qr/is not signed by a CA in this machine's store; tls\.ca is not set/,
    'no CA is named';

# -- who is dialled: a client without the right certificate
my $strict = registry({name => 'strict', tls => 'server'},
    '-o', 'tls.client=required');
($rc, $out, $err) = muster($strict, 'find');
is $rc, 8, 'no certificate of ours';
like $err, qr/it wants a certificate of ours, and we have none \(tls\.cert\)/,
    'that is said';
ok logged($strict, qr/refused: the client has shown no certificate, which tls\.client asks for \(from 127\.0\.0\.1:\d+\)/),
    'on both sides';
my $n = certs();
sub shows
{
    my ($cert, $key, @more) = @_;
    return muster($strict, {env => {MUSTER_TLS_CERT => $cert,
        MUSTER_TLS_KEY => $key}}, @more, 'find');
}
is((shows("$n/client.pem", "$n/client.key"))[0], 3, 'with one it goes');
($rc, $out, $err) = shows("$n/old.pem", "$n/old.key");
like $err, qr/it says that our certificate has expired/, 'an expired one';
ok logged($strict, qr/refused: the certificate of the client has expired/), 'does not';
($rc, $out, $err) = shows("$foreign/someone.pem", "$foreign/someone.key");
like $err, qr/it does not know the CA of our certificate/, 'nor a foreign one';
ok logged($strict, qr/refused: the certificate of the client is not signed by a CA in /),
    'told there, too';
certs_issue('onlyserver', '--ip', '127.0.0.1', '--server');
($rc, $out, $err) = shows("$n/onlyserver.pem", "$n/onlyserver.key");
like $err, qr/is that one for clients\?/, 'nor one for servers only';

# -- settings that cannot be
for my $case (
    [['tls.cert=/nowhere'], qr{tls\.cert: cannot read /nowhere: No such file}],
    [["tls.cert=$n/server.pem", 'tls.key=/nowhere'], qr{tls\.key: cannot read /nowhere}],
    [["tls.cert=$n/server.pem", "tls.key=$n/client.key"],
        qr/the key in \S+client\.key is not that of the certificate in \S+server\.pem/],
    [["tls.cert=$n/server.key"], qr/tls\.cert: no certificate in \S+server\.key/],
    [["tls.cert=$n/server.pem"], qr/tls\.key: no key in \S+server\.pem/],
    [["tls.key=$n/server.key"], qr/tls\.key is set, and tls\.cert is not/],
    [["tls.ca=$n/server.key"], qr/tls\.ca: no certificate in \S+server\.key/],
    [["tls.cert=$n/server.pem", "tls.key=$n/server.key", 'tls.client=required'],
        qr/tls\.client is set, and tls\.ca is not/],
    [['registry.find=tls!127.0.0.1!0'], qr/there is no certificate to show \(set tls\.cert/],
) {
    ($rc, $out, $err) = run_program(program('musterd'), '-c', '/dev/null',
        '-o', 'registry.store=memory', map { ('-o', $_) }
        (map { "registry.$_=127.0.0.1:0" } qw(new find event)), @{$case->[0]});
    is $rc, 1, "@{$case->[0]}";
    like $err, $case->[1], 'and why';
}
system "openssl pkcs8 -topk8 -in $n/server.key -out $self.locked "
    . "-passout pass:secret >/dev/null 2>&1";
($rc, $out, $err) = muster($reg, '-o', "tls.cert=$n/server.pem",
    '-o', "tls.key=$self.locked", 'find');
like $err, qr/it is encrypted, and nobody is asked for a pass phrase/,
    'an encrypted key';
spew("$self.open", slurp("$n/server.key"));
chmod 0644, "$self.open";
($rc, $out, $err) = muster($reg, '-o', "tls.cert=$n/server.pem",
    '-o', "tls.key=$self.open", 'find');
like $err, qr/can be read by everyone: chmod 600/, 'a key for everybody';
finish();
