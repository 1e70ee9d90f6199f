# Tokens for tests: files of them, and files that hold one.
#
#   my $path = tokens_file(web => "register: [web*]\nfind: all");
#   my $reg = registry('-o', "auth.tokens=$path");   # its token is web.secret
#   my $own = token_file('web');                     # for token_file=
package Tokens;
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use Muster;

our @EXPORT = qw(tokens_file tokens_text token_file hash_of);

sub hash_of { return 'sha256:' . sha256_hex($_[0]) }

# NAME => RIGHTS (lines of YAML, or one {flow}), ...: the text of a file. A
# right `hash` that is given stands.
sub tokens_text
{
    my @tokens = @_;
    my $text = '';
    while (my ($name, $rights) = splice @tokens, 0, 2) {
        $rights =~ s/^\{(.*)\}$/flow($1)/se;
        $text .= "$name:\n";
        $text .= '  hash: ' . hash_of("$name.secret") . "\n"
            if $rights !~ /^hash:/m;
        $text .= "  $_\n" for split /\n/, $rights;
    }
    return $text;
}

# {a: [b, c], d: e} as lines: what is in brackets stays together
sub flow
{
    my ($inside) = @_;
    my ($depth, $line, @lines) = (0, '');
    for my $c (split //, $inside) {
        $depth += $c =~ /[\[{]/ ? 1 : $c =~ /[\]}]/ ? -1 : 0;
        if ($c eq ',' && $depth == 0) {
            push @lines, $line;
            $line = '';
        } else {
            $line .= $c;
        }
    }
    return join "\n", map { s/^\s+//r } @lines, $line;
}

sub tokens_file
{
    return private(scratch() . '/tokens-' . ++(our $n) . '.yaml',
        tokens_text(@_));
}

sub token_file
{
    my ($name, $token) = @_;
    return private(scratch() . "/token-$name-" . ++(our $n),
        ($token || "$name.secret") . "\n");
}

sub private
{
    my ($path, $text) = @_;
    my $mask = umask 077;
    spew($path, $text);
    umask $mask;
    chmod 0600, $path;
    return $path;
}

1;
