# Clients that contend for one lock over HTTP, all at once, while the world
# around them goes wrong. Each does what Consul's guides say, and writes down
# what it was told:
#
#   session --> acquire --true--> work, guarded --> release --> look …
#                 ^  \--false--> wait for the key to change --'
#                 '---------- lost: another session ----------'
#
# The work is some transactions that check that the session holds the lock, and
# write in the same change. Each that was done says who was in the lock, and
# when: the index of the change, and the lock's LockIndex, which grows by every
# acquisition. wrong() looks at all of them.
package Lockers;
use strict;
use warnings;

use IO::Select;
use List::Util qw(min shuffle);
use JSON::PP ();
use Muster;
use MusterConsul;
use MusterHttp ();
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8;

sub new
{
    my ($class, %o) = @_;
    my $self = bless {
        lock => 'the/lock', work => 3, abandons => 8, %o,
        done => [], acquired => 0, lost => 0, ended => 0, gone => 0,
    }, $class;
    $self->{clients} = [map { {n => $_, next => 'session'} } 1 .. $o{count}];
    return $self;
}

# -- one client's steps: what it asks, and what it makes of the answer ---------

sub ask_session
{
    my ($self, $k) = @_;
    # some die without a word: those must not stay for long
    return ['PUT', '/v1/session/create', body => $json->encode({
        Name => "locker $k->{n}", TTL => $self->{ttl}, LockDelay =>
        $k->{n} % 3 ? '0s' : '20ms', Checks => [],
        Behavior => $k->{n} % 4 ? 'release' : 'delete'})];
}

sub told_session
{
    my ($self, $k, $a) = @_;
    $k->{session} = $a->{json}{ID};
    return 'acquire';
}

sub ask_acquire
{
    my ($self, $k) = @_;
    return ['PUT', "/v1/kv/$self->{lock}?acquire=$k->{session}",
        body => $k->{n}];
}

sub told_acquire
{
    my ($self, $k, $a) = @_;
    return 'session' if $a->{status} == 500; # it has ended meanwhile
    return 'look' if $a->{body} ne 'true';
    $self->{acquired}++;
    $k->{left} = $self->{work};
    return 'work';
}

sub ask_look
{
    my ($self, $k) = @_;
    return ['GET', "/v1/kv/$self->{lock}"];
}

sub told_look
{
    my ($self, $k, $a) = @_;
    return 'acquire' if $a->{status} == 404 || !$a->{json}[0]{Session};
    $k->{index} = $a->{headers}{'x-consul-index'};
    return 'wait';
}

# A lock delay ends without a change: nobody waits for long
sub ask_wait
{
    my ($self, $k) = @_;
    return ['GET', "/v1/kv/$self->{lock}?index=$k->{index}&wait=200ms"];
}

sub told_wait { return 'acquire' }

sub ask_work
{
    my ($self, $k) = @_;
    return ['PUT', '/v1/txn', body => $json->encode([
        {KV => {Verb => 'check-session', Key => $self->{lock},
            Session => $k->{session}}},
        {KV => {Verb => 'set', Key => 'the/work',
            Value => base64($k->{n})}}])];
}

sub told_work
{
    my ($self, $k, $a) = @_;
    return 'verify' if $a->{status} == 409; # it was taken away: never go on
    my ($lock, $work) = map { $_->{KV} } @{$a->{json}{Results}};
    push @{$self->{done}}, [$work->{ModifyIndex}, $lock->{LockIndex},
        $k->{session}, $lock->{CreateIndex}];
    return 'work' if --$k->{left} > 0;
    return 'release' if rand($self->{abandons}) > 1;
    $k->{turns}++;
    $self->{gone}++; # its client has died; the lock is free when it ends
    return 'session';
}

sub ask_release
{
    my ($self, $k) = @_;
    return ['PUT', "/v1/kv/$self->{lock}?release=$k->{session}", body => ''];
}

# others first: whoever was just told that the lock is free
sub told_release
{
    my ($self, $k, $a) = @_;
    return 'verify' if $a->{body} ne 'true';
    $k->{turns}++;
    return 'look';
}

# Only who is no more can lose it
sub ask_verify
{
    my ($self, $k) = @_;
    return ['GET', "/v1/session/info/$k->{session}"];
}

sub told_verify
{
    my ($self, $k, $a) = @_;
    push @{$self->{odd}}, "$k->{session} lives, and its lock was taken away"
        if @{$a->{json}};
    $self->{lost}++;
    return 'session';
}

# -- all of them ---------------------------------------------------------------

# A whole answer from what has come, or undef
sub take_answer
{
    my ($k) = @_;
    my $conn = $k->{conn};
    return undef unless $conn->{in} =~ /\A(.*?\r\n)\r\n/s;
    my $head = length($1) + 2;
    my ($length) = $1 =~ /^content-length: (\d+)\r$/im;
    return undef if length $conn->{in} < $head + ($length || 0);
    my $a = MusterHttp::answer($conn);
    $a->{json} = $json->decode($a->{body})
        if ($a->{headers}{'content-type'} || '') eq 'application/json' &&
        $a->{body} !~ /^(?:true|false)$/;
    return $a;
}

# What was asked is not known to have happened: it finds out with a session
# that is certainly alive.
sub hang_up
{
    my ($k) = @_;
    $k->{conn}->close if $k->{conn};
    delete @$k{qw(conn asked)};
    $k->{next} = 'session';
    return;
}

sub begin
{
    my ($self, $k) = @_;
    $k->{conn} ||= eval { $self->{reg}->dial('consul') } or return;
    my $ask = "ask_$k->{next}";
    $k->{asked} = $k->{conn}->send(MusterHttp::request(@{$self->$ask($k)}))
        or hang_up($k);
    return;
}

sub advance
{
    my ($self, $k) = @_;
    my $alive = $k->{conn}->fill(time);
    if (my $a = take_answer($k)) {
        my $told = "told_$k->{next}";
        $k->{asked} = 0;
        if ($a->{body} =~ /is going down/) {
            hang_up($k);
        } else {
            push @{$self->{odd}}, "$k->{next}: $a->{head}\n$a->{body}"
                unless $a->{status} =~ /^(?:200|404|409)$/ ||
                ($a->{status} == 500 && $k->{next} eq 'acquire');
            $k->{next} = $self->$told($k, $a);
        }
    } elsif (!$alive) {
        hang_up($k);
    }
    return;
}

# They go on for so long
sub run
{
    my ($self, $seconds) = @_;
    my $end = time + $seconds;
    while (time < $end) {
        $self->step;
    }
    return;
}

sub step
{
    my ($self) = @_;
    my %of;
    for my $k (shuffle @{$self->{clients}}) {
        next if $self->{last_turn} && $k->{turns} && !$k->{asked};
        $self->begin($k) unless $k->{asked};
        $of{fileno $k->{conn}{socket}} = $k if $k->{conn};
    }
    my $select = IO::Select->new(map { $_->{conn}{socket} } values %of);
    my @ready = $select->can_read(0.05);
    $self->advance($of{fileno $_}) for @ready;
    select undef, undef, undef, 0.01 unless %of;
    return;
}

# Ends the session of whoever has the lock, or of anybody
sub destroy_one
{
    my ($self) = @_;
    my $pair = eval { kv_get($self->{reg}, $self->{lock}) };
    my $id = $pair && $pair->{Session} && rand > 0.3 ? $pair->{Session}
        : $self->{clients}[rand @{$self->{clients}}]{session};
    return unless $id;
    eval { call($self->{reg}, 'PUT', "/v1/session/destroy/$id") } or return;
    return $self->{ended}++;
}

# From here on each of them stops when it has had a turn
sub last_turn
{
    my ($self) = @_;
    $self->{last_turn} = 1;
    # and nobody dies: only who was left to expire before is waited for
    @$self{qw(work abandons ttl)} = (1, 1e9, '600s');
    $_->{turns} = 0 for @{$self->{clients}};
    return;
}

# The least number of turns that any of them has had
sub least
{
    my ($self) = @_;
    return min map { $_->{turns} || 0 } @{$self->{clients}};
}

# All that is wrong with what they were told. A key that was deleted and made
# anew begins a new row of LockIndexes; CreateIndex tells them apart.
sub wrong
{
    my ($self) = @_;
    my (@wrong, %holder);
    my ($made, $lock) = (0, 0);
    for (sort { $a->[0] <=> $b->[0] } @{$self->{done}}) {
        my ($index, $fence, $session, $created) = @$_;
        my $term = "$created/$fence";
        push @wrong, "$term: held by $session and $holder{$term}"
            if ($holder{$term} ||= $session) ne $session;
        push @wrong, "$index: $term after $made/$lock"
            if $created < $made || ($created == $made && $fence < $lock);
        ($made, $lock) = ($created, $fence);
    }
    return (@wrong, @{$self->{odd} || []});
}

1;
