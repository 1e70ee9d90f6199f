# Checks by HTTPS of a server whose CA the system does not know: tls.ca says
# whom else to trust, beside the system's.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy ();
use JSON::PP;
use Muster;
use MusterConsul;
use MusterTLS;
use Test::More;

my $ca = scratch() . '/ca.pem';
my $ours = certs() . '/ca.pem';
my $other = scratch() . '/other';
my ($rc) = run_program(program('muster'), 'tls', 'init', '--dir', $other,
    '--name', 'another CA');
is $rc, 0, 'there is another CA';

# renamed into place, as tools do it
sub install
{
    my ($from) = @_;
    File::Copy::copy($from, "$ca.new") or die "$from: $!";
    rename "$ca.new", $ca or die "$ca: $!";
}

my $secure = registry({tls => 1}, tls_options('server'),
    '-o', 'registry.admin=tls!127.0.0.1!0');
my $url = 'https://' . $secure->address('admin') =~ s/^tls!//r =~ s/!/:/r
    . '/health';

sub watched
{
    my ($reg) = @_;
    my $a = call($reg, PUT => '/v1/agent/check/register', body => encode_json(
            {Name => 'tls', Interval => '1s', HTTP => $url}));
    is $a->{status}, 200, 'a check by HTTPS';
}

sub becomes
{
    my ($reg, $status, $output, $why) = @_;
    my $c;
    eventually {
        $c = call($reg, GET => '/v1/agent/checks')->{json}{tls};
        $c && $c->{Status} eq $status && $c->{Output} =~ $output;
    };
    is $c->{Status}, $status, $why;
    like $c->{Output}, $output, "$why: what it says";
}

install("$other/ca.pem");
my $reg = consul('-o', "tls.ca=$ca");
watched($reg);
becomes($reg, 'critical',
    qr/not signed by a CA in \Q$ca\E or this machine's store/,
    'neither tls.ca nor the system has its CA');
install($ours);
becomes($reg, 'passing', qr/200 OK/, 'tls.ca has it: read when it changed');
install(Muster::spew(scratch() . '/none', "nothing\n"));
ok((eventually { grep { /checks of https: tls\.ca: no cert/ } $reg->log }),
    'the file becomes no good: the log says so');
becomes($reg, 'passing', qr/200 OK/, 'and what was read before goes on');
$reg->stop;

install("$other/ca.pem");
$reg = consul({env => {SSL_CERT_FILE => $ours}}, '-o', "tls.ca=$ca");
watched($reg);
becomes($reg, 'passing', qr/200 OK/, 'those of the system are taken as well');

finish();
