# The events of a job: all that happens, each with its offset, in lines of JSON
# or as Server-Sent Events; who loses the connection goes on from the last.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker));
my $f = fleet({dispatcher => ['dispatcher.heartbeat=100ms',
    'dispatcher.output=16K']});
my ($host, $other) = fleet_hosts();

sub events
{
    my ($jid, $query, %headers) = @_;
    my $a = ask($f, 'GET', "/jobs/$jid/events" . ($query || ''), undef,
        %headers);
    is $a->{status}, 200, "events$query" if $query;
    return grep { $_->{event} ne 'heartbeat' } stream_lines($a->{body});
}
sub kinds { return join ' ', map { $_->{event} } @_ }

# -- all of it -----------------------------------------------------------------
my $jid = post_job($f, '/execute', {targets => [$host],
    cmd => 'echo one; echo two >&2; printf "\377"; exit 3'});
job($f, $jid);
my @all = events($jid);
my %of = map { ($_->{event} . ($_->{stream} || '') => $_) } @all;
like kinds(@all), qr/^submit ack (?:output ){3}exit done$/, 'its life';
is_deeply [map { $_->{offset} } @all], [$all[0]{offset}
    .. $all[0]{offset} + $#all], 'each has the next offset';
is_deeply [@{$of{submit}}{qw(jid hosts)}], [$jid, 1], 'submit';
is $of{ack}{host}, $host, 'ack';
cmp_ok abs($of{submit}{ms} / 1000 - time), '<', 60, 'each its time';
is_deeply $of{outputstderr}, {ms => $of{outputstderr}{ms}, event => 'output', host => $host, at => 0,
    offset => $of{outputstderr}{offset}, stream => 'stderr', text => 'two',
    eol => JSON::PP::true}, 'output: a line';
is_deeply [@{$of{outputstdout}}{qw(text base64 at)},
    !!$of{outputstdout}{eol}], ['/w==', JSON::PP::true, 4, !!0],
    'no line, no UTF-8, behind the four bytes of the first';
is_deeply [@{$of{exit}}{qw(host rc state reason)}], [$host, 3, 2, 'exited'],
    'exit';
is_deeply [@{$of{done}}{qw(jid state failed)}], [$jid, 2, 1], 'done';

# -- a part of it --------------------------------------------------------------
my $from = $all[3]{offset};
is_deeply [events($jid, "?from=$from")], [@all[3 .. $#all]], 'from an offset';
is_deeply [events($jid, '', 'Last-Event-ID' => $from)], [@all[4 .. $#all]],
    'from behind one';
is_deeply [events($jid, '?from=1000000')], [], 'from behind the end';
$jid = post_job($f, '/execute', {targets => [$host, $other],
    cmd => 'echo $MUSTER_HOST'});
job($f, $jid);
is_deeply [sort map { $_->{event} . ($_->{host} || '') }
    events($jid, "?host=$other")],
    [sort 'submit', 'done', map { "$_$other" } qw(ack output exit)],
    'of one host, and the job';

# -- results and progress ------------------------------------------------------
$jid = post_job($f, '/deploy', {targets => [$host], role => 'x'});
job($f, $jid);
%of = ();
push @{$of{$_->{event}}}, $_ for events($jid);
is_deeply [map { $_->{result}{name} } @{$of{result}}], [qw(install configure)],
    'results, as JSON';
is_deeply [@{$of{progress}[0]}{qw(percent text)}], [50, 'half'], 'progress';

# -- while it runs -------------------------------------------------------------
$jid = post_job($f, '/execute', {targets => [$host],
    cmd => "echo a; while [ ! -e $f->{dir}/go ]; do sleep 0.05; done; echo b"});
my $s = stream($f, "/jobs/$jid/events");
like $s->{head}, qr{^Content-Type: application/x-ndjson$}m, 'NDJSON';
my @seen;
push @seen, $s->value until @seen && ($seen[-1]{text} || '') eq 'a';
is $s->value->{event}, 'heartbeat', 'a heartbeat while nothing happens';
$s->close; # the connection is lost
spew("$f->{dir}/go", '');
$s = stream($f, "/jobs/$jid/events?from=" . ($seen[-1]{offset} + 1));
my $event;
push @seen, $event
    while ($event = $s->value) && ($event->{event} eq 'heartbeat' || 1);
@seen = grep { $_->{event} ne 'heartbeat' } @seen;
is_deeply \@seen, [events($jid)], 'nothing lost, nothing doubled';

# -- Server-Sent Events --------------------------------------------------------
my %sse = (Accept => 'text/event-stream');
my $a = ask($f, 'GET', "/jobs/$jid/events", undef, %sse);
is $a->{headers}{'content-type'}, 'text/event-stream', 'as they are asked for';
my @blocks = split /\n\n/, $a->{body};
is_deeply [map { /^data: (.*)$/m ? decode_json($1) : () } @blocks], \@seen,
    'the same events';
is_deeply [map { /^id: (\d+)\nevent: (\w+)\ndata: / ? "$1 $2" : $_ } @blocks],
    [map { "$_->{offset} $_->{event}" } @seen], 'with id and name';
$a = ask($f, 'GET', "/jobs/$jid/events", undef, %sse,
    'Last-Event-ID' => $seen[-2]{offset});
like $a->{body}, qr/\Aid: $seen[-1]{offset}\nevent: done\n/,
    'a browser that connects again goes on';
$a = ask($f, 'GET', "/jobs/$jid/events", undef, %sse,
    'Last-Event-ID' => $seen[-1]{offset});
is $a->{status}, 204, 'and ends when it has had all';
unlink "$f->{dir}/go";
$jid = post_job($f, '/execute', {targets => [$host],
    cmd => "while [ ! -e $f->{dir}/go ]; do sleep 0.05; done"});
$s = stream($f, "/jobs/$jid/events", %sse);
my $text = '';
$text .= $s->chunk until $text =~ /heartbeat/;
like $text, qr/^: heartbeat\n\n/m, 'its heartbeat is a comment';
spew("$f->{dir}/go", '');
$s->close;

# -- what was not kept ---------------------------------------------------------
$jid = post_job($f, '/execute', {targets => [$host],
    cmd => 'i=0; while [ $i -lt 2000 ]; do echo 0123456789012345678$i; '
        . 'i=$((i+1)); done'});
my $job = job($f, $jid);
my ($bytes, $cut, $holes) = (0, 0, 0);
for (events($jid)) {
    if ($_->{event} eq 'cut') {
        is $_->{at}, $bytes + $cut, 'a cut says where';
        $cut += $_->{bytes};
        $holes++;
    } elsif ($_->{event} eq 'output') {
        is $_->{at}, $bytes + $cut, 'what comes next, too' if $holes == 1;
        $holes++ if $holes;
        $bytes += length($_->{text}) + $_->{eol};
    }
}
cmp_ok $cut, '>', 0, 'more than is kept was said';
is $bytes + $cut, 20 * 2000 + 10 + 90 * 2 + 900 * 3 + 1000 * 4,
    'no byte is forgotten';
is $job->{return_data}{$host}[0]{stdout_cut}, $cut, 'results say the same';
finish();
