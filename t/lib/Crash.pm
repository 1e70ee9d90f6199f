# Writers and readers of a registry that is killed again and again, and what
# must be true afterwards:
#
#   - what was acknowledged is there, and so is what any reader was told;
#   - what was refused is not;
#   - of what was neither, each writer's changes are there up to one of them;
#   - revisions only grow; no reader misses a change or is told one twice; one
#     that asks for what followed a revision of before the crash is told so.
#
#   my $crash = Crash->new(registry => $reg, ahead => 40);
#   $crash->round for 1 .. 200;
#   is_deeply [$crash->wrong], [], '...';
package Crash;
use strict;
use warnings;

use IO::Select;
use List::Util qw(max);
use Muster;
use Time::HiRes qw(time sleep);

my $writers = 4;
my $names = 6;     # of each writer

# Options: registry (a Muster::Daemon that was started), ahead (lines a writer
# sends before it has the answers; 1: it waits for each), life (seconds at
# most), may_fail (changes may be refused as not kept), during (called while it
# runs), before (called before it is started again), gently (it is told to end,
# and is not killed).
sub new
{
    my ($class, %o) = @_;
    my $self = bless {life => 0.05, ahead => 40, %o, round => 0, top => 0,
        wrong => [], acked => 0, refused => 0, told => 0, resumed => 0},
        $class;
    $self->{writer} = [map { {id => $_, state => {}, value => 0} }
        1 .. $writers];
    return $self;
}

sub wrong { return @{$_[0]{wrong}} }

sub complain
{
    my ($self, @text) = @_;
    push @{$self->{wrong}}, "round $self->{round}: @text";
    return;
}

# -- writers ------------------------------------------------------------------

# A line that changes one of the writer's services, or is refused; what it
# makes of the state.
sub next_op
{
    my ($w) = @_;
    my $state = $w->{planned};
    my $name = "w$w->{id}-" . int rand $names;
    my $value = ++$w->{value};
    my $there = exists $state->{$name};
    my $kind = rand;
    my %op = (name => $name, number => $value, was => $state->{$name});
    if ($kind < 0.1) {
        %op = (%op, refuse => 1, line => $there
            ? ".new $name v refused persist 1" : ".of $name v refused");
    } elsif (!$there) {
        %op = (%op, set => $value,
            line => ".new $name persist 1 v $value");
    } elsif ($kind < 0.7) {
        %op = (%op, set => $value, line => ".of $name v $value");
    } else {
        %op = (%op, line => ".remove $name");
    }
    apply_op($state, \%op);
    return \%op;
}

sub apply_op
{
    my ($state, $op) = @_;
    return if $op->{refuse};
    if (defined $op->{set}) { $state->{$op->{name}} = $op->{set} }
    else { delete $state->{$op->{name}} }
    return;
}

sub write_ops
{
    my ($self, $w) = @_;
    my $text = '';
    while (@{$w->{ops}} < $self->{ahead}) {
        my $op = next_op($w);
        push @{$w->{ops}}, $op;
        push @{$w->{sent}}, $op;
        $text .= "$op->{line}\n";
    }
    syswrite $w->{conn}{socket}, $text if length $text;
    return;
}

# An answer to its oldest line
sub writer_line
{
    my ($self, $w, $line) = @_;
    my $op = shift @{$w->{ops}}
        or return $self->complain("an answer to nothing: $line");
    if ($line =~ /^ok (\d+)$/) {
        $op->{rev} = $1;
        $self->complain("$op->{line} was not refused") if $op->{refuse};
        $self->complain("revision $1 after $w->{rev}") if $1 <= $w->{rev};
        $w->{rev} = $1;
        $self->{acked}++;
    } elsif ($line =~ /^error: /) {
        $self->{refused}++;
        if (!$op->{refuse} && !($self->{may_fail} && $line =~ /not kept/)) {
            $self->complain("$op->{line}: $line");
        }
        # what was planned on it did not come to be
        $op->{refuse} = 1;
        $w->{planned} = {%{$w->{state}}};
        apply_op($w->{planned}, $_) for grep { !$_->{refuse} } @{$w->{ops}};
    } else {
        $self->complain("$op->{line}: $line");
    }
    $op->{answered} = 1;
    apply_op($w->{state}, $op);
    return;
}

sub writer_start
{
    my ($self, $w) = @_;
    $w->{conn} = $self->{registry}->dial('new');
    $w->{ops} = [];
    $w->{sent} = [];
    $w->{planned} = {%{$w->{state}}};
    my $hold = {name => "hold$w->{id}", refuse => 0, number => 0,
        line => "hold$w->{id} v 0 .ack 1", volatile => 1};
    $w->{conn}->send("$hold->{line}\n");
    my $line = $w->{conn}->line;
    if (defined $line && $line =~ /^ok (\d+)$/) { $w->{rev} = $1 }
    else { $self->complain("hold$w->{id}: ", $line // 'nothing') }
    $self->complain("revision $w->{rev}, and $self->{top} was told before")
        if $w->{rev} <= $self->{top};
    return;
}

# -- readers ------------------------------------------------------------------

sub reader_begin
{
    my ($self, $since, %o) = @_;
    my $r = {conn => $self->{registry}->dial('event'), log => {}, last => 0,
        since => $since, %o};
    $r->{conn}->send("persist * .detail 1 .since $since\n");
    my ($ready) = grep { /^READY \d/ } $r->{conn}->until(qr/^READY \d/);
    ($r->{head}) = ($ready // '') =~ /^READY (\d+)$/
        or $self->complain('a reader is not greeted');
    $r->{from} = $since || $r->{head} || 0;
    return $r;
}

sub reader_line
{
    my ($self, $r, $line) = @_;
    if ($line =~ /^! (\d+)$/) {
        $self->complain("! $1 for .since $r->{since}")
            unless $r->{stranger} && !%{$r->{log}} && $1 > $r->{since};
        $r->{forgotten} = 1;
        $r->{from} = $1;
        return;
    }
    my ($sign, $rev, $name, $rest) = $line =~ /^([-+=]) (\d+) (\S+)(.*)$/
        or return $self->complain("a reader was told: $line");
    return if !$r->{since} && $rev <= $r->{head};    # what was there
    $self->complain("$line after $r->{last}")
        if $rev <= $r->{last} || $rev <= $r->{from};
    $r->{last} = $rev;
    $r->{log}{$rev} = $line;
    $self->{told}++;
    my ($value) = $rest =~ / v (\d+)/;
    my ($id) = $name =~ /^w(\d+)-/;
    return $self->complain("a reader was told: $line")
        unless $id && defined $value;
    my $w = $self->{writer}[$id - 1];
    for my $op (@{$w->{sent}}) {
        next unless $op->{name} eq $name && !$op->{refuse};
        $op->{told} = $rev
            if $sign eq '-' ? !defined $op->{set} && ($op->{was} // 0) == $value
            : ($op->{set} // -1) == $value;
    }
    return;
}

# The same reader by another connection: from where it was.
sub reader_again
{
    my ($self, $r) = @_;
    return unless $r->{last};
    $r->{conn}->close;
    my $next = $self->reader_begin($r->{last});
    @$r{qw(conn head)} = @$next{qw(conn head)};
    $r->{since} = $r->{last};
    $self->{resumed}++;
    return;
}

# -- a round ------------------------------------------------------------------

# Reads what has come from all, until then; or to the end of each.
sub pump
{
    my ($self, $until) = @_;
    my %of = map { (fileno $_->{conn}{socket} => $_) } grep { $_->{conn} }
        @{$self->{writer}}, @{$self->{reader}};
    my $select = IO::Select->new(map { $_->{conn}{socket} } values %of);
    while ($select->count && (!$until || time < $until)) {
        my @ready = $select->can_read($until ? max(0, $until - time) : 5);
        last if !@ready && !$until;
        for my $socket (@ready) {
            my $who = $of{fileno $socket};
            $who->{conn}->fill(time) or $select->remove($socket);
            while ($who->{conn}{in} =~ s/^([^\n]*)\n//) {
                if ($who->{log}) { $self->reader_line($who, $1) }
                else { $self->writer_line($who, $1) }
            }
            $self->write_ops($who)
                if !$who->{log} && $until && !$who->{conn}{eof};
        }
    }
    return;
}

# What the registry holds now must follow from what was said before.
sub check
{
    my ($self) = @_;
    my %there;
    for ($self->{registry}->find('')) {
        if (/^w(\d+)-(\S+) .*\bv (\d+)/) { $there{$1}{"w$1-$2"} = $3 }
        else { $self->complain("found: $_") }
    }
    for my $w (@{$self->{writer}}) {
        my @sent = @{$w->{sent} || []};
        my $sure = max(0, map { $sent[$_]{answered} || $sent[$_]{told}
            ? $_ + 1 : () } 0 .. $#sent);
        my $state = {%{$w->{before} || {}}};
        my $want = text($there{$w->{id}});
        my $found = $sure == 0 && text($state) eq $want;
        for my $i (0 .. $#sent) {
            apply_op($state, $sent[$i]);
            next if $i + 1 < $sure;
            $found ||= text($state) eq $want;
        }
        $self->complain("writer $w->{id}: $want is there; $sure of "
                . @sent . ' lines are certain: '
                . join '; ', text($w->{before}), map {
                    $_->{line} . ($_->{refuse} ? ' (refused)' : '')
                } @sent)
            if !$found;
        $w->{state} = {%{$there{$w->{id}} || {}}};
        $w->{before} = {%{$w->{state}}};
        $w->{sent} = [];
    }
    return;
}

sub text
{
    my ($state) = @_;
    return join ' ', '{', (map { "$_=$state->{$_}" } sort keys %{$state || {}}),
        '}';
}

# Each acknowledged change is told once to each reader that was there, as far
# as it was told anything.
sub check_readers
{
    my ($self) = @_;
    my %rev;
    for my $w (@{$self->{writer}}) {
        $rev{$_->{rev}} = $_ for grep { $_->{rev} } @{$w->{sent}};
    }
    for my $r (@{$self->{reader}}) {
        for my $rev (grep { $_ > $r->{from} && $_ <= $r->{last} } keys %rev) {
            my $line = $r->{log}{$rev};
            $self->complain("a reader from $r->{from} to $r->{last} missed "
                    . "$rev: $rev{$rev}{line}") unless defined $line;
            $self->complain("$rev is told as $line")
                if defined $line && $line !~ /^. $rev \Q$rev{$rev}{name}\E /;
        }
        $self->complain("a reader of before was not told !")
            if $r->{stranger} && $r->{since} && !$r->{forgotten};
        my $other = $self->{reader}[0];
        for my $rev (grep { $_ > $other->{from} && $_ <= $other->{last}
                && $other->{log}{$_} ne $r->{log}{$_} } keys %{$r->{log}}) {
            $self->complain("$rev is told in two ways");
        }
    }
    $self->{top} = max($self->{top}, map({ $_->{rev} } @{$self->{writer}}),
        map { ($_->{head}, $_->{last}) } @{$self->{reader}});
    return;
}

# Started, used, killed, and started again
sub round
{
    my ($self) = @_;
    my $reg = $self->{registry};
    $self->{round}++;
    $self->{reader} = [$self->reader_begin(0), $self->reader_begin(0),
        $self->reader_begin($self->{top} || 0, stranger => 1)];
    $self->writer_start($_) for @{$self->{writer}};
    $self->write_ops($_) for @{$self->{writer}};
    my $life = rand $self->{life};
    $self->pump(time + $life / 2);
    $self->reader_again($self->{reader}[1]);
    $self->{during}->($self) if $self->{during};
    $self->pump(time + $life / 2);
    if ($self->{gently}) { $reg->signal('TERM') }
    else { $reg->kill }
    $self->pump;
    if ($self->{gently}) {
        Muster::eventually { $reg->ended };
        $self->complain("it ended with $reg->{status}") if $reg->{status} // 1;
    }
    $self->check_readers;
    $_->{conn}->close, delete $_->{conn}
        for @{$self->{writer}}, @{$self->{reader}};
    $self->{before}->() if $self->{before};
    $self->stillborn if !$self->{gently} && rand() < 0.1;
    $reg->start;
    $self->check;
    return;
}

# Killed while it starts
sub stillborn
{
    my ($self) = @_;
    my $reg = $self->{registry};
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    $reg->become if !$pid;
    sleep rand 0.02;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return;
}

1;
