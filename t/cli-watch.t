# muster watch: what is there, then what comes, changes and goes; over a
# restart of the registry, too.
use strict;
use warnings;
use Test::More;
use Muster;

need_programs(qw(muster musterd));
my $reg = registry();

my ($pid, $pipe);
sub watch
{
    my (@args) = @_;
    $pid = open $pipe, '-|';
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP);
        open STDERR, '>', scratch() . '/err';
        exec program('muster'), '--registry', $reg->registry_address, 'watch',
            @args;
    }
    return;
}

sub line { my $l = <$pipe>; chomp $l; return $l }

my $web = $reg->register("a kind web note 'it''s'");
my $db = $reg->register('b kind db');
watch('kind=web');
is line(), "+ a kind web note 'it''s'", 'first what is there';
my $more = $reg->register('c kind web');
is line(), '+ c kind web', 'what comes';
$more->send("load 3\n");
is line(), '= c kind web load 3', 'what changes';
$db->send("kind web\n");
is line(), '+ b kind web', 'what comes into the selection';
$db->send("kind db\n");
is line(), '- b kind web', 'what leaves it';
$more->close;
is line(), '- c kind web load 3', 'what goes';
$reg->kill;
ok eventually { slurp(scratch() . '/err') =~ /trying again/ }, 'a loss is told';
$reg->restart;
is line(), '- a kind web note \'it\'\'s\'', 'the difference only';
my $new = $reg->register('d kind web');
is line(), '+ d kind web', 'it goes on';
like slurp(scratch() . '/err'), qr/is back/, 'that is told, too';
kill 'INT', $pid;
close $pipe;
is $?, 0, 'Ctrl-C ends it';

watch('--json');
is line(), '{"event":"add","name":"d","attrs":{"kind":"web"}}', 'as JSON';
like line(), qr/^\{"event":"synced","revision":\d+\}$/, 'when it is in sync';
$new->send("kind db\n");
is line(), '{"event":"change","name":"d","attrs":{"kind":"db"},'
    . '"old":{"kind":"web"}}', 'a change with what was';
$new->close;
is line(), '{"event":"gone","name":"d","attrs":{"kind":"db"}}', 'gone';
kill 'TERM', $pid;
close $pipe;
is $?, 0, 'TERM ends it';

my ($rc, undef, $err) = muster(undef, 'watch', '--registry', '127.0.0.1:1:1:1');
is $rc, 8, 'no registry: 8';
($rc) = muster($reg, 'watch', 'role');
is $rc, 2, 'no selector: 2';

finish();
