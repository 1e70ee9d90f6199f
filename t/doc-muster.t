# muster.1 says what `muster` takes: every verb, every option of it, no others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('muster');
my ($rc, $out) = run_program(program('muster'), 'help', '--json');
is $rc, 0, 'muster help --json';
my ($globals, @verbs) = map { JSON::PP::decode_json($_) } split /\n/, $out;

my %section = slurp(source_dir() . '/doc/muster.1')
    =~ /^\.Ss (.*)\n((?:(?!\.S[sh] ).*\n)*)/mg;
is_deeply options_of($section{'Options of every verb'}),
    [map { spelled($_) } @{$globals->{globals}}], 'options of every verb';
for my $v (@verbs) {
    my $title = $v->{verb} . ($v->{usage} ? " $v->{usage}" : '');
    my $text = delete $section{$title};
    ok defined $text, "there is a section: $title" or next;
    is_deeply options_of($text), [map { spelled($_) } @{$v->{options} || []}],
        "and it has the options of $v->{verb}";
}
is_deeply [sort keys %section], ['Options of every verb', 'Selectors'],
    'no verb is described that is not there';
finish();

# "-c --config FILE", for each item of a list of options
sub options_of
{
    my ($text) = @_;
    my @items = $text =~ /^\.It (Fl .*)$/mg;
    for (@items) {
        s/ Ns Op Ns = Ns Ar (.*)/[=$1]/;
        s/\bFl /-/g;
        s/ , / /g;
        s/ Ar / /;
    }
    return \@items;
}

sub spelled
{
    my ($o) = @_;
    my $text = ($o->{letter} ? "-$o->{letter} " : '') . "--$o->{name}";
    return $text unless defined $o->{value};
    return $text . ($o->{name} eq 'table' ? "[=$o->{value}]"
        : " $o->{value}");
}
