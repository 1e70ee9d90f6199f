# What every daemon's main has in common: options, exit statuses, the ready
# line, the word to systemd.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use IO::Socket::UNIX;
use Muster;
use Socket qw(SOCK_DGRAM);
use Test::More;

my %listen = (
    'musterd' => 'registry.new',
    'muster-dispatch' => 'dispatcher.exec',
    'muster-worker' => 'worker.bind',
);
need_programs(sort keys %listen);

my $empty = spew(scratch() . '/empty.yaml', "# empty\n");
my $bad = spew(scratch() . '/bad.yaml', "nodd: a\nlog: {level: x}\n");

for my $name (sort keys %listen) {
    my $run = sub { return run_program(program($name), @_) };
    my $key = $listen{$name};
    for my $help ('-h', '--help') {
        my ($rc, $out, $err) = $run->($help);
        ok $rc == 0 && $err eq '' && $out =~ /^Usage: $name /,
            "$name $help";
        my ($long) = grep { length > 79 } split /\n/, $out;
        is $long, undef, 'no long lines';
    }
    for my $version ('-v', '--version') {
        my ($rc, $out) = $run->($version);
        ok $rc == 0 && $out =~ /^$name \d+\.\d+\.\d+\n$/, "$name $version";
    }
    for my $misuse (['-x'], ['--nothing'], ['-c'], ['-o'], ['word'],
        ['--profile']) {
        my ($rc, $out, $err) = $run->(@$misuse);
        ok $rc == 2 && $out eq '' && $err =~ /--help/,
            "$name @$misuse is misuse";
    }
    my ($rc, $out, $err) = $run->('-c', $bad, '-o', 'x=y');
    is $rc, 1, "$name does not start with a bad configuration";
    is $err, "$name: $bad:1: 'nodd' is no setting; did you mean node?\n"
        . "$name: $bad:2: log.level: 'x' is none of: error warn info debug\n"
        . "$name: -o x: 'x' is no setting\n", 'and says why, in full';
    for my $case (
        [qr/No such file/, '-c', '/nonexistent.yaml'],
        [qr/no profile 'x'/, '-c', $empty, '--profile', 'x'],
        [qr/reached from other machines/, '-c', $empty, '-o',
            "$key=0.0.0.0:0"],
        [qr/reached from other machines/, '-c', $empty, '-o', 'binds=*'],
        [qr/reached from other machines/, '-c', $empty, '-o',
            "$key=[::]:0"],
        [qr/ready_fd: descriptor 99/, '-c', $empty, '-o', 'ready_fd=99'],
        [qr/log.to: .*No such file/, '-c', $empty, '-o',
            'log.to=file:/nonexistent/log'],
        [qr/'registry.telex' is no setting/, '-c', $empty, '-o',
            'registry.telex=127.0.0.1:0'],
    ) {
        my ($why, @args) = @$case;
        my ($rc, $out, $err) = $run->(@args);
        ok $rc == 1 && $err =~ $why, "$name $args[-1] is refused"
            or diag "$rc $err";
    }
}

# ready_fd and NOTIFY_SOCKET are told once it serves; both may be had.
my $socket = scratch() . '/notify';
my $notify = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $socket)
    or die $!;
sub told
{
    return '' unless IO::Select->new($notify)->can_read(deadline(30));
    $notify->recv(my $text, 1000);
    return $text;
}

my $r = registry({env => {NOTIFY_SOCKET => $socket}}, '-d');
like told(), qr/^READY=1\nSTATUS=serves new 127\S+ find /, 'systemd is told';
like $r->address('new'), qr/^127\.0\.0\.1:\d+$/, 'ready_fd names addresses';
ok $r->register('a kind web'), 'and they work';
ok !grep({ -l && readlink =~ /\.ready/ } glob "/proc/$r->{pid}/fd/*"),
    'ready_fd is closed';
my ($limits) = slurp("/proc/$r->{pid}/limits")
    =~ /^Max open files +(\d+ +\d+)/m;
my ($soft, $hard) = split / +/, $limits;
is $soft, $hard, 'it may have as many descriptors as the system allows';
ok grep({ / debug musterd\[\d+\]: / } $r->log), '-d logs everything';
$r->signal('TERM');
like told(), qr/^STOPPING=1$/m, 'and that it ends';
ok eventually { $r->ended }, 'which it does';
is $r->{status}, 0, 'well';
finish();
