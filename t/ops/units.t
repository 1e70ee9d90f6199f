# What systemd and logrotate are given: units that say what a daemon needs and
# no more, users, directories, rotation; installed where they are asked for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use Test::More;

need_programs('musterd', 'muster-dispatch', 'muster-worker', 'muster');
my $conf = source_dir() . '/conf/systemd';
my %user = ('musterd' => 'muster', 'muster-dispatch' => 'muster',
    'muster-worker' => 'muster-worker');
my $bin = program('musterd') =~ s{/musterd$}{}r;
my $verify = grep { -x "$_/systemd-analyze" } split /:/, $ENV{PATH};

# {SECTION}{KEY} => [values]
sub unit
{
    my ($text) = @_;
    my (%unit, $section);
    for (grep { !/^\s*(?:#|$)/ } split /\n/, $text) {
        if (/^\[(\w+)\]$/) { $section = $1; next }
        my ($key, $value) = /^(\w+)=(.*)$/ or die "what is this: $_";
        push @{$unit{$section}{$key}}, $value;
    }
    return \%unit;
}

sub seconds
{
    my ($n, $unit) = $_[0] =~ /^(\d+)(s|min|)$/ or die "no time: $_[0]";
    return $n * ($unit eq 'min' ? 60 : 1);
}

sub setting
{
    my ($key) = @_;
    my (undef, $out) = run_program(program('muster'), 'config', 'show',
        '--effective', '--json', '-c', '/dev/null');
    my ($s) = grep { $_->{key} eq $key }
        map { JSON::PP::decode_json($_) } split /\n/, $out;
    return $s;
}

for my $name (sort keys %user) {
    my $text = slurp("$conf/$name.service.in") =~ s/\@bindir\@/$bin/gr;
    unlike $text, qr/\@\w+\@/, "$name: nothing is left to be filled in";
    my $u = unit($text);
    my %s = map { $_ => $u->{Service}{$_}[-1] } keys %{$u->{Service}};
    is $s{Type}, 'notify', "$name says when it serves";
    cmp_ok seconds($s{WatchdogSec}), '>=', 10, "$name is watched";
    my ($program, @args) = split ' ', $s{ExecStart};
    ok -x $program && !@args, "$name: $program is what was built";
    is $s{ExecReload}, '/bin/kill -HUP $MAINPID', "$name can be reloaded";
    is $s{Restart}, 'on-failure', "$name comes again";
    is $s{RestartPreventExitStatus}, 2, 'but not with a wrong command line';
    is "$s{User} $s{Group}", "$user{$name} $user{$name}", "$name is not root";
    is $s{LogsDirectory}, $name, "$name: its audit log has a place";
    ok $s{StateDirectory} && $s{RuntimeDirectory}, "$name: directories";
    my ($nofile) = $s{LimitNOFILE} =~ /(\d+)$/;
    cmp_ok $nofile, '>', setting('limits.connections')->{value},
        "$name: descriptors for all its connections";
    is $u->{Install}{WantedBy}[0], 'multi-user.target', "$name can be enabled";
    if ($name eq 'muster-worker') {
        is $s{KillMode}, 'process', 'the monitors of jobs live on';
        is $s{Delegate}, 'yes', 'and have control groups';
        my $ms = 0;
        $ms += setting("worker.$_")->{ms} for qw(drain grace);
        cmp_ok seconds($s{TimeoutStopSec}), '>', $ms / 1000 + 10,
            'there is time for worker.drain and worker.grace';
        ok !$s{$_}, "jobs keep $_" for qw(ProtectSystem NoNewPrivileges
            PrivateTmp SystemCallFilter CapabilityBoundingSet);
    } else {
        is $s{NoNewPrivileges}, 'yes', "$name needs no privileges";
        is $s{CapabilityBoundingSet}, '', 'none at all';
        is $s{ProtectSystem}, 'strict', 'and writes to its directories only';
        is $s{StateDirectory}, 'muster', 'where the settings have it';
        like $s{RestrictAddressFamilies}, qr/AF_INET AF_INET6 AF_UNIX/,
            'it may speak to others';
    }
    SKIP: {
        skip 'there is no systemd-analyze', 2 unless $verify;
        my $file = spew(scratch() . "/$name.service", $text);
        my ($rc, $out, $err) = run_program('systemd-analyze', 'verify',
            '--man=no', $file);
        is "$rc $out$err", '0 ', "$name: systemd understands all of it";
        # a figure of systemd's for what a service could do: 0 to 10 (times 10)
        my $most = $name eq 'muster-worker' ? 95 : 20;
        ($rc) = run_program('systemd-analyze', 'security', '--offline=yes',
            '--no-pager', "--threshold=$most", $file);
        is $rc, 0, "$name: exposed no more than $most";
    }
}
like setting('registry.store')->{value}, qr{^sqlite:/var/lib/muster/},
    'the store lies in StateDirectory';

# users and directories
my $users = slurp("$conf/sysusers.conf");
my $tmpfiles = slurp("$conf/tmpfiles.conf");
for my $user (qw(muster muster-worker)) {
    like $users, qr{^u\s+$user\s+-\s+"[^"]+"\s+/var/lib/$user$}m,
        "$user is made, without a login";
    like $tmpfiles, qr{^d\s+/var/lib/$user\s+0750\s+$user\s+$user\s}m,
        'and has a directory';
}
for my $name (sort keys %user) {
    like $tmpfiles, qr{^d\s+/var/log/$name\s+0750\s+$user{$name}\s}m,
        "/var/log/$name";
    like slurp("$conf/logrotate.conf"), qr{/var/log/$name/\*\.log},
        'and is rotated';
    like slurp("$conf/logrotate.conf"), qr{signal=HUP $name\.service},
        'and told so';
}
unlike slurp("$conf/logrotate.conf"), qr/^\s*(?:copytruncate|copy|create)\b/m,
    'without tearing a chain';

# the settings that go with them are ones that the programs take
my ($rc, $out, $err) = run_program(program('muster'), 'config', 'check', '-c',
    "$conf/muster.yaml");
is "$rc $err", '0 ', 'the example settings are right';

# installed where they are asked for
SKIP: {
    skip 'no Makefile there', 3 unless -e "$bin/Makefile";
    my $to = scratch() . '/dest';
    my @make = ({ env => { MAKEFLAGS => '', MFLAGS => '', MAKELEVEL => '' },
        seconds => 120 }, 'make', '-s', '-C', $bin, "DESTDIR=$to",
        'systemdsystemunitdir=/u', 'sysusersdir=/s', 'tmpfilesdir=/t',
        'logrotatedir=/l');
    ($rc, $out, $err) = run_program(@make,
        'install-nodist_systemdsystemunitDATA', 'install-data-hook');
    is $rc, 0, 'make install' or diag $out, $err;
    my @there = map { s/^\Q$to\E//r } sort glob "$to/[ustl]/*";
    is_deeply \@there, ['/l/muster', '/s/muster.conf', '/t/muster.conf',
        map { "/u/$_.service" } qw(muster-dispatch muster-worker musterd)],
        'each where it belongs';
    unlike slurp("$to/u/musterd.service"), qr/\@\w+\@/, 'filled in';
}
finish();
