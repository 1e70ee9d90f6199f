# Every bound that a client can reach: what it is told there, that others go on
# as before, and that it is counted. doc/limits.md lists the reasons; all that
# it lists are shown here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

# reason => [settings, face that counts, what is done, what the client is told]
my @cases = (
    ['request', [], 'find', sub { first_of($_[0], 'find', "odd\n") },
        qr/^error: 'odd attribute/],
    ['taken', [], 'new', sub {
        my $held = $_[0]->register('a kind web');
        return first_of($_[0], 'new', "a kind db\n");
    }, qr/^error: 'duplicate service name'$/],
    ['token', [], 'find', sub { first_of($_[0], 'find', ".token a.b\n") },
        qr/^error: 'unknown or expired token'$/],
    ['connections', ['limits.connections=2'], 'find', sub {
        my @held = map { $_[0]->register("s$_") } 1 .. 2;
        return first_of($_[0], 'find', "\n");
    }, qr/^error: 'too many connections: at most 2'$/],
    ['connections_per_address', ['limits.connections_per_address=2'], 'find',
        sub {
            my @held = map { $_[0]->register("s$_") } 1 .. 2;
            return first_of($_[0], 'find', "\n");
        }, qr/^error: 'too many connections from one address: at most 2'$/],
    ['made_way', ['limits.connections=4'], 'event', sub {
        my ($reg) = @_;
        my @silent = map { $reg->dial('event', from => '127.0.0.2') } 1 .. 4;
        $_->line for @silent;
        my $held = $reg->register('a kind web');
        my $told = $silent[0]->line;
        ok $silent[0]->ends, 'and it is closed';
        is $silent[1]->line, '00000001', 'one makes way for one';
        return $told;
    }, qr/^error: 'too many connections: one that has said nothing/],
    ['first_line', ['limits.first_line=200ms'], 'find',
        sub { first_of($_[0], 'find', 'x') }, qr/^error: 'no whole line came/],
    ['idle', ['limits.idle=200ms'], 'find',
        sub { second_of($_[0], 'find', "kind none .keep 1\n") },
        qr/^error: 'nothing came for/],
    ['line', ['limits.line=1K'], 'new',
        sub { first_of($_[0], 'new', 'a' x 2000 . "\n") },
        qr/^error: 'line too long'$/],
    ['line', ['limits.line=1K'], 'find',
        sub { first_of($_[0], 'find', 'a' x 2000 . "\n") },
        qr/^error: 'line too long'$/],
    ['name', ['limits.name=16'], 'new',
        sub { first_of($_[0], 'new', 'a' x 17 . "\n") },
        qr/^error: 'service name too long: at most 16 bytes'$/],
    ['name', ['limits.name=16'], 'new',
        sub { first_of($_[0], 'new', 'a ' . 'b' x 17 . " 1\n") },
        qr/^error: 'attribute name too long: at most 16 bytes'$/],
    ['value', ['limits.value=16'], 'new',
        sub { first_of($_[0], 'new', 'a b ' . 'c' x 17 . "\n") },
        qr/^error: 'the value of b is too long: at most 16 bytes'$/],
    ['attrs', ['limits.attrs=2'], 'new',
        sub { first_of($_[0], 'new', "a b 1 c 2 d 3\n") },
        qr/^error: 'too many attributes for one service'$/],
    ['service', ['limits.line=1K'], 'new', sub {
        my $c = $_[0]->register('a b ' . 'x' x 600);
        $c->send('c ' . 'y' x 600 . "\n");
        my $told = $c->line;
        $c->send("d 1\n");
        is $c->line, 'ok 2', 'it stays as it was, and may go on';
        return $told;
    }, qr/^error: 'the service would be longer than a line may be'$/],
    ['services', ['limits.services=1'], 'new', sub {
        my $held = $_[0]->register('a');
        return first_of($_[0], 'new', "b\n");
    }, qr/^error: 'too many services in this registry'$/],
    ['services_per_connection', ['limits.services_per_connection=1'], 'new',
        sub { second_of($_[0], 'new', "a .ack 1\n.new b\n") },
        qr/^error: 'too many services on this connection'$/],
    ['selector', ['limits.selector=1K'], 'find',
        sub { first_of($_[0], 'find', 'a= ' . 'x,' x 500 . "x\n") },
        qr/^error: 'the selector takes \d+ bytes of memory: at most 1024'$/],
    ['selector', ['limits.selector=1K'], 'event',
        sub { second_of($_[0], 'event', 'a= ' . 'x,' x 500 . "x .filter 1\n") },
        qr/^error: 'the selector takes \d+ bytes of memory: at most 1024'$/],
    ['regexes', ['limits.regexes=1'], 'find',
        sub { first_of($_[0], 'find', "a~ x b~ y\n") },
        qr/^error: 'too many regular expressions in one selector: at most 1'$/],
    ['readers', ['limits.readers=1'], 'event', sub {
        my $held = $_[0]->dial('event');
        $held->line;
        return first_of($_[0], 'event', '');
    }, qr/^error: 'too many readers of events: at most 1'$/],
    ['watches', ['limits.watches=64K'], 'event', sub {
        my ($reg) = @_;
        my @held;
        for my $n (1 .. 200) {
            my $c = $reg->dial('event');
            $c->line;
            $c->send(".filter 1 n $n\n");
            my $told = $c->line;
            push @held, $c;
            next if $told =~ /^READY/;
            ok $c->ends, 'and it is closed';
            $held[0]->reset;
            ok +(eventually {
                my $again = $reg->dial('event');
                $again->send(".filter 1 n $n\n");
                $again->line;
                return $again->line =~ /^READY/;
            }), 'when one goes there is room again';
            return $told;
        }
    }, qr/^error: 'the selections of all readers take too much memory: at most/],
    ['memory', ['limits.memory=64K'], 'new', sub {
        my ($reg) = @_;
        my $c = $reg->register('a');
        for (1 .. 100) {
            $c->send(".new a$_ text " . 'x' x 2000 . "\n");
            my $told = $c->line;
            return $told unless $told =~ /^ok/;
        }
    }, qr/^error: '/],
    # nothing can be said to who does not read
    ['stalled', ['limits.stalled=300ms', 'limits.output=4K'], 'find', sub {
        my ($reg) = @_;
        my $feed = $reg->register('feed text ' . 'x' x 30000);
        my $c = $reg->dial('find');
        $c->send(".keep 1\n" . "text *\n" x 2000);
        ok +(eventually { counted($reg, 'find', 'stalled') }), 'it is noticed';
        $c->{in} = '';
        return $c->ends ? 'closed' : 'open';
    }, qr/^closed$/],
);

my %shown;
for my $case (@cases) {
    my ($reason, $settings, $face, $do, $told) = @$case;
    my $reg = registry(map { ('-o', $_) } 'registry.admin=127.0.0.1:0',
        @$settings);
    my $text = $do->($reg);
    like $text, $told, "$reason: the client is told";
    my $count;
    eventually { $count = counted($reg, $face, $reason) };
    # the look at the counts takes a connection, too
    cmp_ok $count, $reason eq 'made_way' ? '>=' : '==', 1, 'and it is counted';
    $shown{$reason}++;
    $reg->stop;
}

# shown where they belong: t/auth, t/tls, t/store, t/audit, t/jobs
$shown{$_}++ for qw(right owner pinned handshake store audit body);
my @listed = slurp(source_dir() . '/doc/limits.md') =~ /^\| `(\w+)` \|/mg;
is_deeply [sort keys %shown], [sort @listed], 'every reason that is documented';
finish();

sub first_of
{
    my ($reg, $face, $text) = @_;
    my $c = $reg->dial($face);
    $c->send($text) if length $text;
    return $c->line;
}

sub second_of
{
    my ($reg, $face, $text) = @_;
    my $c = $reg->dial($face);
    $c->send($text);
    $c->line;
    return $c->line;
}

sub counted
{
    my ($reg, $face, $reason) = @_;
    return $reg->metric(
        "muster_refused_total{face=\"$face\",reason=\"$reason\"}");
}
