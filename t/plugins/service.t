# The plugin service with each of the programs that look after services, and
# with none: what is done, what is said of it, and what is not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use Muster;
use MusterPlugin;
use MusterWorker;
use Test::More;

my $root = scratch() . '/root';
my $bin = scratch() . '/bin';
my $log = scratch() . '/asked';
make_path($bin);
like plugin_describe('service'), qr/^op service args name,state,graceful\? /,
    'it describes itself';

# A command that writes down how it was asked, then runs that shell text
sub fake
{
    my ($name, $text) = @_;
    spew("$bin/$name", "#!/bin/sh\necho \"$name \$*\" >>$log\n$text\n");
    chmod 0755, "$bin/$name";
    return;
}

# Nothing but our commands and what a script needs
sub fresh
{
    system 'rm', '-rf', $root, $bin;
    make_path($root, $bin);
    for my $tool (qw(sh sed grep tail cat rm mktemp true)) {
        my ($path) = grep { -x } map { "$_/$tool" } '/usr/bin', '/bin';
        symlink $path, "$bin/$tool";
    }
    symlink "$bin/true", "$bin/sleep";    # what is faked changes at once
    return;
}

# state => running or not, of the fakes: a file
sub service_is
{
    my ($is) = @_;
    spew("$root/is", $is);
    return;
}

sub ask
{
    my ($state, %o) = @_;
    spew($log, '');
    my $r = plugin('service', {
        args => { name => 'web', state => $state, %o },
        env => { PATH => $bin, MUSTER_SERVICE_ROOT => $root } });
    $r->{asked} = [split /\n/, slurp($log)];
    return $r;
}

# What was done, without what was only looked at
sub done { return [grep { !/ (?:show|status|--exists)\b|svstat/ } @{$_[0]{asked}}] }

my %managers = (
    systemd => {
        make => sub {
            make_path("$root/run/systemd/system");
            fake('systemctl', <<"END");
case \$1 in
show)
    case \$3 in
    LoadState) [ "\$5" = web ] && echo LoadState=loaded || echo LoadState=not-found ;;
    ActiveState)
        case \$(cat $root/is) in
        running) echo ActiveState=active ;;
        *) echo ActiveState=inactive ;;
        esac ;;
    MainPID) [ "\$(cat $root/is)" = running ] && echo MainPID=4711 || echo MainPID=0 ;;
    esac ;;
*) . $root/does ;;
esac
END
            fake('journalctl', 'echo "it crashed: \$*"');
        },
        start => 'systemctl start -- web', stop => 'systemctl stop -- web',
        restart => 'systemctl restart -- web',
        reload => 'systemctl reload -- web', pid => 4711,
    },
    openrc => {
        make => sub {
            make_path("$root/run/openrc", "$root/var/log");
            spew("$root/var/log/web.log", "it crashed\n");
            fake('rc-service', <<"END");
[ "\$1" = --exists ] && { [ "\$2" = web ]; exit; }
case \$2 in
status) [ "\$(cat $root/is)" = running ] || exit 3 ;;
*) shift; . $root/does ;;
esac
END
        },
        start => 'rc-service web start', stop => 'rc-service web stop',
        restart => 'rc-service web restart', reload => 'rc-service web reload',
    },
    s6 => {
        make => sub {
            make_path("$root/run/service/.s6-svscan",
                "$root/run/service/web/supervise", "$root/var/log/web");
            spew("$root/var/log/web/current", "it crashed\n");
            fake('s6-svstat', "[ \"\$(cat $root/is)\" = running ] && "
                . 'echo "up (pid 4711) 3 seconds" || '
                . 'echo "down (exitcode 0) 3 seconds"');
            fake('s6-svc', <<"END");
case " \$* " in
*' -u '*) set -- start ;;
*' -d '*) set -- stop ;;
*' -r '*) set -- restart ;;
*' -h '*) set -- reload ;;
esac
. $root/does
END
        },
        start => "s6-svc -wu -T 30000 -u $root/run/service/web",
        stop => "s6-svc -wd -T 30000 -d $root/run/service/web",
        restart => "s6-svc -wr -T 30000 -r $root/run/service/web",
        reload => "s6-svc -h $root/run/service/web", pid => 4711,
    },
    runit => {
        make => sub {
            make_path("$root/etc/service/web/supervise", "$root/var/log/web");
            spew("$root/var/log/web/current", "it crashed\n");
            fake('sv', <<"END");
[ "\$1" = -w ] && shift 2
[ "\$1" = hup ] && set -- reload
if [ "\$1" = status ]; then
    if [ "\$(cat $root/is)" = running ]; then
        echo "run: \$2: (pid 4711) 3s"
    else
        echo "down: \$2: 3s"
    fi
else
    . $root/does
fi
END
        },
        start => "sv -w 30 start $root/etc/service/web",
        stop => "sv -w 30 stop $root/etc/service/web",
        restart => "sv -w 30 restart $root/etc/service/web",
        reload => "sv hup $root/etc/service/web", pid => 4711,
    },
    sysv => {
        make => sub {
            make_path("$root/etc/init.d", "$root/var/log");
            spew("$root/var/log/web.log", "it crashed\n");
            spew("$root/etc/init.d/web", "#!/bin/sh\n");
            chmod 0755, "$root/etc/init.d/web";
            fake('service', <<"END");
case \$2 in
status) [ "\$(cat $root/is)" = running ] || exit 3 ;;
*) shift; . $root/does ;;
esac
END
        },
        start => 'service web start', stop => 'service web stop',
        restart => 'service web restart', reload => 'service web reload',
    },
);

# What a good one does
my $good = <<"END";
case \$1 in
start | restart) echo running >$root/is ;;
stop) echo stopped >$root/is ;;
esac
END

for my $name (sort keys %managers) {
    subtest $name => sub {
        my $m = $managers{$name};
        fresh();
        $m->{make}->();
        spew("$root/does", $good);
        works($name, $m);
        fails($name);
    };
}

sub works
{
    my ($name, $m) = @_;
    my @pid = $m->{pid} ? (pid => $m->{pid}) : ();
    for (['started', 'stopped', 'start', 'running'],
        ['stopped', 'running', 'stop', 'stopped'],
        ['restarted', 'running', 'restart', 'running'],
        ['restarted', 'stopped', 'restart', 'running'],
        ['reloaded', 'running', 'reload', 'running'],
        ['reloaded', 'stopped', 'start', 'running'],
        ['restarted', 'running', 'reload', 'running', graceful => 1])
    {
        my ($state, $before, $action, $after, @more) = @$_;
        service_is($before);
        my $r = ask($state, @more);
        is_deeply done($r), [$m->{$action}], "$state when $before: $action";
        is "$r->{rc} $r->{state}", '0 changed', 'changed';
        is_deeply $r->{result}, { name => 'web', manager => $name,
            action => $action,
            before => { state => $before, $before eq 'running' ? @pid : () },
            after => { state => $after, $after eq 'running' ? @pid : () } },
            'before and after';
    }
    for my $state ('started', 'stopped') {
        service_is($state eq 'started' ? 'running' : 'stopped');
        my $r = ask($state);
        is_deeply done($r), [], "$state already: nothing is done";
        is "$r->{rc} $r->{state}", '0 ok', 'ok, not changed';
        is $r->{result}{action}, 'none', 'and said so';
    }
    return;
}

sub fails
{
    my ($name) = @_;
    my %does = (
        'it says no' => ['started', "echo no way >&2; exit 5", 'stopped',
            qr/start of web failed: exit 5/],
        'it does not come up' => ['started', 'true', 'stopped',
            qr/web is stopped after its start/],
        'it does not go' => ['stopped', 'true', 'running',
            qr/web is running after its stop/],
        'it does not come back' => ['restarted', "echo stopped >$root/is",
            'running', qr/web is stopped after its restart/],
        'it cannot reload' => ['reloaded', 'exit 3', 'running',
            qr/reload of web failed: exit 3/],
    );
    for my $what (sort keys %does) {
        my ($state, $shell, $before, $why) = @{$does{$what}};
        spew("$root/does", $shell);
        service_is($before);
        my $r = ask($state);
        is "$r->{rc} $r->{state}", '1 failed', "$what: failed";
        like $r->{err}, $why, 'why';
        like $r->{err}, qr/^it crashed/m, 'with the last lines of its log';
        is $r->{result}{before}{state}, $before, 'and what it was before';
    }
    spew("$root/does", 'echo no way >&2; exit 5');
    service_is('stopped');
    like ask('started')->{err}, qr/^no way$/m, 'what it complained';
    my $r = ask('started', name => 'nobody');
    is $r->{rc}, 1, 'a service that is not there';
    like $r->{err}, qr/no service nobody \(asked: .*\Q$name\E\)/, 'is named';
    return;
}

# -- mistakes
fresh();
$managers{systemd}{make}->();
spew("$root/does", $good);
service_is('stopped');
for ([{ name => '' }, qr/is no name of a service/],
    [{ name => '../x' }, qr/is no name/], [{ name => '-x' }, qr/is no name/],
    [{ name => 'a b' }, qr/is no name/], [{ name => 'a;b' }, qr/is no name/],
    [{ name => "a\nb" }, qr/is no name/], [{ state => 'on' }, qr/not 'on'/],
    [{ state => '' }, qr/not ''/], [{ graceful => 'yes' }, qr/not 'yes'/])
{
    my ($args, $why) = @$_;
    my $r = ask('started', %$args);
    is "$r->{rc} $r->{state}", '1 failed', "@{[%$args]}: failed";
    like $r->{err}, $why, 'and says why';
    is_deeply done($r), [], 'nothing was done';
}
fresh();
my $r = ask('started');
is $r->{rc}, 1, 'nothing looks after services';
like $r->{err}, qr/nothing looks after services here/, 'is said';

# -- two of them: the one that knows it
fresh();
$managers{runit}{make}->();
$managers{systemd}{make}->();
spew("$root/does", $good);
service_is('stopped');
is ask('started')->{result}{manager}, 'systemd', 'the first that knows it';
fake('systemctl', 'echo LoadState=not-found');
is ask('started')->{result}{manager}, 'runit', 'another, where it does not';

# -- this machine's own System V scripts, asked by a worker
my $real = "muster-test-$$";
my $script = "/etc/init.d/$real";
my $parent = $$;
my $pidfile = scratch() . '/pid';

sub running
{
    my ($pid) = -e $pidfile ? slurp($pidfile) =~ /^(\d+)$/m : ();
    return $pid && kill(0, $pid) ? $pid : 0;
}

SKIP: {
    skip 'no System V scripts that we may add to', 1
        if -d '/run/systemd/system' || -d '/run/openrc' || !-w '/etc/init.d'
        || !installed('service') || $<;
    subtest 'System V, for real' => sub { real_service() };
}
finish();

END {
    if (defined $parent && $$ == $parent) {
        my $status = $?;
        unlink $script;
        kill 'KILL', running() if running();
        $? = $status;
    }
}

sub real_service
{
    spew($script, <<"END");
#!/bin/sh
# What a careless one does: no session of its own, nothing closed.
alive() { [ -e $pidfile ] && kill -0 "\$(cat $pidfile)" 2>/dev/null; }
case \$1 in
start) alive || { sleep 1000 & echo \$! >$pidfile; } ;;
stop) alive && kill "\$(cat $pidfile)"; rm -f $pidfile ;;
restart) \$0 stop; \$0 start ;;
status) alive || exit 3 ;;
*) exit 2 ;;
esac
END
    chmod 0755, $script;
    mkdir scratch() . '/plugins';
    symlink plugin_path('service'), scratch() . '/plugins/service';
    my $w = lone_worker('worker.plugins=' . scratch() . '/plugins');
    my $d = dial_worker($w, 'ABCDEFGH');
    my $act = sub {
        my ($state) = @_;
        my $jid = $d->run("service name $real state $state");
        my $end = $d->ended($jid);
        return ("$end->{rc} $end->{state}", decode($d->results($jid)->[0]));
    };
    my ($end, $result) = $act->('started');
    is $end, '0 4', 'started: changed';
    is $result->{manager}, 'sysv', 'by its script';
    my $first = running();
    ok $first, 'it runs, and goes on when the job has ended';
    is +($act->('started'))[0], '0 0', 'again: not changed';
    is running(), $first, 'and the same one';
    is +($act->('restarted'))[0], '0 4', 'restarted: changed';
    ok running(), 'it runs';
    isnt running(), $first, 'another one';
    ($end, $result) = $act->('reloaded');
    is $end, '1 2', 'what its script cannot do fails';
    ok running(), 'and does no harm';
    is +($act->('stopped'))[0], '0 4', 'stopped: changed';
    ok !running(), 'it is gone';
    is +($act->('stopped'))[0], '0 0', 'again: not changed';
    return;
}
