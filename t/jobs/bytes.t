# Arguments and standard input reach a program byte for byte, over every way
# that they can take, and no shell sees them that was not asked for.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Muster;
use Test::More;

need_programs(qw(musterd muster-worker muster-dispatch muster));
my $reg = registry();
my $w = worker($reg, 'w1');
my $d = dispatcher($reg, '-o', 'limits.body=2M');

sub cli
{
    my ($options, @args) = @_;
    return muster($reg, {%$options, env => {
        MUSTER_DISPATCHER => $d->address('exec')}}, 'exec', '-H', 'w1', @args);
}

# What a program was given, as hexadecimal digits with blanks between words
my $hex = 'print join " ", map { unpack "H*", $_ } @ARGV';
sub hex_of { return join ' ', map { unpack 'H*', $_ } @_ }
my $mark = scratch() . '/mark';
my %words = (
    'every byte but NUL' => [join '', map { chr } 1 .. 255],
    'every byte by itself' => [map { chr } 1 .. 255],
    'a second command' => [';', "touch $mark", "; touch $mark", "a;touch $mark"],
    'substitution' => ["\$(touch $mark)", "`touch $mark`", '$HOME', '${IFS}'],
    'quotes' => [q{'}, q{"}, q{''}, q{'"'"'}, '\\', q{\\'}, ''],
    'line ends' => ["a\nb", "\n", "\n\n", "a\r\nb", "execute cmd 'touch $mark'"],
    'leading dashes' => ['-e', '--', '-rf', '--help', '-'],
    'directives and names' => ['.on', '.body', '3', 'argv:', 'x:', '.secret'],
    'blanks' => [' ', "\t", ' a  b ', "\x0b\x0c"],
    'globs' => ['*', '?', '[a]', '~', '{a,b}', '!1', '#x', '&', '|', '>x'],
);
for my $name (sort keys %words) {
    my @given = @{$words{$name}};
    my ($rc, $out, $err) = cli({}, '--json', '--', 'perl', '-e', $hex, '--',
        @given);
    my ($text) = $out =~ /"event":"out".*?"text":"([^"]*)"/;
    is $text, hex_of(@given), $name or diag "$rc $out $err";
}
ok !-e $mark, 'and no shell had a look at them';

# cmd asks for a shell: as it is, lines and all
my $script = "cat <<'END'\n" . join('', map { "line $_ \$(x) 'y'\n" } 1 .. 3)
    . "END\nprintf '%s' \"\$A\"";
my ($rc, $out, $err) = cli({}, '--group', '--env', "A=one\ntwo", '-c', $script);
is $out, "w1 (1 host):\n" . join('', map { "line $_ \$(x) 'y'\n" } 1 .. 3)
    . "one\ntwo\n", 'shell text of several lines, and a variable of two'
    or diag $err;

# standard input, of any bytes and sizes
my $bytes = join '', map { chr } 0 .. 255;
for my $in ('', 'x', "\n", "jobs\ncancel X-1\n", $bytes, "$bytes\n" x 5,
    $bytes x 4096) {
    my $name = 'standard input of ' . length($in) . ' bytes';
    ($rc, $out, $err) = cli({in => $in}, '--stdin', '--', 'md5sum');
    is $out, 'w1 | ' . md5_hex($in) . "  -\n", $name or diag "$rc $err";
}
my $file = scratch() . '/input';
spew($file, $bytes x 4000);
($rc, $out, $err) = cli({}, '--stdin-file', $file, '--', 'md5sum');
is $out, 'w1 | ' . md5_hex($bytes x 4000) . "  -\n", 'and from a file';
spew($file, 'x' x (2 * 1024 * 1024 + 1));
($rc, $out, $err) = cli({}, '--stdin-file', $file, '--', 'md5sum');
isnt $rc, 0, 'more than limits.body';
like $err, qr/the body is too long \(limits\.body\)/, 'is refused, and says why';
my $long = scratch() . '/long';
spew($long, 'x' x (1024 * 1024 + 1));
($rc, $out, $err) = cli({}, '--stdin-file', $long, '--', 'md5sum');
isnt $rc, 0, 'more than the worker takes';
like $err, qr/refused.*the body is too long \(limits\.body\)/, 'the same';
($rc, $out) = cli({}, '--', 'echo', 'on');
is $out, "w1 | on\n", 'and it goes on';

# by hand
sub ask
{
    my ($text) = @_;
    my $c = $d->dial('exec');
    $c->send($text);
    $c->end;
    return [$c->rest];
}
my $b64 = encode_base64("printf '%s' 'a\nb;\$(x)'", '');
is_deeply [grep { /^(?:out|part)/ } @{ask("execute argv: $b64 .on all\n")}],
    ['out w1 stdout a', 'part w1 stdout b;$(x)'], 'a name with a colon'
    or diag explain ask("execute argv: $b64 .on all\n");
is_deeply ask("execute argv: ??? .on all\n"),
    [q{error: 'the value behind a name with a colon is no base64'}],
    'what is no base64';
like ask("execute argv: " . encode_base64("a\0b", '') . " .on all\n")->[-2],
    qr/refused.*NUL in argument argv/, 'NUL in argv';
my $life = ask("execute argv cat .on all .keep 1 .body 7\njobs\n\0xjobs\n");
is_deeply [grep { /^(?:out|part) / } @$life],
    ['out w1 stdout jobs', "part w1 stdout '\0x'"], 'a body is no requests';
is scalar(grep { /^\.end/ } @$life), 2, 'and what follows it is one';
is_deeply ask("execute x y .body 5 .on all .keep 1\njobs\njobs\n"),
    [q{error: 'directive .body N stands at the end of its line'}],
    'where it may not stand the connection ends';
is_deeply ask("jobs .keep 1 .body 5\njobs\njobs\n")->[0],
    q{error: 'no body here'}, 'a request without one';
is_deeply ask("execute argv cat .on all .body 99999999999\n"),
    [q{error: 'the body is too long (limits.body)'}], 'too long';
is_deeply ask("execute argv cat .on all .body x\n"),
    [q{error: '.body takes a number of bytes'}], 'no number';
is_deeply ask("execute argv cat .on all .body 10\nshort"), [],
    'a body that does not come has no effect';
like ask("execute argv: " . encode_base64("echo '" . "''" x 20000 . "\n'", '')
        . " .on all\n")->[0], qr/submit|too long/, 'a long argument';
finish();
