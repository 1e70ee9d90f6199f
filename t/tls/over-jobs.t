# The same of what runs jobs, and of the clients: the dispatcher dials workers
# by TLS, and everybody the registry.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use Test::More;

need_programs('musterd', 'muster', 'muster-worker', 'muster-dispatch',
    't/driver/tls-pipe');
over_tls(qw(dispatch-output exec-output client-real client-exec-real
    cli-watch worker-resume));
finish();
