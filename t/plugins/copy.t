# The plugin copy by itself: chunks are asked for, sent, and put together;
# what is cut off goes on, what is corrupt is refused, what is half is never
# seen.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use Digest::SHA qw(sha256_hex);
use Muster;
use MusterPlugin;
use Test::More;

plan skip_all => 'copy is not built' unless -x program('plugins/worker/copy');

my $dir = realpath(scratch());
my $chunk = 4096;
my $store = "$dir/state/copy";

sub copy
{
    my ($do, %args) = @_;
    my $env = delete $args{env} || {};
    return plugin('copy', { args => { do => $do, %args }, env => $env });
}

# What a file is, as arguments
sub file
{
    my ($bytes, $to) = @_;
    my @chunks = unpack "(a$chunk)*", $bytes;
    return { bytes => $bytes, chunks => \@chunks, args => {
        to => $to, sha256 => sha256_hex($bytes), size => length $bytes,
        chunk => $chunk, stdin => join '', map { sha256_hex($_) . "\n" }
            @chunks } };
}

sub put
{
    my ($file, $i, %more) = @_;
    return copy('put', to => $file->{args}{to},
        sha256 => sha256_hex($file->{chunks}[$i]),
        stdin => $file->{chunks}[$i], %more);
}

sub missing
{
    my ($file) = @_;
    return copy('ask', %{ $file->{args} })->{result}{missing};
}

sub assemble { my ($f, %more) = @_; return copy('assemble', %{ $f->{args} }, %more) }

srand 1;
sub noise { return join '', map { pack 'N', int rand 2**32 } 1 .. $_[0] / 4 }

like plugin_describe('copy'), qr/^op copy args do,to,sha256,.* mutex 0 doc '/,
    'it describes itself';

my $f = file(noise(10 * $chunk) . 'tail', "$dir/there");
my $r = copy('ask', %{ $f->{args} });
is $r->{result}{missing}, '0-10', 'at first all chunks are missing';
is $r->{result}{bytes}, 10 * $chunk + 4, 'and so many bytes';
put($f, $_) for 0, 3, 4, 10;
is missing($f), '1-2,5-9', 'then those that were not sent';
$r = assemble($f);
is $r->{rc}, 1, 'no file is made of some';
like $r->{err}, qr/chunk 1 is not here/, 'which is said';
ok !-e "$dir/there", 'nothing is there';
put($f, $_) for 1, 2, 5 .. 9;
is missing($f), '', 'all are here';
$r = assemble($f, mode => '0640');
is "$r->{state} $r->{rc}", 'changed 0', 'it is put together' or diag $r->{err};
is slurp("$dir/there"), $f->{bytes}, 'byte for byte';
is sprintf('%o', (stat "$dir/there")[2] & 07777), '640', 'with its mode';
is_deeply $r->{result}, { path => "$dir/there", changed => 1,
    sha256 => $f->{args}{sha256}, size => 10 * $chunk + 4 }, 'the result';
is_deeply [glob "$store/* $dir/.muster-copy-*"], [], 'no chunk is left';

$r = copy('ask', %{ $f->{args} });
ok $r->{result}{same}, 'what is there already is not asked for';
is $r->{result}{missing}, '', '- not a chunk of it';
$r = assemble($f, mode => '640');
is "$r->{state} $r->{result}{changed}", 'ok 0', 'nor made again';
$r = assemble($f, mode => '600');
is $r->{state}, 'changed', 'another mode is a change';
is sprintf('%o', (stat "$dir/there")[2] & 07777), '600', 'and made';

# -- atomic: who has it open keeps the old one ------------------------------
open my $old, '<', "$dir/there" or die $!;
my $g = file(noise($chunk), "$dir/there");
put($g, 0);
assemble($g);
put(file("\0nul\0", "$dir/x"), 0);
ok -e "$store/" . sha256_hex("\0nul\0"), 'a chunk of text with NULs';
unlink "$store/" . sha256_hex("\0nul\0");
is do { local $/; <$old> }, $f->{bytes}, 'who reads it reads the old one';
is slurp("$dir/there"), $g->{bytes}, 'who opens it the new one';
my $e = file('', "$dir/empty");
is assemble($e)->{state}, 'changed', 'an empty file';
ok -e "$dir/empty" && !-s _, 'is one';

# -- what is corrupt --------------------------------------------------------
$r = put($f, 0, stdin => 'x' x $chunk);
is $r->{rc}, 1, 'a chunk that is not what it says';
like $r->{err}, qr/the chunk is corrupt: its SHA-256 is/, 'is refused';
is missing($f), '0-10', 'and not kept';
put($f, $_) for 0 .. 10;
my $name = sha256_hex($f->{chunks}[5]);
spew("$store/$name", 'y' x $chunk);
is missing($f), '5', 'one that went bad on the disk is asked for again';
put($f, 5);
spew("$store/$name", 'y' x $chunk);
$r = assemble($f);
like $r->{err}, qr/chunk 5 is not here/, 'and not built in';
is slurp("$dir/there"), $g->{bytes}, 'the file is as it was';
put($f, 5);
$r = assemble({ args => { %{ $f->{args} }, sha256 => '0' x 64 } });
like $r->{err}, qr/the chunks make another file/, 'the whole is verified, too';
is slurp("$dir/there"), $g->{bytes}, 'and the file is as it was';
is_deeply [glob "$dir/.muster-copy-*"], [], 'with nothing beside it';

# -- a bound ----------------------------------------------------------------
$r = copy('ask', %{ file(noise(4 * $chunk), "$dir/x")->{args} },
    env => { MUSTER_COPY_MAX => 12 * $chunk });
like $r->{err}, qr/no room for 16384 bytes: .* holds 40964 of at most 49152/,
    'the store is bounded';
$r = put(file('a' x $chunk, "$dir/x"), 0,
    env => { MUSTER_COPY_MAX => $chunk });
like $r->{err}, qr/no room/, 'for chunks, too';
my $old_time = time - 2 * 86400;
utime $old_time, $old_time, glob "$store/*";
$r = copy('ask', %{ file(noise(4 * $chunk), "$dir/x")->{args} },
    env => { MUSTER_COPY_MAX => 12 * $chunk });
is $r->{result}{missing}, '0-3', 'what nobody asked for since a day goes';
is scalar(() = glob "$store/*"), 8, 'as far as it must';

# -- what is not taken ------------------------------------------------------
my %good = %{ $f->{args} };
for my $bad (
    [{ do => 'steal' }, qr/do is ask, put or assemble/],
    [{ to => 'there' }, qr/to is the whole path/],
    [{ to => "$dir/../there" }, qr/to is the whole path/],
    [{ to => "$dir/./there" }, qr/to is the whole path/],
    [{ to => "$dir//there" }, qr/to is the whole path/],
    [{ to => "$dir/" }, qr/to is the whole path/],
    [{ sha256 => '../../etc/passwd' }, qr/sha256 is 64 characters/],
    [{ sha256 => uc $good{sha256} }, qr/sha256 is 64 characters/],
    [{ size => -1 }, qr/size is a number/],
    [{ size => '9' x 30 }, qr/size is a number/],
    [{ chunk => 1 }, qr/chunk is a number of bytes, 1024 to 1048576/],
    [{ chunk => 1 << 30 }, qr/chunk is a number/],
    [{ mode => '888' }, qr/mode is octal/],
    [{ mode => '17777' }, qr/mode is octal/],
    [{ owner => 'no-such-user' }, qr/owner no-such-user: no such/],
    [{ stdin => "x\n" x 11 }, qr/has 11 chunks of 4096: as many lines/],
    [{ stdin => '../' x 238 . 'a' }, qr/line 1 is no SHA-256/],
    [{ stdin => 'g' x 715 }, qr/line 1 is no SHA-256/],
    [{ stdin => substr($good{stdin}, 0, -1) . ' ' }, qr/line 11 is no SHA-256/],
    [{ do => 'put', stdin => '' }, qr/no chunk comes with it/],
    [{ do => 'put', 'stdin:' => '!!' }, qr/it is no base64/],
    [{ to => "$dir/no/such" }, qr{making $dir/no/.muster-copy-}],
    [{ to => '/proc/x' }, qr{making /proc/}],
) {
    my ($args, $why) = @$bad;
    my $r = copy('assemble', %good, %$args);
    like $r->{err}, $why, 'refused: ' . encode($args);
    is $r->{rc}, 1, '- as a failure';
}
mkdir "$dir/folder";
put($g, 0);
$r = copy('assemble', %{ $g->{args} }, to => "$dir/folder");
like $r->{err}, qr/putting it at .*folder: Is a directory/, 'a folder is none';

done_testing;
