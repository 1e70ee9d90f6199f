# What a job is given and how it ends.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 qw(encode_base64);
use Muster;
use MusterWorker;
use Test::More;

my $w = lone_worker({env => {LANG => 'C.UTF-8', SECRET => 'x'}});
my $d = dial_worker($w, 'ABCDEFGH');
is_deeply [@{$d->{hello}}[0, 1, 3 .. 6]],
    ['hello', lone_host(), qw(slots 8 ops), 'execute,ping'], 'hello says who and what';
like $d->{hello}[2], qr/^[A-Z2-7]{8}$/, 'and which instance';

sub result
{
    my ($request) = @_;
    my $jid = $d->run($request);
    my $exit = $d->ended($jid);
    return ($exit, $jid);
}

my ($exit, $jid) = result('ping');
is "@$exit{qw(rc state reason)}", '0 0 exited', 'ping answers';

($exit, $jid) = result(q{execute cmd 'echo up; echo no >&2; exit 3'});
is "@$exit{qw(rc state reason)}", '3 2 exited', 'a status';
like $exit->{duration}, qr/^\d+\.\d{3}$/, 'a duration';
ok !exists $exit->{leftover}, 'nothing is left over';
is $d->text($jid, 'stdout'), "up\n", 'stdout';
is $d->text($jid, 'stderr'), "no\n", 'stderr apart';

($exit, $jid) = result('execute argv '
        . quote(join ' ', map { quote($_) } 'printf', '[%s]', 'a', 'b  c',
            "d's", ''));
is $d->text($jid, 'stdout'), "[a][b  c][d's][]", 'argv without a shell';

($exit) = result('execute argv /nonesuch');
is "@$exit{qw(rc state reason)}", '- 2 notstarted', 'no such program';
is $exit->{error}, 'exec: No such file or directory', 'and why';
($exit) = result('execute cmd true cwd /nonesuch');
is "@$exit{qw(rc reason error)}",
    '- notstarted cwd: No such file or directory', 'no such directory';
($exit) = result(q{execute cmd 'kill -9 $$'});
is "@$exit{qw(rc state reason)}", '- 2 signal 9', 'a signal';

($exit, $jid) = result(q{execute argv env env 'A=1 B=''x y'' PATH=/bin:/usr/bin'});
my %env = map { split /=/, $_, 2 } split /\n/, $d->text($jid, 'stdout');
is $env{MUSTER_JOB}, $jid, 'MUSTER_JOB';
is $env{MUSTER_HOST}, lone_host(), 'MUSTER_HOST';
is "$env{A} $env{B} $env{PATH}", '1 x y /bin:/usr/bin', 'env of the request';
is $env{LANG}, 'C.UTF-8', 'LANG is kept';
ok !exists $env{SECRET}, 'nothing else of the worker';

($exit, $jid) = result(q{execute cmd 'pwd; umask; cat' cwd / stdin 'one' stdin 'two ''' stdin ''});
is $d->text($jid, 'stdout'), "/\n0022\none\ntwo '\n", 'cwd, umask, stdin';
($exit, $jid) = result('execute argv md5sum stdin: '
        . encode_base64(join('', map { chr } 0 .. 255), ''));
is $d->text($jid, 'stdout'), md5_hex(join '', map { chr } 0 .. 255) . "  -\n",
    'any bytes on stdin';
($exit, $jid) = result('execute cmd ' . quote('wc -c') . ' stdin '
        . 'x' x 60000);
is $d->text($jid, 'stdout'), "60000\n", 'many bytes on stdin';
($exit, $jid) = result(q{execute argv 'wc -c'});
is $d->text($jid, 'stdout'), "0\n", 'an empty stdin';
($exit, $jid) = result(q{execute argv 'ls /proc/self/fd'});
is $d->text($jid, 'stdout'), "0\n1\n2\n3\n",
    'no descriptors but three, and the one of ls';
my $perl = 'use POSIX; print getpgrp == $$ ? 1 : 0;'
    . 'open F, "/proc/self/stat"; print +(split / /, <F>)[5] == $$ ? 1 : 0;';
($exit, $jid) = result('execute argv ' . quote('perl -e ' . quote($perl)));
is $d->text($jid, 'stdout'), '11', 'a process group and a session of its own';
($exit, $jid) = result(q{execute argv 'grep -E ^Sig(Blk|Ign) /proc/self/status'});
# (the C library keeps 32 and 33 for itself and lets nobody reset them)
like $d->text($jid, 'stdout'), qr/^SigBlk:\s+0+\nSigIgn:\s+0+(?:1?80{7}|10{8})?\n$/,
    'no signal blocked or ignored';

for ([q{execute}, qr/either cmd or argv/],
    [q{execute cmd a argv b}, qr/either cmd or argv/],
    [q{execute cmd}, qr/odd/], [q{frob}, qr/no operation frob/],
    [q{execute cmd a nice b}, qr/no argument nice/],
    [q{execute cmd a cmd b}, qr/cmd twice/],
    [q{execute argv ''}, qr/names no program/],
    [q{execute argv '''a'}, qr/argv: /],
    [q{execute cmd a env 'x'}, qr/not NAME=VALUE/],
    [q{execute cmd a env '=x'}, qr/not NAME=VALUE/],
    [q{execute cmd a env 'MUSTER_JOB=x'}, qr/MUSTER_/],
    [q{execute cmd a user daemon}, qr/not allowed/],
    [q{execute cmd a cwd tmp}, qr/absolute/],
    [q{execute cmd a .timeout soon}, qr/\.timeout/],
    [q{execute cmd a .timeout -1}, qr/\.timeout/],
    [q{execute cmd a .colour red}, qr/unknown directive \.colour/],
    [q{execute cmd a .token x}, qr/\.token is not supported/],
    [qq{execute cmd 'a\0b'}, qr/NUL/],
    [q{ping x y}, qr/no argument x/],
) {
    my ($request, $why) = @$_;
    like $d->refusal($d->run($request)), $why, $request =~ s/\0/\\0/r;
}
($exit) = result('execute cmd true');
is $exit->{rc}, 0, 'and it still works';
finish();
