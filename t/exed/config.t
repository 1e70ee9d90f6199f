# An EXEd's configuration file, its names as they are: what has a meaning here
# has it, of the rest the log says that it has none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterHttp;
use Test::More;

need_programs(qw(musterd muster-dispatch muster-worker muster));
my $dir = scratch();
my $reg = registry();
my $port = own_port();
my $file = spew("$dir/exe.yaml", <<"END");
api:
  listen: 127.0.0.1
  listen_port: $port
  pid_file: $dir/exed.pid
runner:
  executor: ansible
  concurrency: 3
  redis_url: redis://127.0.0.1:6379
  broker_url: amqp://guest:guest\@localhost:5672//
log:
  log_level: warning
  error_log: $dir/error.log
  access_log: $dir/access.log
dispatcher.exec: 127.0.0.1:0
END

sub settings
{
    my (@more) = @_;
    my ($rc, $out) = run_program(program('muster'), 'config', 'show', '-c',
        $file, @more);
    return $out;
}
my $shown = settings();
like $shown, qr/^dispatcher\.http:\s+127\.0\.0\.1:$port\b.*by api\.listen/m,
    'api.listen and api.listen_port are dispatcher.http';
like $shown, qr/^log\.level:\s+warn\b.*by log\.log_level/m, 'log.log_level';
like $shown, qr/^log\.to:\s+file:\Q$dir\E\/error\.log.*by log\.error_log/m,
    'log.error_log';
like $shown, qr/^worker\.slots:\s+3\b.*by runner\.concurrency/m,
    'runner.concurrency';
like settings('-o', 'dispatcher.http=off'), qr/^dispatcher\.http:\s+off\b/m,
    'ours come first';

my $d = daemon('muster-dispatch', {conf => slurp($file), exed => 1},
    '-o', 'dispatcher.registry=' . $reg->registry_address);
is $d->address('http'), "127.0.0.1:$port", 'it listens there';
is slurp("$dir/exed.pid"), "$d->{pid}\n", 'the pid file';
my $log = slurp("$dir/error.log");
like $log, qr/warn .*\b\Q$_\E is unused: /, "$_ is named as unused"
    for qw(runner.executor runner.redis_url runner.broker_url);
unlike $log, qr/ info /, 'the level holds';

ok eventually { http($d, 'GET', '/targets', face => 'http')->{status} == 200 },
    'it serves';
http($d, 'GET', '/ping?target=x%22y', face => 'http');
http($d, 'GET', '/nothing%0a"\\here?secret=1', face => 'http');
my $access;
eventually { ($access = slurp("$dir/access.log")) =~ /nothing.*\n/ };
my $time = qr{\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000};
like $access, qr{^127\.0\.0\.1 - - \[$time\] "GET /targets" 200 3$}m,
    'the access log';
like $access, qr{"GET /ping" 404 41$}m, 'what is behind the ? is left out';
like $access, qr{"GET /nothing%0a%22%5Chere" 404 \d+$}m, 'nothing ends a line';
unlike $access, qr/secret/, 'nowhere';

rename "$dir/access.log", "$dir/access.log.1";
$d->signal('HUP');
ok eventually { -e "$dir/access.log" }, 'it is opened again at SIGHUP';
$d->stop;
ok !-e "$dir/exed.pid", 'the pid file goes at the end';

my ($rc, $out) = run_program(program('muster-dispatch'), '-h');
is $rc, 0, '-h';
like $out, qr/^\s+\Q$_\E, --/m, $_ for qw(-h -v -c -d);
finish();
