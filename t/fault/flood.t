# Connections without end, from one address or many, keep nobody else out; nor
# does a registry that has no descriptor left forget anybody it has.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Pace;
use Swarm;
use Test::More;

# -- more silent connections than there may be --------------------------------

# 10,000, scaled
my $reg = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', 'limits.connections=300', '-o', 'log.level=error');
my $held = $reg->register('held kind web');
my $pace = Pace->new($reg);
my $flood = Swarm->new;
my @faces = qw(new find event);
sub crowd
{
    my ($count) = @_;
    for my $n (1 .. $count) {
        my $c = $flood->dial($reg->address($faces[$n % 3]), from => '127.0.0.2')
            or next;
        $flood->say($c, 'k') if $n % 2;    # a first line that never ends
    }
    $flood->pump(0);
    return;
}
crowd(500);
$pace->unhurt('while silent connections crowd it', sub { crowd(20) });
cmp_ok refused('made_way'), '>', 0, 'some of them make way';
cmp_ok refused('connections'), '>', 0, 'more of them are refused';
$held->send("x 1\n");
like $held->line, qr/^ok/, 'who has spoken keeps its seat';
$flood->drop($_) for $flood->clients;

# -- connections that come and go as fast as they can --------------------------

my $flooder = fork;
die "fork: $!" unless defined $flooder;
if (!$flooder) {
    my $swarm = Swarm->new;
    while (getppid != 1) {
        my @c = map { $swarm->dial($reg->address('find'), from => '127.0.0.3') }
            1 .. 50;
        $swarm->drop($_, 1) for grep { $_ } @c;
    }
    POSIX::_exit(0);
}
eventually { seen() > 500 };
my $before = seen();
$pace->unhurt('while connections come and go');
cmp_ok seen(), '>', $before, 'they came all the time';
kill 'KILL', $flooder;
waitpid $flooder, 0;
ok +(eventually { $reg->descriptors < 40 }), 'they leave nothing';
$reg->stop;

# -- no descriptor left --------------------------------------------------------

my $poor = registry('-o', 'registry.admin=127.0.0.1:0');
my $kept = $poor->register('kept');
my $admin = $poor->dial('admin');
my $most = $poor->descriptors + 8;
SKIP: {
    skip 'no prlimit', 4 if system 'prlimit', "--pid=$poor->{pid}",
        "--nofile=$most:$most";
    my @many = map { $poor->dial('event') } 1 .. 40;
    my $served = 0;
    eventually { $served = grep { defined $_->line(0.001) } @many };
    cmp_ok $served, '<', 40, 'not all that came find a descriptor';
    $kept->send("x 1\n");
    is $kept->line, 'ok 2', 'who is there is served';
    $_->close for splice @many, 0, 37;
    ok +(eventually { "@{[eval { $poor->find('x 1 .names 1') }]}" eq 'kept' }),
        'when some go, others are taken at once';
    $_->close for @many;
    my $pauses;
    eventually { $pauses = $poor->metric('muster_accept_pauses_total') };
    cmp_ok $pauses, '>', 0, 'the pauses are counted';
}
finish();

sub refused
{
    my ($why) = @_;
    my $sum = 0;
    my $text = $reg->ask_admin('/metrics');
    $sum += $1 while
        $text =~ /^muster_refused_total\{[^}]*reason="$why"[^}]*\} (\d+)/mg;
    return $sum;
}

sub seen
{
    my $text = $reg->ask_admin('/metrics');
    my $sum = 0;
    $sum += $1 while $text =~ /^muster_connections_total\{[^}]*\} (\d+)/mg;
    return $sum;
}
