# A fleet behind the HTTP face: workers with the operations that EXEd knows,
# made of small executables of the test's own, and requests to it.
#
#   my $f = fleet();                    # {reg, d, workers}; two hosts
#   my $a = ask($f, 'GET', '/ping?target=karazhan.0ops.io');
#   $a->{status}; $a->{json};           # and head, headers, body
#   my $a = ask($f, 'POST', '/ping', {targets => [...]});
#   my $job = job($f, $jid);            # once it has ended
#   my $s = stream($f, "/jobs/$jid/events");
#   $s->{status}; $s->chunk;            # the next one; '' at the end
package MusterExed;
use strict;
use warnings;

use Exporter 'import';
use JSON::PP;
use Muster;
use MusterHttp;
use MusterWorker;

our @EXPORT = qw(fleet ask job post_job fleet_hosts stream stream_lines);

my @hosts = ('karazhan.0ops.io', 'molten-core.0ops.io');
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub fleet_hosts { return @hosts }

# What the operations do is for the tests to see: a line of what was asked in
# the host's own file DIR/OP.asked
my %shell = (
    facter => ["doc 'facts'", <<'END'],
printf 'result {"kernel":"Linux","os":{"family":"Debian"},"host":"%s"}\n' \
    "$MUSTER_HOST" >&3
END
    service => ["args name,state,graceful? doc 'services'", <<'END'],
echo "$MUSTER_HOST $MUSTER_ARG_name $MUSTER_ARG_state $MUSTER_ARG_graceful" \
    >> ASKED/service
[ "$MUSTER_ARG_name" != broken ] || { echo 'no such unit' >&2; exit 5; }
echo 'state changed' >&3
END
    deploy => ["args role,partial?,extra_vars? doc 'roles'", <<'END'],
echo "$MUSTER_HOST $MUSTER_ARG_role $MUSTER_ARG_partial" \
    "$MUSTER_ARG_extra_vars" >> ASKED/deploy
echo 'progress 50 half' >&3
echo 'result {"name":"install","state":0}' >&3
while [ -e ASKED/hold ]; do sleep 0.05; done
echo 'result {"name":"configure","state":4}' >&3
echo 'state changed' >&3
END
    release => ["args appname,apptype,revision?,rollback?,extra_opts? "
        . "types common:common_release,something_else:yet_another_release",
        <<'END'],
echo "$MUSTER_HOST $MUSTER_ARG_appname $MUSTER_ARG_apptype" \
    "$MUSTER_ARG_revision $MUSTER_ARG_rollback $MUSTER_ARG_extra_opts" \
    >> ASKED/release
while [ -e ASKED/hold ]; do sleep 0.05; done
printf 'result {"revision":"abc","state":4}\nstate changed\n' >&3
END
);

# fleet([{dispatcher => [SETTING...], worker => [...], hosts => [...]}])
sub fleet
{
    my ($o) = @_;
    my $dir = scratch() . '/fleet' . ++(our $n);
    mkdir $dir;
    for my $op (keys %shell) {
        my ($about, $text) = @{$shell{$op}};
        $text =~ s/ASKED/$dir/g;
        write_plugin("$dir/plugins", $op, $about, $text);
    }
    my $reg = $o->{registry} || registry();
    my @names = @{$o->{hosts} || \@hosts};
    my %workers = map {
        ($_ => worker($reg, $_, '-o', "worker.plugins=$dir/plugins",
            '-o', 'worker.slots=8', '-o', 'worker.attrs.role=web',
            map { ('-o', $_) } @{$o->{worker} || []}))
    } @names;
    my $d = dispatcher($reg, map { ('-o', $_) } @{$o->{dispatcher} || []});
    my $f = {reg => $reg, d => $d, workers => \%workers, dir => $dir};
    eventually { $d->knows(scalar @names) } or die 'the fleet is not complete'
        unless $o->{unready};
    return $f;
}

# ask(FLEET, METHOD, PATH, [BODY,] [HEADERS]): BODY a structure, or text
sub ask
{
    my ($f, $method, $path, $body, %headers) = @_;
    $body = $json->encode($body) if ref $body;
    my $a = http($f->{d}, $method, $path, face => 'http',
        headers => {
            defined $body ? ('Content-Type' => 'application/json') : (),
            %headers,
        },
        defined $body ? (body => $body) : ());
    $a->{json} = eval { $json->decode($a->{body}) }
        if ($a->{headers}{'content-type'} || '') eq 'application/json';
    return $a;
}

# The id of a job that is to be: dies unless it is created
sub post_job
{
    my ($f, $path, $body, %headers) = @_;
    my $a = ask($f, 'POST', $path, $body, %headers);
    die "POST $path: $a->{head}\n$a->{body}" unless $a->{status} == 201;
    return $a->{json}{jid};
}

# A job with its outputs, once it has ended
sub job
{
    my ($f, $jid) = @_;
    eventually { ask($f, 'GET', "/jobs/$jid")->{json}{state} != 1 } 120
        or die "$jid does not end";
    return ask($f, 'GET', "/jobs/$jid?outputs=1")->{json};
}

# A request whose answer comes in chunks
sub stream
{
    my ($f, $path, %headers) = @_;
    my $c = $f->{d}->dial('http');
    $c->send(request('GET', $path, headers => \%headers));
    my @head;
    while (defined(my $line = $c->line)) {
        $line =~ s/\r$//;
        last if $line eq '';
        push @head, $line;
    }
    my ($status) = ($head[0] || '') =~ m{^HTTP/1.1 (\d+)};
    return bless {conn => $c, status => $status, head => join("\n", @head)},
        'MusterExed::Stream';
}

# The values of a stream of JSON, one in each line
sub stream_lines
{
    my ($text) = @_;
    return map { $json->decode($_) } grep { length } split /\n/, $text;
}

package MusterExed::Stream;
use strict;
use warnings;

# The next chunk; '' at the end, undef if none comes or it is cut off
sub chunk
{
    my ($self, $seconds) = @_;
    my $size = $self->{conn}->line($seconds);
    return undef unless defined $size && $size =~ /^([0-9a-f]+)\r?$/;
    my $bytes = hex $1;
    my $text = $bytes ? $self->{conn}->take($bytes) : '';
    $self->{conn}->line;
    return $text;
}

# The value of the next chunk that is one
sub value
{
    my ($self, $seconds) = @_;
    my $text;
    1 while defined($text = $self->chunk($seconds)) && $text eq "\n";
    return defined $text && $text ne '' ? $json->decode($text) : $text;
}

sub close { return $_[0]{conn}->close }

1;
