# Byte for byte what the Perl modules Inferno::RegMgr expect.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $reg = registry();

# event: READY and a LF come first, alone
my $event = $reg->dial('event');
eventually { !$event->silent };
is $event->{in}, "READY\n", 'event begins with READY, alone';
$event->{in} = '';

# new: "NAME \n" with a trailing blank; silence on success
my $new = $reg->dial('new');
$new->send("tcp!example.com!22 \n");
eventually { !$event->silent };
is $event->{in}, "00000001\n", 'a coming is a version line';
$event->{in} = '';
ok $new->silent, 'new is silent on success';
is $reg->find_bytes("\n"), "tcp!example.com!22\n", 'find with an empty line';

# update: "A V...\n"
$new->send("proto ssh descr 'example sshd'\n");
eventually { !$event->silent };
is $event->{in}, "00000002\n", 'a change is a version line';
$event->{in} = '';
ok $new->silent, 'silent, too';

# every answer line: a word, then an even number of words, each after one
# white-space character, quoted when empty or with white space or a quote
is $reg->find_bytes("proto ssh\n"),
    "tcp!example.com!22 proto ssh descr 'example sshd'\n", 'find by a pair';
is $reg->find_bytes("proto *\n"),
    "tcp!example.com!22 proto ssh descr 'example sshd'\n", 'find by presence';
is $reg->find_bytes("proto ssh descr 'example sshd'\n"),
    "tcp!example.com!22 proto ssh descr 'example sshd'\n", 'find by two';
is $reg->find_bytes("proto x\n"), '', 'find of nothing';
$new->send("a 'it''s' b '' c back\\slash\n");
eventually { !$event->silent };
$event->{in} = '';
is $reg->find_bytes("\n"),
    "tcp!example.com!22 proto ssh descr 'example sshd' a 'it''s' b ''"
    . " c back\\slash\n", 'words are quoted as they were';

# a client that only closes
$new->close;
eventually { !$event->silent };
is $event->{in}, "00000004\n", 'a going is a version line';
$event->{in} = '';
is $reg->find_bytes("\n"), '', 'and it is gone';

# mistakes of registry(4): the connection that made the first one ends
for my $case (["a b\n", 'odd attribute/value pairs'],
    ["new \n", 'bad service name'],
    ["a/b \n", 'bad character in service name']) {
    my $c = $reg->dial('new');
    $c->send($case->[0]);
    is $c->bytes, "error: '$case->[1]'\n", "$case->[1]: EOF, as they expect";
}
ok $event->silent, 'and none of it is a change';

# an answer of many services is whole, and each line ends in LF
my @many = map { $reg->register("s$_ kind many") } 1 .. 200;
is $reg->find_bytes("kind many\n"),
    join('', map { "s$_ kind many\n" } 1 .. 200), 'a long answer is whole';
finish();
