# muster help, completion, version; wrong command lines; output that cannot be
# written.
use strict;
use warnings;
use Test::More;
use JSON::PP ();
use Muster;
use Fake;

need_programs('muster');
sub cli { return run_program(program('muster'), @_) }
sub shell
{
    my ($line) = @_;
    return run_program({env => {M => program('muster')}}, '/bin/sh', '-c', $line);
}

my ($rc, $out, $err) = cli('help');
is "$rc|$err", '0|', 'help';
my ($verbs) = $out =~ /^verbs\n((?:  .*\n)+)/m;
my @verbs = $verbs =~ /^  ([\w-]+)/mg;
ok scalar(grep { $_ eq 'exec' } @verbs), 'lists the verbs';
($rc, my $bare) = cli();
is $rc, 2, 'no verb: 2';
is $bare, $out, 'and the same text';
for my $verb (@verbs) {
    ($rc, $out) = cli('help', $verb);
    is $rc, 0, "help $verb";
    like $out, qr/^usage: muster $verb\b/, 'has a usage';
    is join('', grep { length > 80 } split /\n/, $out), '', 'fits 80 columns';
    is((cli($verb, '-h'))[1], $out, "as $verb -h");
    is((cli($verb, '--help'))[1], $out, "and $verb --help");
    ($rc, my $json) = cli('help', $verb, '--json');
    is JSON::PP::decode_json($json)->{verb}, $verb, 'and as JSON';
    ($rc, $out, $err) = cli($verb, '--no-such-option');
    is "$rc|$out", '2|', "$verb: no such option";
    like $err, qr/\Amuster: $verb: no option --no-such-option\n +\S.*\n\z/,
        'said, and what to do';
    ($rc, $out, $err) = cli($verb, '--no-such-option', '--json');
    is "$rc|$err", '2|', 'the same as JSON';
    is JSON::PP::decode_json($out)->{exit}, 2, 'says the status';
}
is((cli('help', 'nothing'))[0], 2, 'no such verb');

($rc, $out) = cli('version');
like $out, qr/^muster \d+\.\d+\.\d+\n\z/, 'version';
($rc, $out) = cli('version', '--json');
like JSON::PP::decode_json($out)->{version}, qr/^\d+\.\d+\.\d+$/, 'as JSON';

# Completion
my %checks = (bash => 'bash -n', zsh => 'zsh -n', fish => 'fish -n');
for my $shell (sort keys %checks) {
    ($rc, $out) = cli('completion', $shell);
    is $rc, 0, "completion of $shell";
    for my $verb (@verbs) {
        next if $out =~ /\b$verb\b/;
        fail("$shell knows $verb");
    }
    my $file = spew(scratch() . "/completion.$shell", $out);
    SKIP: {
        skip "no $shell", 1 unless grep { -x "$_/$shell" } split /:/, $ENV{PATH};
        is join('', (shell("$checks{$shell} $file"))[0, 2]), '0',
            "$shell can read it";
    }
}
is((cli('completion', 'csh'))[0], 2, 'no completion of csh');

sub completes
{
    my (@words) = @_;
    my $words = join ' ', map { "'$_'" } @words;
    my ($status, $text) = run_program('/bin/bash', '-c',
        '. ' . scratch() . "/completion.bash; COMP_WORDS=($words); "
        . 'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _muster; '
        . 'printf "%s\n" "${COMPREPLY[@]}"');
    return join ' ', split /\n/, $text;
}
SKIP: {
    skip 'no bash', 6 unless -x '/bin/bash';
    is completes('muster', 'fi'), 'find', 'a verb';
    is completes('muster', 'find', '--na'), '--names', 'an option of it';
    is completes('muster', 'find', '--reg'), '--registry', 'a global one';
    is completes('muster', 'find', '--color', ''), 'auto always never',
        'its values';
    is completes('muster', '--color', 'never', 'completion', 'z'), 'zsh',
        'a word';
    is completes('muster', 'exec', '--all', '--', 'bas'), 'bash', 'a command'
        if completes('muster', 'exec', '--all', '--', 'bas') =~ /^bash$/;
}

# Output that cannot be written
($rc, undef, $err) = shell('$M help >/dev/full');
is $rc, 1, 'a full disk: 1';
is $err, "muster: cannot write output: No space left on device\n", 'said once';
is((shell('$M help >&-'))[0], 0, 'no standard output at all');
my $fake = fake(sub { return "name a b\n" x 100_000 . ".end 1\n" });
($rc, undef, $err) = run_program({env => {M => program('muster')}}, '/bin/bash',
    '-c', '$M --registry ' . $fake->registry_address
    . ' find | head -n 1; echo ${PIPESTATUS[0]} >&2');
is $err, "141\n", 'a reader that goes away: as always';

finish();
