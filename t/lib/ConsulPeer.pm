# Consul's own command line, the real one, on a registry's Consul face.
#
#   my ($rc, $out, $err) = consul_says($reg, 'kv', 'get', 'a');
#   my $p = consul_begin($reg, 'watch', ...);   # as ConsulCli's begin
#   my $p = consul_begin($reg, {env => {}, in => TEXT}, 'exec', '-');
package ConsulPeer;
use strict;
use warnings;

use ConsulCli ();
use Exporter 'import';
use Muster;
use Peers;

our @EXPORT = qw(consul_says consul_begin need_consul);

my $consul;

# Skips the whole script where it is not; before all else.
sub need_consul
{
    $consul = need_peer('consul', 'usr/bin/consul');
    delete @ENV{grep { /^CONSUL_/ } keys %ENV};
    return;
}

sub environment
{
    my ($reg, $options) = @_;
    return (CONSUL_HTTP_ADDR => $reg->address('consul'),
        %{$options->{env} || {}});
}

sub consul_says
{
    my ($reg, @args) = @_;
    my $o = ref $args[0] eq 'HASH' ? shift @args : {};
    return run_program({%$o, env => {environment($reg, $o)}}, $consul, @args);
}

sub consul_begin
{
    my ($reg, @args) = @_;
    my $o = ref $args[0] eq 'HASH' ? shift @args : {};
    my @command = ($consul, @args);
    @command = ('/bin/sh', '-c', 'in=$1; shift; exec "$@" <"$in"', 'sh',
        spew(scratch() . '/in-' . ++(our $inputs), $o->{in}), @command)
        if defined $o->{in};
    return ConsulCli->spawn({environment($reg, $o)}, @command);
}

1;
