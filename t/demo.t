# The demonstration of ./dev demo ends by itself, well, and shows what it says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

plan skip_all => 'no nc' unless -x '/bin/nc' || -x '/usr/bin/nc';
need_programs('muster', 'musterd', 'muster-dispatch', 'muster-worker');

my ($rc, $out, $err) = run_program(
    {env => {DEMO_PORTS => 'any', TMPDIR => scratch()}, seconds => 300},
    source_dir() . '/conf/demo', program('.'));
is $rc, 0, 'it ends well' or diag $out, $err;
like $out, qr/^tcp!shop!80 kind web$/m, 'a service was found';
like $out, qr/^READY\n\d{8}\n\d{8}$/m, 'and watched';
for my $host ('dev2', 'dev3') {
    is_deeply [$out =~ /^$host \| (\d) of 3 on $host$/mg], [1, 2, 3],
        "a job streamed from $host";
}
like $out, qr/^dev1,dev2,dev3 \(3 hosts\):$/m, 'equal answers are folded';
like $out, qr/^dev1 \| oh\n1$/m, 'a failure has its exit status';
like $out, qr/^\{(?=.*"dev2":\{"state":4,)(?=.*"dev3":).*"stdout":"Linux\\n"/m,
    'and over HTTP';
like $out, qr/^n1 db1 10\.0\.0\.7:5432 passing v1$/m, "and over Consul's";
like $out, qr/^\$ muster kv get config\/limit\n10$/m, 'with keys';
finish();
