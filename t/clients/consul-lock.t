# consul lock, Consul's own: one at a time, N at a time, beside muster's, and
# what it does when the lock is taken away or the registry goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulCli ();
use ConsulPeer;
use Muster;
use MusterConsul;
use Test::More;

need_consul();
need_programs(qw(musterd muster));
my $reg = consul('-o', 'registry.store=sqlite:' . scratch() . '/registry.db');

# What says in a file that it is in, and stays until another one is there
sub stay
{
    my ($name) = @_;
    my $file = scratch() . "/$name";
    return "touch $file.in; while ! test -e $file.go; do sleep 0.02; done; "
        . "echo $name was in";
}

sub is_in { my ($name) = @_; return -e scratch() . "/$name.in" }
sub in { my ($name) = @_; return eventually { is_in($name) } 60 }
sub leave { my ($name) = @_; return spew(scratch() . "/$name.go", '') }

# It waits for that: by a blocking query, or by asking for it
sub waits { my ($p) = @_; return eventually { $p->out =~ /acquisition/ } 60 }

sub holder
{
    my ($key) = @_;
    return kv_get($reg, $key)->{Session};
}

# ---- one at a time

my $one = consul_begin($reg, 'lock', '-verbose', 'a/lock', stay('one'));
ok in('one'), 'the first is in';
my $two = consul_begin($reg, 'lock', '-verbose', 'a/lock', stay('two'));
ok waits($two), 'the second waits';
my $ours = ConsulCli::begin($reg, 'kv', 'lock', 'a/lock', '--', '/bin/sh', '-c',
    stay('ours'));
my ($rc, $out, $err) = consul_says($reg, 'lock', '-try', '300ms', 'a/lock',
    'echo no');
is "$rc $out", '1 ', 'who tries for a while gives up';
like $err, qr/timeout during lock acquisition/, 'and says so';
ok !is_in('two') && !is_in('ours'), 'nobody else is in';
leave('one');
is $one->status, 0, 'the first goes';
ok((eventually { is_in('two') || is_in('ours') } 60), 'and another is in');
my ($next, $last) = is_in('two') ? qw(two ours) : qw(ours two);
ok !is_in($last), 'but one';
leave($next);
ok in($last), 'then the last';
leave($last);
is $two->status, 0, 'theirs ends well';
is $ours->status, 0, 'and ours';
like $two->out, qr/Starting handler\ntwo was in\n.*releasing lock\nCleanup/s,
    'with all of its steps';
is call($reg, 'GET', '/v1/kv/a?recurse')->{status}, 404, 'nothing is left';

# ---- N at a time

my %in = map { $_ => consul_begin($reg, 'lock', '-n', 2, 'sem', stay($_)) }
    qw(n1 n2);
ok in('n1') && in('n2'), 'two are in at once';
my $third = consul_begin($reg, 'lock', '-n', 2, '-verbose', 'sem', stay('n3'));
ok waits($third), 'a third one waits';
my $fourth = ConsulCli::begin($reg, 'kv', 'lock', '-n', 2, 'sem', '--',
    '/bin/sh', '-c', stay('n4'));
($rc) = consul_says($reg, 'lock', '-n', 2, '-try', '300ms', 'sem', 'true');
is $rc, 1, 'as many as may be';
ok !is_in('n3') && !is_in('n4'), 'and no more';
leave('n1');
ok((eventually { is_in('n3') || is_in('n4') } 60), 'one goes, another comes');
ok !(is_in('n3') && is_in('n4')), 'one';
leave($_) for qw(n2 n3 n4);
is $_->status, 0, 'all end well' for values %in, $third, $fourth;
ok in('n3') && in('n4'), 'all have been in';

# ---- it is taken away

my $loses = consul_begin($reg, 'lock', '-verbose', 'lost', stay('loses'));
ok in('loses'), 'somebody holds it';
call($reg, 'PUT', '/v1/session/destroy/' . holder('lost/.lock'));
ok defined $loses->status(60), 'its session ends, and it does';
like $loses->out, qr/Lock lost, killing child/, 'for that';
unlike $loses->out, qr/was in/, 'its child does not go on';

# ---- the registry goes, and comes again

my $keeps = consul_begin($reg, 'lock', '-verbose', '-monitor-retry', 60, 'kept',
    stay('keeps'));
ok in('keeps'), 'somebody else';
my $session = holder('kept/.lock');
$reg->stop;
$reg->restart;
is holder('kept/.lock'), $session, 'a restart keeps the lock';
$reg->kill;
$reg->restart;
is holder('kept/.lock'), $session, 'and so does a crash';
leave('keeps');
is $keeps->status(60), 0, 'whoever holds it goes on';
like $keeps->out, qr/keeps was in/, 'to its end';
unlike $keeps->out, qr/Lock lost/, 'without a doubt';

# ---- its own end

my $ends = consul_begin($reg, 'lock', '-verbose', 'ends', stay('ends'));
ok in('ends'), 'one that is interrupted';
isnt $ends->signal('INT')->status(60), undef, 'ends';
like $ends->out, qr/Shutdown triggered, killing child/, 'with its child';
is call($reg, 'GET', '/v1/kv/ends?recurse')->{status}, 404,
    'and lets go of the lock';

finish();
