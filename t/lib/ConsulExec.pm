# A submitter of remote executions, step by step as Consul's own command and
# AnyEvent::Consul::Exec do it: session, job, event, then reading what appears
# below the session's prefix.
#
#   my $e = submit($reg, command => 'uptime', node => '^web');
#   $e->until_done(2);                       # two exits
#   $e->{acks}, $e->{output}{NODE}, $e->{exits}{NODE}, $e->{beats}{NODE}
#   $e->cleanup;
package ConsulExec;
use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Muster;
use MusterConsul;

our @EXPORT = qw(submit);

my $json = JSON::PP->new->canonical;

sub query
{
    my (%q) = @_;
    my @pairs = map {
        my $value = $q{$_};
        $value =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ge;
        "$_=$value";
    } sort grep { defined $q{$_} } keys %q;
    return @pairs ? '?' . join('&', @pairs) : '';
}

# submit(REGISTRY, command => TEXT | args => [] | script => TEXT, wait => S,
#        node, service, tag => REGEX, token => T, prefix => P)
sub submit
{
    my ($reg, %o) = @_;
    my $self = bless {reg => $reg, index => 0, acks => {}, exits => {},
        output => {}, beats => {}, pieces => {}, events => [], %o},
        __PACKAGE__;
    my $prefix = $o{prefix} || '_rexec';
    $self->{session} = $self->put('/v1/session/create',
        {Name => 'Remote exec', Behavior => 'delete', TTL => '15s'})
        ->{json}{ID};
    my %job = (Wait => int(($o{wait} || 2) * 1e9));
    $job{Command} = $o{command} if defined $o{command};
    $job{Args} = $o{args} if $o{args};
    $job{Script} = base64($o{script}) if defined $o{script};
    $self->{base} = "$prefix/$self->{session}";
    $self->{put} = $self->put("/v1/kv/$self->{base}/job", \%job,
        acquire => $self->{session})->{body};
    $self->{fired} = $self->put('/v1/event/fire/_rexec',
        {Prefix => $prefix, Session => $self->{session}},
        node => $o{node}, service => $o{service}, tag => $o{tag});
    return $self;
}

sub put
{
    my ($self, $path, $body, %q) = @_;
    return call($self->{reg}, 'PUT', $path . query(%q), $self->token,
        body => ref $body ? $json->encode($body) : $body);
}

sub token
{
    my ($self) = @_;
    return $self->{token}
        ? (headers => {'X-Consul-Token' => $self->{token}}) : ();
}

# One blocking look at everything, and what is new in it; and a renewal, as who
# submits keeps his session, however long it takes
sub look
{
    my ($self, $wait) = @_;
    $self->renew;
    my $a = call($self->{reg}, 'GET', "/v1/kv/$self->{base}?recurse=1&index="
        . "$self->{index}&wait=" . ($wait || '2s'), $self->token);
    my $since = $self->{index};
    $self->{index} = index_of($a);
    return $self if $a->{status} == 404;
    $self->take($_) for grep { $_->{ModifyIndex} > $since } @{$a->{json}};
    return $self;
}

sub take
{
    my ($self, $pair) = @_;
    my ($what) = $pair->{Key} =~ /^\Q$self->{base}\E\/(.*)/;
    my $value = defined $pair->{Value} ? decode_base64($pair->{Value}) : undef;
    push @{$self->{events}}, $what;
    push @{$self->{holders}}, $pair->{Session};
    if ($what =~ /^(.+)\/ack$/) {
        $self->{acks}{$1}++;
    } elsif ($what =~ /^(.+)\/exit$/) {
        $self->{exits}{$1} = $value;
    } elsif ($what =~ /^(.+)\/out\/([0-9a-f]{5})$/) {
        $self->{beats}{$1} += !defined $value;
        push @{$self->{pieces}{$1}}, hex $2;
        $self->{output}{$1} .= defined $value ? $value : '';
        push @{$self->{sizes}{$1}}, length $value if defined $value;
    } elsif ($what ne 'job') {
        push @{$self->{strange}}, $what;
    }
    return;
}

# Until so many exits are there; false: not in time
sub until_done
{
    my ($self, $exits, $seconds) = @_;
    my $end = time + deadline($seconds || 60);
    while (keys %{$self->{exits}} < $exits) {
        return 0 if time > $end;
        $self->look('1s');
    }
    return 1;
}

sub renew { return $_[0]->put("/v1/session/renew/$_[0]{session}")->{status} }

# The end, as both submitters make it; what is left of it then
sub destroy { return $_[0]->put("/v1/session/destroy/$_[0]{session}")->{body} }

sub cleanup
{
    my ($self) = @_;
    $self->destroy;
    call($self->{reg}, 'DELETE', "/v1/kv/$self->{base}?recurse=1",
        $self->token);
    return call($self->{reg}, 'GET', "/v1/kv/$self->{base}?keys",
        $self->token)->{status};
}

1;
