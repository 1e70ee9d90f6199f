# Questions of DNS, made and read by hand: what a musterd answers, over UDP or
# TCP.
#
#   my $dns = Dns->new($reg);            # a registry with registry.dns
#   my $a = $dns->ask('web.service.consul', 'SRV', edns => 1232, tcp => 1);
#   $a->{rcode}, $a->{tc}, $a->{aa};
#   $a->{answer}, {authority}, {additional}: lists of "NAME TTL TYPE DATA"
package Dns;
use strict;
use warnings;

use IO::Select;
use IO::Socket::IP;
use Muster ();
use Socket qw(inet_ntop AF_INET AF_INET6);

my %TYPE = (A => 1, NS => 2, CNAME => 5, SOA => 6, PTR => 12, MX => 15,
    TXT => 16, AAAA => 28, SRV => 33, OPT => 41, AXFR => 252, ANY => 255);
my %NAME = reverse %TYPE;
my @RCODE = qw(NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED);

sub new
{
    my ($class, $reg) = @_;
    return bless {reg => $reg}, $class;
}

sub address { return $_[0]{reg}->address('dns') }

# A question; id, class and edns (the size) may be given.
sub question
{
    my ($self, $name, $type, %o) = @_;
    $self->{id} = defined $o{id} ? $o{id} : int rand 65536;
    my $labels = join '', map { pack 'C/a', $_ } split /\./, $name;
    my $q = pack 'nnnnnn', $self->{id}, 0x0100, 1, 0, 0, $o{edns} ? 1 : 0;
    $q .= $labels . "\0" . pack 'nn', $TYPE{$type} || $type, $o{class} || 1;
    $q .= "\0" . pack 'nnNn', 41, $o{edns}, 0, 0 if $o{edns};
    return $q;
}

sub ask
{
    my ($self, $name, $type, %o) = @_;
    my $q = $self->question($name, $type, %o);
    my $bytes = $o{tcp} ? $self->by_tcp($q) : $self->by_udp($q);
    return unless defined $bytes;
    my $a = answer($bytes);
    die "an answer to another question" if $a->{id} != $self->{id};
    return $a;
}

# Just the records of an answer, sorted
sub records
{
    my ($self, @question) = @_;
    my $a = $self->ask(@question) or return 'no answer';
    return $a->{rcode} if $a->{rcode} ne 'NOERROR';
    return join "\n", sort @{$a->{answer}};
}

# The bytes of an answer, or undef at the deadline
sub by_udp
{
    my ($self, $bytes, $seconds) = @_;
    my ($host, $port) = $self->address =~ /^\[?(.*?)\]?:(\d+)$/;
    my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
        Type => Socket::SOCK_DGRAM()) or die "udp: $!";
    $s->send($bytes);
    return unless IO::Select->new($s)->can_read(
        defined $seconds ? $seconds : Muster::deadline(60));
    $s->recv(my $answer, 65535);
    return $answer;
}

sub by_tcp
{
    my ($self, $bytes) = @_;
    my $c = $self->{reg}->dial('dns');
    $c->send(pack 'n/a', $bytes);
    return message($c);
}

# The next message of a connection
sub message
{
    my ($c) = @_;
    return $c->take(unpack 'n', $c->take(2));
}

# -- reading -------------------------------------------------------------------

# A name at an offset of the message, and where it ends
sub name_at
{
    my ($bytes, $at) = @_;
    my ($end, @labels);
    for (my $steps = 0; $steps < 200; $steps++) {
        my $n = ord substr $bytes, $at, 1;
        if ($n >= 192) {
            $end = $at + 2 unless defined $end;
            $at = unpack('n', substr $bytes, $at, 2) & 0x3fff;
            next;
        }
        $at++;
        last if !$n;
        push @labels, substr $bytes, $at, $n;
        $at += $n;
    }
    return (join('.', @labels), defined $end ? $end : $at);
}

sub data_at
{
    my ($bytes, $type, $at, $length) = @_;
    my $data = substr $bytes, $at, $length;
    return inet_ntop(AF_INET, $data) if $type eq 'A';
    return inet_ntop(AF_INET6, $data) if $type eq 'AAAA';
    return (name_at($bytes, $at))[0] if $type =~ /^(?:NS|CNAME|PTR)$/;
    return join ' ', unpack('nnn', $data), (name_at($bytes, $at + 6))[0]
        if $type eq 'SRV';
    return join ' ', unpack '(C/a)*', $data if $type eq 'TXT';
    return unpack 'H*', $data if $type ne 'SOA';
    my ($server, $next) = name_at($bytes, $at);
    (my $mailbox, $next) = name_at($bytes, $next);
    return "$server $mailbox " . join ' ', unpack 'N5', substr $bytes, $next;
}

sub answer
{
    my ($bytes) = @_;
    my ($id, $flags, @counts) = unpack 'n6', $bytes;
    my $a = {id => $id, rcode => $RCODE[$flags & 15] || $flags & 15,
        aa => $flags >> 10 & 1, tc => $flags >> 9 & 1, qr => $flags >> 15,
        ra => $flags >> 7 & 1, size => length $bytes};
    my $at = 12;
    for (1 .. shift @counts) {
        ($a->{name}, $at) = name_at($bytes, $at);
        $at += 4;
    }
    for my $section (qw(answer authority additional)) {
        $a->{$section} = [];
        for (1 .. shift @counts) {
            (my $name, $at) = name_at($bytes, $at);
            my ($type, $class, $ttl, $length) = unpack 'nnNn',
                substr $bytes, $at;
            $type = $NAME{$type} || $type;
            $at += 10;
            if ($type eq 'OPT') {
                $a->{edns} = $class;
            } else {
                push @{$a->{$section}}, "$name $ttl $type "
                    . data_at($bytes, $type, $at, $length);
            }
            $at += $length;
        }
    }
    die "bytes behind the answer" if $at != length $bytes;
    return $a;
}

1;
