# Checks of an agent's configuration that no entry can have: the line that
# muster consul-config says, run by a shell, registers them at the musterd that
# takes the rest, and they stay over a restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Muster;
use MusterConsul;
use Test::More;

need_programs(qw(muster musterd));
plan skip_all => 'there is no curl' if system 'curl --version >/dev/null 2>&1';
my $dir = scratch() . '/out';
mkdir $dir;

sub translate
{
    my ($config, @more) = @_;
    my $file = spew(scratch() . '/agent.json', JSON::PP::encode_json($config));
    return run_program(program('muster'), 'consul-config', $file, @more);
}

# a script that stays no word of the shell's
my @script = ('sh', '-c', q(echo "it's $0"; exit 1), 'a b');
my ($rc, $out, $err) = translate({
    enable_script_checks => JSON::PP::true,
    services => [{id => 'web 1', name => 'web', port => 80, checks => [
        {args => \@script, interval => '1s', token => 'secret-1'},
        {id => 'own', name => "web's", script => 'exit 0', interval => '1s'}]}],
    checks => [
        {check_id => 'mem', name => 'memory', args => \@script,
            interval => '1s', notes => 'of the node'},
        {name => 'told', ttl => '600s', status => 'passing'},
        {name => 'page', http => 'http://127.0.0.1:1/', interval => '1s',
            header => {Authorization => ['secret-2']}},
        {name => 'box', docker_container_id => 'x', args => ['y'],
            interval => '1s'},
        {name => 'what', interval => '1s'}]}, '--dir', $dir);
is $rc, 1, 'something is lost: 1';
unlike $err, qr/secret-/, 'no secret is printed';
like $err, qr/LOST: check box: it runs in a container, which is not done here$/m,
    'some cannot be had';
like $err, qr/LOST: check what: it is of no kind that is known, which/m,
    'or cannot be understood';
my @curl = $err =~ /: (curl -X PUT --data .*)/g;
is scalar(@curl), 5, 'the others have a line';
is scalar(grep { m{http://127\.0\.0\.1:8500/v1/agent/check/register} } @curl),
    5, 'to where the interface will be';
like join("\n", @curl), qr/"Header":\{"Authorization":\["\.\.\."\]\}/,
    'a header is there';
like $err, qr/check page: .*, with what its headers say for "\.\.\.": curl/m,
    'and is asked for';

my @start = ('-c', "$dir/muster.yaml", '-o', 'registry.dns=off',
    '-o', 'registry.store=sqlite:' . scratch() . '/registry.db');
my $reg = consul(@start);
for (@curl) {
    my $at = $reg->address('consul') =~ s/!/:/r;
    my $line = s/127\.0\.0\.1:8500/$at/r;
    is `$line -s -w '%{http_code}'`, 200, 'taken';
}

sub becomes
{
    my ($id, $want) = @_;
    my $c;
    eventually {
        $c = call($reg, 'GET', '/v1/agent/checks')->{json}{$id};
        $c && "$c->{ServiceID}|$c->{Status}|$c->{Output}" =~ $want;
    };
    like $c && "$c->{ServiceID}|$c->{Status}|$c->{Output}", $want, $id;
}

sub all_are_there
{
    becomes('Service web 1 check 1', qr/^web 1\|warning\|it's a b$/);
    becomes('own', qr/^web 1\|passing\|/);
    becomes('mem', qr/^\|warning\|it's a b$/);
    becomes('told', qr/^\|passing\|/);
    becomes('page', qr/^\|critical\|.*refused$/);
}
all_are_there();
is_deeply [$reg->find("service web status warning .names 1")], ['web-1'],
    'the service is as well as the worst of them';
$reg->stop;
$reg->restart;
all_are_there();

($rc, undef, $err) = translate({ports => {http => -1, https => 8501},
    services => [{name => 'w', check => {script => 'x', interval => '1s'}}]});
like $err, qr{with consul\.enable_script_checks on: curl .* https://127\.0\.0\.1:8501/},
    'by TLS alone, and where scripts are not run yet';
finish();
