# What can be done to a log, and what muster audit verify says of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterAudit;
use Test::More;

need_programs('musterd', 'muster');
my $log = audit_file();
my $reg = registry('-o', "audit.to=file:$log");
my $c = $reg->register('a kind web');
for my $n (1 .. 20) {
    $c->send("x $n\n");
    $c->line;
}
$reg->stop;
my @lines = map { "$_\n" } audit_lines($log);
cmp_ok @lines, '>=', 23, 'a log of ' . @lines . ' lines';
my ($rc, $whole) = audit_verify($log);
is $rc, 0, 'it is whole';
my $hash = $whole->{hash};

# (exit status, the breaks as "LINE TEXT") of a changed copy
my $copies = 0;
sub broken
{
    my ($text, @args) = @_;
    my $file = spew(audit_file('copy-' . ++$copies), $text);
    my ($status, $o) = audit_verify(@args, $file);
    return ($status, [map { "$_->{line} $_->{error}" } @{$o->{breaks} || []}],
        $o);
}

my ($status, $breaks, $o);
my @l = @lines;
$l[4] =~ s/"what":"a"/"what":"b"/ or die;
($status, $breaks) = broken(join '', @l);
is $status, 1, 'a changed byte';
is_deeply $breaks, ['5 seq 5 was changed: its hash is not that of its bytes'],
    'is named with its line';

@l = @lines;
$l[4] =~ s/"revision":\d+/"revision":9999/;
$l[4] =~ s/"hash":"."/"hash":"0"/;
($status, $breaks) = broken(join '', @l);
is $status, 1, 'a changed member';

@l = @lines;
splice @l, 6, 1;
($status, $breaks) = broken(join '', @l);
is_deeply [$status, $breaks], [1, ['7 seq 8 stands behind seq 6: 1 line is missing']],
    'a removed line';

@l = @lines;
@l[6, 7] = @l[7, 6];
($status, $breaks) = broken(join '', @l);
is $status, 1, 'two lines swapped';
is scalar(grep { /^8 seq 7 stands behind seq 8/ } @$breaks), 1, 'are named';

@l = @lines;
splice @l, 6, 0, $l[6];
($status, $breaks) = broken(join '', @l);
is $status, 1, 'a line twice';

# a whole line made by somebody who knows the format, but not the chain
@l = @lines;
require Digest::SHA;
(my $head = $l[6]) =~ s/,"hash":"[0-9a-f]*"\}\n\z//;
$head =~ s/"action":"\w+"/"action":"nothing"/;
$l[6] = "$head,\"hash\":\"" . Digest::SHA::sha256_hex($head) . "\"}\n";
($status, $breaks) = broken(join '', @l);
is $status, 1, 'a line made anew';
like $breaks->[0], qr/^8 seq 8 does not follow the line before/, 'the next tells';

# the end cut off: who knows a later hash misses it
my $cut = join '', @lines[0 .. $#lines - 2];
($status, $breaks) = broken($cut);
is $status, 0, 'whole lines missing at the end: the chain holds';
($status, $breaks, $o) = broken($cut, '--expect', $hash);
is $status, 1, 'but not for who knows a later hash';
ok !$o->{expected}, 'which is not there';
($status, $breaks, $o) = broken(join('', @lines), '--expect',
    $lines[3] =~ /"hash":"([0-9a-f]+)"/);
is $status, 0, 'an earlier hash is found in what has grown since';
($status, $breaks) = broken(substr join('', @lines), 0, -10);
is_deeply [$status, scalar @$breaks], [1, 1], 'cut in the middle of a line';
($status, $breaks) = broken("hello\n" . join '', @lines);
is_deeply [$status, $breaks], [1, ['1 this is no line of an audit log']],
    'something else in between';
($status, $breaks) = broken("\0" x 100);
is $status, 1, 'rubbish';
($status, $breaks, $o) = broken('');
is "$status $o->{lines}", '0 0', 'an empty file is a log without lines';

# a daemon finds its log shortened: it says so, and it shows
for my $case (
    ['lines cut off', sub { join '', @lines[0 .. $#lines - 2] }, 'missing',
        qr/2 lines are missing/],
    ['the last line made anew', sub {
        my $h = $lines[-1];
        $h =~ s/,"hash":"[0-9a-f]*"\}\n\z//;
        $h =~ s/"action":"\w+"/"action":"nothing"/;
        return join '', @lines[0 .. $#lines - 1],
            "$h,\"hash\":\"" . Digest::SHA::sha256_hex($h) . "\"}\n";
    }, 'replaced', qr/does not follow the line before/],
) {
    my ($name, $text, $action, $pattern) = @$case;
    spew($log, $text->());
    my $last = slurp("$log.last");
    my $again = registry('-o', "audit.to=file:$log");
    $again->stop;
    ok scalar(grep { /audit\.to: .*(?:missing|not the one)/ } $again->log),
        "$name: the daemon's log says so";
    my ($e) = grep { $_->{action} eq $action } audit_events($log);
    ok $e, "$name: the audit log says so";
    ($status, $o) = audit_verify($log);
    is $status, 1, "$name: so does verify";
    like $o->{breaks}[0]{error}, $pattern, "$name: and where";
    spew($log, join '', @lines);
    spew("$log.last", sprintf "%020d %s\n", scalar @lines, $hash);
}

# a file that is none of ours is not written to
spew($log, "hello\n");
($rc, my $out, my $err) = run_program(program('musterd'), '-c', '/dev/null',
    '-o', "audit.to=file:$log", map { ('-o', "registry.$_=127.0.0.1:0") }
        qw(new find event));
is $rc, 1, 'a file that is no audit log: the daemon does not start';
like $err, qr/does not end as an audit log does: move it away/, 'and says why';
is slurp($log), "hello\n", 'and it is as it was';
finish();
