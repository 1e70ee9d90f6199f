# Audit logs in tests: read, checked by a verifier of our own (so that the
# format is held to what muster-audit(5) says of it, not to itself), and
# handed to `muster audit verify`.
package MusterAudit;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use JSON::PP ();
use Muster;

our @EXPORT = qw(audit_file audit_lines audit_events audit_whole audit_verify
    audit_wait);

# The path of a log in the test's directory
sub audit_file { return scratch() . '/' . ($_[0] || 'audit.log') }

sub audit_lines { return map { split /\n/, slurp($_) } @_ }

# The objects, without what the chain adds; those about the log itself too. Of a
# line that is just being written nothing is told.
sub audit_events
{
    return map { JSON::PP->new->utf8->decode($_) }
        map { slurp($_) =~ /^(.*)\n/mg } @_;
}

# NULL, or the first line that the manual page does not allow where it stands
sub audit_whole
{
    my (@files) = @_;
    my ($seq, $hash);
    for my $line (audit_lines(@files)) {
        my ($head, $n, $prev, $own) = $line =~
            /^(\{"seq":(\d+),.*,"prev":"([0-9a-f]{64})"),"hash":"([0-9a-f]{64})"\}$/
            or return "no line: $line";
        return "hash: $line" if sha256_hex($head) ne $own;
        return "prev: $line" if defined $hash && $prev ne $hash;
        return "seq: $line" if defined $seq && $n != $seq + 1;
        return "first: $line" if $n == 1 && $prev ne '0' x 64;
        ($seq, $hash) = ($n, $own);
    }
    return '';
}

# (exit status, the object) of muster audit verify --json
sub audit_verify
{
    my ($rc, $out, $err) = run_program(program('muster'), 'audit', 'verify',
        '--json', @_);
    my $o = eval { JSON::PP::decode_json($out) } || { error => "$out$err" };
    return ($rc, $o);
}

# Waits until a file has an event for which the code is true: that event
sub audit_wait (&@)
{
    my ($code, $file) = @_;
    return eventually {
        for my $line (audit_lines($file)) {
            local $_ = eval { JSON::PP->new->utf8->decode($line) } or next;
            return $_ if $code->();
        }
        return 0;
    };
}

1;
