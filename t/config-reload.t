# SIGHUP: a whole new configuration, or with any mistake the old one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

need_programs('musterd');

my $log = scratch() . '/musterd.log';
my $r = registry({conf => "log: {to: 'file:$log'}\n"});

# The log's lines after a SIGHUP, up to one that matches
sub reload
{
    my ($conf, $until) = @_;
    my $before = length slurp($log);
    spew($r->{conf}, $conf);
    $r->signal('HUP');
    ok eventually { substr(slurp($log), $before) =~ $until }, "says $until"
        or diag slurp($log);
    return substr slurp($log), $before;
}

my $new = reload("log: {to: 'file:$log'}\n", qr/nothing has changed/);
like $new, qr/ info musterd\[$r->{pid}\]: /, 'lines have time and level';

# a mistake: all of them told, the old kept
$new = reload("log: {to: 'file:$log', level: loud}\nnodd: x\n"
    . "limits: {name: 16}\n", qr/2 mistakes and was not read again/);
like $new, qr/ error .*:1: log\.level: 'loud'/, 'the first mistake';
like $new, qr/ error .*:2: 'nodd' is no setting/, 'the second';
my $long = 'x' x 100;
ok $r->register("$long a b"), 'and the bounds are the old ones';

# a clean one: what can change does, what cannot is said
$new = reload("log: {to: 'file:$log', format: json}\nlimits: {name: 16}\n"
    . "registry: {changes: 7}\n", qr/registry\.changes/);
like $new, qr/limits\.name is now 16, was 1K/, 'a change is told';
like $new, qr/registry\.changes is now 7, was 100000; this needs a restart/,
    'and what needs a restart';
my $c = $r->dial('new');
$c->send("$long a b\n");
like $c->line, qr/^error:/, 'the new bound holds';
ok $r->register('short a b'), 'and nothing else broke';

# told again, as it is still not in effect
$new = reload("log: {to: 'file:$log', format: json}\nlimits: {name: 16}\n"
    . "registry: {changes: 7}\n", qr/restart/);
like $new, qr/^\{"time":".*"level":"info".*restart"\}$/m, 'in JSON by now';

# the file was renamed away: a new one is made
rename $log, "$log.1" or die $!;
$r->signal('HUP');
ok eventually { slurp($log) =~ /restart/ }, 'the log is opened again';

# somewhere else
my $other = scratch() . '/other.log';
spew($r->{conf}, "log: {to: 'file:$other'}\nregistry: {changes: 7}\n");
$r->signal('HUP');
$r->register('later a b');
ok eventually { $r->signal('HUP'); slurp($other) =~ /restart/ },
    'the log goes elsewhere';
finish();
