# Every example of doc/protocol.md, run as it stands against real daemons.
#
# A block ```example [workers=HOST:ATTR=VALUE,...]``` is a dialogue; "new2> x"
# sends x on a connection to port new that the block calls 2, "<" reads a line,
# "!" is the daemon's end of it, "." ours. A query of port find that ends with
# "!" is asked until the answer is the one that stands there, for what it waits
# for may just be happening. Identities and times differ from run to run (those
# in the examples are stand-ins), and lines of different hosts may come in any
# order; a worker may speak of its load at any time. With ```example tokens```,
# lines `# NAME: {RIGHTS}` are the registry's tokens file; a token is NAME.secret.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;
use Tokens;

my $text = slurp(source_dir() . '/doc/protocol.md');
my @blocks;
while ($text =~ /^```example(.*?)\n(.*?)^```$/msg) {
    my ($info, $dialogue, $before) = ($1, $2, substr $text, 0, $-[0]);
    push @blocks, [$info, $dialogue, 1 + ($before =~ tr/\n//)];
}
cmp_ok scalar(@blocks), '>=', 8, 'there are examples';

for my $block (@blocks) {
    my ($info, $dialogue, $at) = @$block;
    subtest "the example of line $at" => sub { run_example($info, $dialogue) };
}
finish();

sub run_example
{
    my ($info, $dialogue) = @_;
    for my $program ('muster-worker', 'muster-dispatch') {
        plan skip_all => "$program is not built"
            if $info =~ /workers/ && !have_program($program);
    }
    my %action = $dialogue =~ /^# action (\S+): (\{.*\})$/mg;
    my @tokens = $dialogue =~ /^# (\w+): (\{.*\})$/mg;
    $dialogue =~ s/^#.*\n//mg;
    my $reg = registry($info =~ /tokens/
        ? ('-o', 'auth.tokens=' . tokens_file(@tokens)) : ());
    my %daemon = map { ($_ => $reg) } qw(new find event);
    my @others;
    for my $spec (split /,/, $info =~ /workers=(\S+)/ ? $1 : '') {
        my ($host, @attrs) = split /:/, $spec;
        push @others, worker($reg, $host,
            (map { ('-o', "worker.actions.$_=$action{$_}") } keys %action),
            map { ('-o', "worker.attrs.$_") } @attrs);
        $daemon{worker} = $others[-1];
    }
    if ($dialogue =~ /^exec/m) {
        $daemon{exec} = dispatcher($reg);
        push @others, $daemon{exec};
        eventually { $daemon{exec}->knows(scalar @others - 1) };
    }
    my (%conn, %jid);
    my @steps = map { parse_step($_) } split /\n/, $dialogue;
    while (my $step = shift @steps) {
        my ($port, $who, $do, $words) = @$step;
        if ($do eq '>' && !$conn{$who} && ends($who, @steps)) {
            my @want;
            push @want, (shift @steps)->[3] while $steps[0][2] eq '<';
            shift @steps;
            whole_answer($daemon{$port}, $port, \%jid, $words, \@want);
            next;
        }
        my $c = $conn{$who} ||= $daemon{$port}->dial($port);
        if ($do eq '>') {
            $words =~ s/\b\Q$_\E\b/$jid{$_}/g for keys %jid;
            $c->send("$words\n");
        } elsif ($do eq '<') {
            my $line = $c->line;
            $line = $c->line while defined $line && $line =~ /^load /;
            is known_jid(\%jid, [$words], $line), $words, "$who: $words";
        } elsif ($do eq '!') {
            ok $c->ends, "$who: ended";
            is $c->{in}, '', 'and nothing more was said';
        } else {
            $c->close;
        }
    }
    $_->close for values %conn;
    $_->stop for reverse $reg, @others;
}

sub parse_step
{
    my ($line) = @_;
    $line =~ /^((new|find|event|exec|worker)\d*)([<>!.])(?: (.*))?$/
        or die "an example's line: $line\n";
    return [$2, $1, $3, defined $4 ? $4 : ''];
}

# True if what comes next is $who's whole answer
sub ends
{
    my ($who, @steps) = @_;
    for my $step (@steps) {
        return 0 if $step->[1] ne $who;
        return 1 if $step->[2] eq '!';
        return 0 if $step->[2] ne '<';
    }
    return 0;
}

# Asks until the answer is the wanted one (port find), or once.
sub whole_answer
{
    my ($daemon, $port, $jid, $words, $want) = @_;
    my @got;
    my $once = $port ne 'find';
    eventually {
        @got = $daemon->ask($port, "$words\n");
        if ($once) {
            @got = map { known_jid($jid, $want, $_) } @got;
        }
        return 1 if $once;
        return "@got" eq "@$want";
    };
    is_deeply [by_host(@got)], [by_host(@$want)], "$port: $words";
}

# Lines of a job, host after host, each host's in its order
sub by_host
{
    my @lines = @_;
    return @lines unless @lines && $lines[0] =~ /^submit /;
    my %key = map { ($_ => /^(?:ack|out|part|cut|exit) (\S+)(?: (stderr))?/
        ? "1$1" : /^done/ ? 2 : 0) } @lines;
    my $n = 0;
    my %place = map { ($_ => $n++) } @lines;
    return sort { $key{$a} cmp $key{$b} || $place{$a} <=> $place{$b} } @lines;
}

# The line that came, with the identities and times that the example has
sub known_jid
{
    my ($jid, $want, $got) = @_;
    return $got unless defined $got;
    my $pattern = qr/\b([A-Z2-7]{8}(?:-\d+)?)\b/;
    if (!%$jid && "@$want" =~ $pattern) {
        my $name = $1;
        $jid->{$name} = $1 if $got =~ $pattern;
    }
    $got =~ s/\b\Q$jid->{$_}\E\b/$_/g for keys %$jid;
    $got =~ s/\bduration \d+\.\d+/duration 0.003/;
    $got =~ s/\.seen \d+ \.ttl 60 \.expires \d+/.seen 0 .ttl 60 .expires 60/;
    $got =~ s/\b(submitted|ended) \d{10}\b/$1 1790000000/g;
    $got =~ s/^at \d{10}\.\d{3} /at 1790000000.000 /;
    $got =~ s/\bnext \d{10}\b/next 1790000000/;
    $got =~ s/\bkept-until \d{10}\b/kept-until 1792592000/;
    $got =~ s/ age \d+\.\d{3}$/ age 0.003/;
    $got =~ s/(cpus.* value) \d+ /$1 2 /;
    $got =~ s/ slots \d+ / slots 2 /;
    return $got;
}
