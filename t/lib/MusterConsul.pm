# The Consul face, for tests: a registry that has one, and calls to it.
#
#   use MusterConsul;
#   my $reg = consul('-o', 'consul.compat=0.7');
#   my $a = call($reg, 'PUT', '/v1/kv/a', body => 'x');  # on a connection of
#   $a->{status}, $a->{headers}, $a->{body}, $a->{json}  # its own
#   my $c = caller_of($reg);            # one that stays
#   $c->call('GET', '/v1/kv/a');
#   $c->ask('GET', '/v1/kv/a?index=7'); # no wait for the answer:
#   $c->silent; $c->read;
#   $c->hold('GET', '/v1/kv/a?index=7'); # as ask, and the daemon has read it
package MusterConsul;
use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Muster;
use MusterHttp qw(request answer);

our @EXPORT = qw(consul call caller_of kv_put kv_get index_of session
    base64);

my $json = JSON::PP->new->utf8->allow_nonref;

# A registry with a Consul face; arguments as registry() takes them
sub consul
{
    my @args = @_;
    my $options = ref $args[0] eq 'HASH' ? shift @args : {};
    return registry($options, '-o', 'registry.consul=127.0.0.1:0', @args);
}

# One call on a connection of its own
sub call
{
    my ($reg, @request) = @_;
    my $c = caller_of($reg);
    my $a = $c->call(@request);
    $c->{conn}->close;
    return $a;
}

sub caller_of
{
    my ($reg) = @_;
    return bless {conn => $reg->dial('consul'), reg => $reg},
        'MusterConsul::Caller';
}

# The index an answer came with
sub index_of { return $_[0]{headers}{'x-consul-index'} }

sub base64
{
    my ($bytes) = @_;
    require MIME::Base64;
    return MIME::Base64::encode_base64($bytes, '');
}

# The body of a PUT of a key; query as ?...
sub kv_put
{
    my ($reg, $key, $value, $query) = @_;
    my $a = call($reg, 'PUT', "/v1/kv/$key" . ($query || ''), body => $value);
    return $a->{body};
}

# The first pair of a key, its value decoded; undef where there is none
sub kv_get
{
    my ($reg, $key) = @_;
    my $a = call($reg, 'GET', "/v1/kv/$key");
    return undef if $a->{status} == 404;
    die "GET $key: $a->{head}\n$a->{body}" unless $a->{status} == 200;
    my $pair = $a->{json}[0];
    require MIME::Base64;
    $pair->{Value} = MIME::Base64::decode_base64($pair->{Value})
        if defined $pair->{Value};
    return $pair;
}

# A new session's id; fields as of the body
sub session
{
    my ($reg, %fields) = @_;
    my $a = call($reg, 'PUT', '/v1/session/create',
        body => $json->encode(\%fields));
    die "session: $a->{head}\n$a->{body}" unless $a->{status} == 200;
    return $a->{json}{ID};
}

package MusterConsul::Caller;
use strict;
use warnings;

sub ask
{
    my ($self, $method, $path, %o) = @_;
    $self->{method} = $method;
    $self->{conn}->send(MusterHttp::request($method, $path, %o));
    return $self;
}

# Asks, and returns when the daemon has read it: what is changed from here on
# finds the reader waiting. The daemon has one loop, which first accepts this
# connection and in a later turn reads it; calls that were sent after it, on a
# connection of their own, are answered no sooner.
sub hold
{
    my ($self, @request) = @_;
    $self->ask(@request);
    my $other = MusterConsul::caller_of($self->{reg});
    $other->call('GET', '/v1/status/leader') for 1 .. 3;
    $other->close;
    return $self;
}

# The next answer; undef if the connection ends instead
sub read
{
    my ($self) = @_;
    my $a = MusterHttp::answer($self->{conn}, $self->{method}) or return undef;
    $a->{json} = $json->decode($a->{body})
        if ($a->{headers}{'content-type'} || '') eq 'application/json'
            && !$a->{headers}{'content-encoding'};
    return $a;
}

sub call
{
    my ($self, @request) = @_;
    return $self->ask(@request)->read;
}

sub close { return $_[0]{conn}->close }

1;
