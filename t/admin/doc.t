# doc/metrics.md says of every metric what the daemons say, and of no other;
# doc/admin.md the same of every route.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterHttp;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker');
my $audit = scratch() . '/audit.log';
my $reg = registry('-o', 'registry.admin=127.0.0.1:0',
    '-o', "audit.to=file:$audit");
my %daemon = (
    'musterd' => $reg,
    'muster-dispatch' => dispatcher($reg,
        '-o', 'dispatcher.admin=127.0.0.1:0'),
    'muster-worker' => worker($reg, 'w1', '-o', 'worker.admin=127.0.0.1:0'),
);

my %documented;    # name => line
for (split /\n/, slurp(source_dir() . '/doc/metrics.md')) {
    my ($name, $type, $labels, $of, $help)
        = /^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*?) \| (.*) \|$/ or next;
    fail("$name stands there twice") if $documented{$name};
    $documented{$name} = {
        type => $type,
        labels => [$labels =~ /`(\w+)`/g],
        of => $of eq 'all' ? [sort keys %daemon] : [sort split /, /, $of],
        help => $help,
    };
}

my %told;
for my $program (sort keys %daemon) {
    my $answer = http($daemon{$program}, 'GET', '/metrics');
    is_deeply [check_metrics($answer->{body})], [], "$program: well-formed";
    my $families = metric_families($answer->{body});
    for my $name (keys %$families) {
        my $f = $families->{$name};
        my $t = $told{$name} ||= {type => $f->{type}, help => $f->{help}};
        $t->{labels} = [sort keys %{$f->{labels} || {}}];
        push @{$t->{of}}, $program;
        my @long = grep { keys %{$f->{labels}{$_}} > 40 } @{$t->{labels}};
        is_deeply \@long, [], "$name: its labels are of small sets"
            if @{$t->{labels}};
    }
}
is_deeply [sort keys %documented], [sort keys %told],
    'doc/metrics.md has all of them, and no others';
is_deeply $documented{$_}, $told{$_}, "and is right about $_"
    for sort grep { $documented{$_} } keys %told;

# the bounds of labels that the document promises
my $text = slurp(source_dir() . '/doc/metrics.md');
my $families = metric_families(http($reg, 'GET', '/metrics')->{body});
for ([muster_http_refused_total => 'reason'],
    [muster_held_total => 'limit'], [muster_http_answers_total => 'status'],
    [muster_service_changes_total => 'kind']) {
    my ($name, $label) = @$_;
    my @missing = grep { $text !~ /`\Q$_\E`/ }
        keys %{$families->{$name}{labels}{$label}};
    is_deeply \@missing, [], "it names each $label of $name";
}

# routes: those of all daemons, and those of the registry
$text = slurp(source_dir() . '/doc/admin.md');
my ($all) = $text =~ /^## Routes of every daemon\n(.*?)^## /ms;
my ($more) = $text =~ /^## Routes of the registry\n(.*?)^## /ms;
for my $program (sort keys %daemon) {
    my @wanted = map { [/^\| ([A-Z, ]+) \| `(.*?)` \| (.*) \|$/] }
        grep { /^\| [A-Z]+/ } split /\n/,
        $all . ($program eq 'musterd' ? $more : '');
    my $list = decode_json(http($daemon{$program}, 'GET', '/')->{body});
    my @told = map { [$_->{methods}, $_->{path}, $_->{help}] }
        @{$list->{routes}};
    my @sorted = map { [sort { "@$a[1, 0]" cmp "@$b[1, 0]" } @$_] }
        \@wanted, \@told;
    is_deeply $sorted[0], $sorted[1], "doc/admin.md has the routes of $program";
}
finish();
