# Blocking reads of keys: who is woken by what, and the indexes they get.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Muster;
use MusterConsul;
use Test::More;

need_programs('musterd');
my $reg = consul();
my $c = caller_of($reg);

sub get_index { return index_of($c->call('GET', "/v1/kv/$_[0]")) }
sub put { return $c->call('PUT', "/v1/kv/$_[0]", body => $_[1]) }

# A reader that waits: the daemon has its request before anything else is said.
sub waits
{
    my ($path, $index) = @_;
    return caller_of($reg)->hold('GET',
        "/v1/kv/$path" . ($path =~ /\?/ ? '&' : '?')
            . "index=$index&wait=60s");
}

# nobody is told of what does not concern him
sub sleeps
{
    my ($w, $what) = @_;
    $c->call('GET', '/v1/kv/turn') for 1 .. 3;
    ok $w->{conn}->silent, $what;
}

put('o/a', 1);
put('o/b', 1);
my $at = get_index('o/a');

# -- one key ------------------------------------------------------------------

my $w = waits('o/a', $at);
put('o/b', 2);
put('o', 2);
put('o/aa', 2);
sleeps($w, 'another key does not wake it');
put('o/a', 2);
my $a = $w->read;
is $a->{status}, 200, 'its own does';
is $a->{json}[0]{Value}, base64(2), 'with what it is now';
is index_of($a), $a->{json}[0]{ModifyIndex}, 'and its index';
cmp_ok index_of($a), '>', $at, 'which has moved';
is index_of(call($reg, 'GET', "/v1/kv/o/a?index=$at")), index_of($a),
    'an index of the past is answered at once';

$at = index_of($a);
$w = waits('o/a', $at);
$c->call('DELETE', '/v1/kv/o/?recurse');
$a = $w->read;
is $a->{status}, 404, 'the end of its tree wakes it, too';
cmp_ok index_of($a), '>', $at, 'with a later index';
$at = index_of($a);
is get_index('o/a'), $at, 'which it still has';

put('other', 1);
cmp_ok get_index('o/a'), '>', $at, 'that of what is absent is the newest';
$w = waits('o/a', $at);
put('other', 2);
sleeps($w, 'but a write elsewhere does not wake who waits for it');
put('o/a', 3);
is $w->read->{json}[0]{Value}, base64(3), 'when it comes, it does';

# -- trees --------------------------------------------------------------------

for my $form ('recurse', 'keys', 'keys&separator=/') {
    put('t/x/1', 1);
    $at = get_index("t/?$form");
    is $at, kv_get($reg, 't/x/1')->{ModifyIndex},
        "$form: the index is that of the last change below";
    $w = waits("t/?$form", $at);
    put('u/1', 1);
    put('t', 1);
    sleeps($w, "$form: nothing below it has changed");
    is get_index("t/?$form"), $at, "$form: nor has its index";
    put("t/y-$form", 1);
    $a = $w->read;
    is $a->{status}, 200, "$form: a new key wakes";
    cmp_ok index_of($a), '>', $at, "$form: with a later index";
    $at = index_of($a);
    $w = waits("t/?$form", $at);
    $c->call('DELETE', "/v1/kv/t/y-$form");
    $a = $w->read;
    cmp_ok index_of($a), '>', $at, "$form: so does the end of one";
    is get_index("t/?$form"), index_of($a), "$form: and is remembered";
}

# A change that changes nothing of what is listed wakes nobody
$at = get_index('t/?keys');
$c->call('GET', "/v1/kv/t/?keys&index=1");
$at = get_index('t/?keys');
$w = waits('t/?keys', $at);
put('t/x/1', 'another');
sleeps($w, 'keys: another value is not another list');
put('t/x/2', 1);
is_deeply $w->read->{json}, [qw(t/x/1 t/x/2)], 'but another key is';

# the whole tree
$at = get_index('?keys');
$w = waits('?recurse', $at);
put('anything', 1);
cmp_ok index_of($w->read), '>', $at, 'any key wakes who waits for all';

# -- waiting ------------------------------------------------------------------

$at = get_index('o/a');
$a = call($reg, 'GET', "/v1/kv/o/a?index=$at&wait=20ms");
is $a->{status}, 200, 'the wait is over';
is index_of($a), $at, 'with the index that it was';
$a = call($reg, 'GET', '/v1/kv/none?index=999999999&wait=1ms');
is $a->{status}, 404, 'a future index waits like any other';
is call($reg, 'GET', '/v1/kv/o/a?index=abc')->{body}, 'Invalid index',
    'an index that is none';
is call($reg, 'GET', '/v1/kv/o/a?index=1&wait=abc')->{body},
    'Invalid wait time', 'a wait that is none';
is call($reg, 'GET', '/v1/kv/o/a?index=1&wait=7')->{status}, 400,
    'nor is a number';

# -- many ---------------------------------------------------------------------

my $now = get_index("many/1");
my @many = map { waits("many/$_", $now) } 1 .. 200;
put('many/7', 'x');
is $many[6]->read->{json}[0]{Key}, 'many/7', 'one of many is told';
sleeps($many[$_], "not number $_") for 0, 5, 7, 199;
$c->call('DELETE', '/v1/kv/?recurse');
$_->close for @many;

finish();
