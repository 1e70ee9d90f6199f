# A disk that takes nothing for a while: what must be kept is refused with the
# reason, all else goes on, and when there is room again so does that.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use SmallDisk;
use Test::More;

# taken => a disk that takes nothing, given => it does again
sub goes_on
{
    my ($what, $reg, $why, $taken, $given) = @_;
    my $c = $reg->register("kept persist 1 v 1");
    my $e = $reg->dial('event');
    $e->send("v * .detail 1\n");
    $e->until(qr/^READY \d/);
    $taken->();
    $c->send(".of kept v 2\n");
    is $c->line, "error: 'not kept: $why'", "$what: a change is refused";
    $c->send(".new another persist 1\n.remove kept\n");
    is $c->line, "error: 'not kept: $why'", "$what: so is a new service";
    is $c->line, "error: 'not kept: $why'", "$what: and a removal";
    is_deeply [$reg->find('')], ['kept persist 1 v 1'],
        "$what: what was kept is found as before";
    my $light = $reg->register('light v 1');
    like $e->line, qr/^\+ \d+ light v 1$/,
        "$what: a service that need not be kept comes";
    $light->send(".of light v 2\n");
    like $light->line, qr/^ok/, "$what: and changes";
    like $e->line, qr/^= \d+ light v 2$/, "$what: of which all are told";
    # (where it is writing that fails, the log fails with it)
    ok $what eq 'errors' || eventually {
        grep { /degraded: changes are not kept: $why/ } $reg->log
    }, "$what: it is logged";
    $given->();
    ok eventually { grep { /it can be written to again/ } $reg->log },
        "$what: it notices that there is room again";
    $c->send(".of kept v 3\n");
    like $c->line, qr/^ok/, "$what: changes are kept again";
    $reg->kill;
    $reg->start;
    is_deeply [$reg->find('')], ['kept persist 1 v 3'],
        "$what: what was refused never was";
    return;
}

SKIP: {
    skip 'no prlimit (util-linux)', 11
        if system('prlimit --version >/dev/null 2>&1');
    my $reg = registry('-o', 'registry.store=sqlite:' . scratch() . '/db');
    my $limit = sub {
        system('prlimit', "--pid=$reg->{pid}", "--fsize=$_[0]:unlimited");
    };
    goes_on('errors', $reg, 'the disk failed', sub { $limit->(0) },
        sub { $limit->('unlimited') });
}

SKIP: {
    my $disk = SmallDisk->new(2048) or skip SmallDisk::why(), 11;
    my $reg = registry('-o', "registry.store=sqlite:$disk->{path}/db");
    goes_on('full', $reg, 'the disk is full', sub { $disk->fill(0) },
        sub { $disk->free });
    $reg->stop;
}
finish();
