# Databases that musterd does not open: what it says, and that it leaves them
# alone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use Test::More;

my $dir = scratch();

# What it says when it cannot start with that store
sub refused
{
    my ($path, @wrap) = @_;
    my ($status, $out, $err) = run_program(@wrap, program('musterd'), '-c',
        spew("$dir/conf", ''), '-o', "registry.store=sqlite:$path",
        map { ('-o', "registry.$_=127.0.0.1:0") } qw(new find event));
    is $status, 1, "$path is refused";
    return $err . $out;
}

my $none = refused("$dir/none/db");
like $none, qr/\Qnone\E does not exist: make it with 'install -d -m 700 \S+none'/,
    'no folder';
like $none, qr/or keep nothing on disk with -o registry\.store=memory/,
    'what else can be done';

spew("$dir/text", "not a database\n" x 100);
like refused("$dir/text"), qr/is no database of a registry, and is left alone/,
    'a file of somebody else';
is slurp("$dir/text"), "not a database\n" x 100, 'it is as it was';

my $reg = registry('-o', "registry.store=sqlite:$dir/db");
$reg->register('a persist 1');
like refused("$dir/db"),
    qr/another process, pid $reg->{pid}, has this registry open/, 'in use';
is_deeply [$reg->find('')], ['a persist 1'], 'the other goes on';
$reg->stop;

sub patch
{
    my ($path, $at, $bytes) = @_;
    open my $f, '+<', $path or die "$path: $!";
    binmode $f;
    seek $f, $at, 0;
    print $f $bytes;
    close $f;
    return;
}

sub copy
{
    my ($to) = @_;
    spew($to, slurp("$dir/db"));
    return $to;
}

patch(copy("$dir/newer"), 60, pack 'N', 99);
my $newer = slurp("$dir/newer");
like refused("$dir/newer"), qr/was written by a newer muster \(schema 99/,
    'of a newer one';
is slurp("$dir/newer"), $newer, 'it is as it was';

patch(copy("$dir/foreign"), 68, pack 'N', 12345);
like refused("$dir/foreign"), qr/is no database of a registry/, 'foreign';

my $text = slurp(copy("$dir/damaged"));
my $at = index $text, 'persist 1';
cmp_ok $at, '>', 0, 'a value is found in the file';
patch("$dir/damaged", $at, 'persist 2');
my $damaged = slurp("$dir/damaged");
my $said = refused("$dir/damaged");
like $said, qr/the record of kind 'service' with id \d+ is damaged/,
    'a damaged value';
like $said, qr/restore a backup with 'muster restore'/, 'what to do';
is slurp("$dir/damaged"), $damaged, 'it is as it was';

patch(copy("$dir/torn"), 4096, "\xa5" x 4096);
like refused("$dir/torn"), qr/is damaged \(/, 'a damaged page';

SKIP: {
    skip 'only root can become another user', 1 if $>;
    mkdir "$dir/closed", 0700;
    chmod 0711, $dir;
    like refused("$dir/closed/db", 'setpriv', '--reuid=65534', '--clear-groups',
        '--'), qr/may not write into the folder/, 'a closed folder';
}
finish();
