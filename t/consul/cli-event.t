# muster event fire and watch.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use ConsulCli;
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(muster musterd));
my $reg = consul('-o', 'registry.admin=127.0.0.1:0');

sub event { return cli($reg, 'event', @_) }

is((event('fire', 'early'))[0], 0, 'one before anybody watches');
my $all = begin($reg, 'event', 'watch');
my $some = begin($reg, 'event', 'watch', 'deploy', '--json');
# they have looked at what there was when they wait for more
ok eventually { $reg->metric('muster_consul_blocking') == 2 }, 'two watch';

my ($rc, $out, $err) = event('fire', 'deploy', 'web 1.2');
is "$rc|$err", '0|', 'fire';
like $out, qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n\z/, 'prints its id';
ok eventually { $all->out eq "deploy web 1.2\n" }, 'watch prints it';
is((event('fire', 'other'))[0], 0, 'without a payload');
ok eventually { $all->out eq "deploy web 1.2\nother\n" }, 'its name';
is((cli($reg, {in => "\0\xff\n"}, 'event', 'fire', 'deploy', '-'))[0], 0,
    'any bytes');
ok eventually { $all->out =~ /^deploy \\x00\\xff\\x0a\n\z/m }, 'stay a line';
ok eventually { 2 == (() = $some->out =~ /\n/g) }, 'one name: its own only';
my @told = map { JSON::PP::decode_json($_) } split /\n/, $some->out;
is $told[0]{payload}, 'web 1.2', 'as JSON';
is $told[0]{id}, $out =~ s/\n//r, 'with the id';
is_deeply $told[1]{payload}, {base64 => base64("\0\xff\n")}, 'bytes as JSON';
is((event('fire', 'deploy', 'x', '--node', '^no-such-node$'))[0], 0,
    'for other nodes');
is((event('fire', 'last'))[0], 0, 'and one for all');
ok eventually { $all->out =~ /^last\n\z/m }, 'comes';
unlike $all->out, qr/^deploy x$/m, 'the other did not';
is $_->signal('INT')->status, 0, 'Ctrl-C: 0' for $all, $some;

($rc, undef, $err) = event('fire', 'big', 'x' x 600);
is $rc, 1, 'too much: 1';
like $err, qr/^muster: \S+: .*512/, "in the registry's words";
($rc, undef, $err) = event('fire', 'a', 'x', '--tag', 't');
is $rc, 1, 'a tag without a service: 1';
for (['fire'], ['watch', 'a', 'b'], ['watch', '--node', 'x'], ['no']) {
    is((event(@$_))[0], 2, "event @$_: 2");
}

finish();
