# What a check of the catalog says of how it is done is kept for who does it
# elsewhere, as consul-esm: nothing is done here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $store = 'sqlite:' . scratch() . '/store';
my $reg = consul('-o', "registry.store=$store");

# A node with a check of that definition; the answer
sub registered
{
    my ($definition) = @_;
    return call($reg, PUT => '/v1/catalog/register', body => '{"Node":"ext",'
        . '"Address":"10.0.0.1","Check":{"Name":"c","Status":"passing",'
        . qq("Definition":$definition}}));
}

sub shown
{
    my $a = call($reg, GET => '/v1/health/node/ext');
    return $a->{json}[0]{Definition};
}

is registered('{"HTTP":"http://10.0.0.1/","Interval":"90s","timeout":'
    . '2000000000,"Method":"HEAD","TLSSkipVerify":true,"TCP":"","other":1,'
    . '"Header":{"Accept":["a","b\"\n"]},'
    . '"DeregisterCriticalServiceAfter":"0s"}')->{body}, 'true',
    'a check says how it is done';
my $full = {HTTP => 'http://10.0.0.1/', Interval => '1m30s', Timeout => '2s',
    Method => 'HEAD', TLSSkipVerify => JSON::PP::true,
    Header => {Accept => ['a', "b\"\n"]}};
is_deeply shown(), $full, 'which is shown as Go writes it';
like call($reg, GET => '/v1/health/node/ext?pretty')->{body},
    qr/"Definition": \{"HTTP":"http:/, 'also to people';

my $snapshot = call($reg, GET => '/v1/snapshot')->{body};
my $before = call($reg, GET => '/v1/health/node/ext');
$reg->stop;
$reg->restart;
my $after = call($reg, GET => '/v1/health/node/ext');
is_deeply $after->{json}, $before->{json}, 'it is there after a restart';

my $c = caller_of($reg);
$c->hold(GET => '/v1/health/state/any?index=' . index_of($after));
registered('{"TCP":"10.0.0.1:80"}');
is_deeply [grep { $_ } map { $_->{Definition}{TCP} } @{$c->read->{json}}],
    ['10.0.0.1:80'], 'who waits is told of another';
my $index = index_of(call($reg, GET => '/v1/health/node/ext'));
registered('{"TCP":"10.0.0.1:80"}');
is index_of(call($reg, GET => '/v1/health/node/ext')), $index,
    'and the same one is no change';
is call($reg, PUT => '/v1/snapshot', body => $snapshot)->{status}, 200,
    'a snapshot is put back';
is_deeply shown(), $full, 'and has it';
for my $none ('{}', 'null', '{"HTTP":""}') {
    registered($none);
    is_deeply shown(), {}, "$none says nothing";
}

my $long = 'x' x 4096;
for (['[]', qr/'Definition' expected a map/],
    ['{"HTTP":5}', qr/'HTTP' expected type 'string'/],
    ['{"Interval":"soon"}', qr/invalid duration "?soon/],
    ['{"Header":{"a":"b"}}', qr/'Header\[a\]': source data must be an array/],
    ['{"Header":{"a":[1]}}', qr/'Header' expected type 'string'/],
    [qq({"TCP":"$long"}), qr/'Definition' is longer than 4096 bytes/])
{
    my ($definition, $why) = @$_;
    my $a = registered($definition);
    is $a->{status}, 400, 'refused: ' . substr $definition, 0, 30;
    like $a->{body}, $why, 'it is told why';
}
finish();
