# The OpenAPI document against what the face does, both ways: every path and
# method that it names is there and takes the parameters that it names, and
# nothing answers that it does not name. doc/exed.md has every endpoint, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Muster;
use MusterExed;
use Test::More;

need_programs(qw(musterd muster-dispatch));
my $f = {d => dispatcher(registry())};
my $a = ask($f, 'GET', '/openapi.json');
is $a->{status}, 200, 'it is there';
my $doc = $a->{json};
like $doc->{openapi}, qr/^3\.0\.\d+$/, 'OpenAPI 3';
ok length $doc->{info}{$_}, "info: $_" for qw(title version);

# -- it is well-formed ---------------------------------------------------------
my (%ids, %known);
for my $path (sort keys %{$doc->{paths}}) {
    for my $method (sort keys %{$doc->{paths}{$path}}) {
        my $op = $doc->{paths}{$path}{$method};
        my $name = uc($method) . " $path";
        $known{$path}{uc $method} = $op;
        ok !$ids{$op->{operationId}}++, "$name: an id of its own";
        like $op->{summary}, qr/^[A-Z].*\.$/, "$name: a sentence";
        my @in_path = $path =~ /\{(\w+)\}/g;
        is_deeply [map { $_->{name} } grep { $_->{in} eq 'path' }
            @{$op->{parameters}}], \@in_path, "$name: what is in its path";
        ok !(grep { !$_->{schema} || $_->{in} !~ /^(?:path|query)$/ }
            @{$op->{parameters}}), "$name: each parameter has a schema";
        ok !(grep { !/^[2-5]\d\d$/ || !length
            $op->{responses}{$_}{description} } keys %{$op->{responses}}),
            "$name: its answers";
        is !!$op->{requestBody}, $method eq 'post', "$name: a body";
    }
}
cmp_ok scalar(keys %ids), '>=', 20, 'all of them';

# -- the document to the face --------------------------------------------------
sub concrete { (my $p = $_[0]) =~ s/\{\w+\}/x/g; return $p }
for my $path (sort keys %known) {
    for my $method (sort keys %{$known{$path}}) {
        my $op = $known{$path}{$method};
        my $a = ask($f, $method, concrete($path),
            $method eq 'POST' ? {} : undef);
        isnt $a->{status}, 405, "$method $path: the method is taken";
        isnt $a->{json} && $a->{json}{message},
            'there is nothing under this path', "$method $path: it is there"
            if ref $a->{json} eq 'HASH';
        ok $op->{responses}{$a->{status}},
            "$method $path: $a->{status} is one of its answers";
        for my $p (grep { $_->{in} eq 'query' } @{$op->{parameters}}) {
            my $a = ask($f, $method, concrete($path) . "?$p->{name}=%00");
            is $a->{status}, 400, "$p->{name}=NUL is nothing";
            $a = ask($f, $method, concrete($path) . "?$p->{name}=1");
            unlike $a->{body}, qr/unknown parameter/,
                "$method $path takes $p->{name}";
        }
        my $schema = $method eq 'POST' && $op->{requestBody}{content}
            {'application/json'}{schema} or next;
        for my $p (sort keys %{$schema->{properties}}) {
            my $a = ask($f, $method, concrete($path), {$p => 1});
            unlike $a->{body}, qr/unknown parameter/,
                "$method $path takes $p";
        }
        $a = ask($f, $method, concrete($path), {nothing => 1});
        is $a->{status}, 400, "$method $path takes nothing else";
    }
}

# -- the face to the document --------------------------------------------------
my @paths = map { concrete($_) } sort keys %known;
my %named = map { (concrete($_) => $known{$_}) } keys %known;
for my $path (@paths) {
    for my $method (qw(GET POST PUT DELETE PATCH)) {
        my $a = ask($f, $method, $path, $method eq 'POST' ? {} : undef);
        is $a->{status} == 405, !$named{$path}{$method},
            "$method $path is " . ($named{$path}{$method} ? '' : 'not ')
            . 'in the document';
    }
    my %allow = map { $_ => 1 }
        split /, /, ask($f, 'PATCH', $path)->{headers}{allow};
    delete @allow{qw(HEAD OPTIONS)};
    is_deeply [sort keys %allow], [sort keys %{$named{$path}}],
        "$path: Allow says the same";
}
# the sources' tables have no path that the document has not
my $sources = join '', map { slurp($_) }
    glob source_dir() . '/plugins/dispatch/exed/*.c';
my %in_tables = map { s/:(\w+)/{$1}/g; ($_ => 1) }
    $sources =~ /\.path = "([^"]+)"/g;
is_deeply [sort keys %in_tables], [sort keys %known], 'every row is there';

# -- the guide -----------------------------------------------------------------
my $guide = slurp(source_dir() . '/doc/exed.md');
for my $path (sort keys %known) {
    (my $plain = $path) =~ s/\{jid\}/JID/g;
    for my $method (sort keys %{$known{$path}}) {
        like $guide, qr/`\Q$method $plain\E[`?]/, "doc/exed.md: $method $plain";
        my $op = $known{$path}{$method};
        my $schema = $op->{requestBody}
            && $op->{requestBody}{content}{'application/json'}{schema};
        for my $p ((map { $_->{name} } grep { $_->{in} eq 'query' }
            @{$op->{parameters}}), keys %{$schema->{properties} || {}}) {
            like $guide, qr/`\Q$p\E`/, "doc/exed.md: $p";
        }
    }
}
finish();
