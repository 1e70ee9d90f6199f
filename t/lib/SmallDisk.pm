# A disk of a few hundred KiB, that can be filled: a tmpfs, where mounting is
# permitted.
#
#   my $disk = SmallDisk->new(KIB) or plan skip_all => SmallDisk::why();
#   $disk->fill(BYTES);    # all but so many
#   $disk->free;
package SmallDisk;
use strict;
use warnings;

use Muster;

my $owner = $$;
my @mounted;

sub new
{
    my ($class, $kib) = @_;
    my $path = scratch() . '/disk' . @mounted;
    mkdir $path or die "$path: $!";
    return if system("mount -t tmpfs -o size=${kib}k,mode=700 none '$path' "
        . '2>/dev/null');
    push @mounted, $path;
    return bless {path => $path}, $class;
}

sub why { return 'mounting a tmpfs is not permitted here' }

# Takes all space but so many bytes.
sub fill
{
    my ($self, $but) = @_;
    my $file = "$self->{path}/filler";
    open my $f, '>', $file or return;
    1 while syswrite $f, "\0" x 65536;
    1 while syswrite $f, "\0" x 4096;
    truncate $f, (-s $f) - $but if $but && -s $f > $but;
    close $f;
    return;
}

sub free { return unlink "$_[0]{path}/filler" }

END {
    if ($$ == $owner) {
        my $status = $?;
        # what still runs in there goes with it
        system("umount -l '$_' 2>/dev/null") for @mounted;
        $? = $status;
    }
}

1;
