# Tests of the registry's faces that know nothing of TLS, over TLS: slow
# readers, half-open connections and pieces of any size among them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterTLS;
use Test::More;

need_programs('musterd', 'muster', 't/driver/tls-pipe');
over_tls(qw(new-ack new-byte-by-byte new-no-newline new-persist new-replace
    new-ttl find-keep find-many find-paging event-coalesce event-detail
    event-since hostile-half-open hostile-never-reads hostile-slow-watcher));
finish();
