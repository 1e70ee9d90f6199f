# A client in another language that says of each step how it went, a line
# "ok WHAT" or "not ok WHAT: WHY": its steps are those of the test.
package Steps;
use strict;
use warnings;

use Exporter 'import';
use Muster;
use Test::More;

our @EXPORT = qw(steps);

# steps(WHOSE, [{OPTIONS of run_program},] PROGRAM, ARGUMENT...)
sub steps
{
    my ($whose, @command) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($rc, $out, $err) = run_program(@command);
    my $n = 0;
    for my $line (split /\n/, $out) {
        my ($not, $what) = $line =~ /^(not )?ok (.*)/ or next;
        $n++;
        ok !$not, "$whose: $what";
    }
    ok $rc == 0 && $n > 1, "$whose: it ran to its end" or diag("$out\n$err");
    return;
}

1;
