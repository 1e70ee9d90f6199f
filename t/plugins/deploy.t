# The plugin deploy by itself, with the real ansible-playbook on this host: a
# role, tags, variables, results as they happen, and what is not taken.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(realpath);
use File::Path qw(make_path);
use Muster;
use MusterPlugin;
use Test::More;

plan skip_all => 'ansible is not installed' unless installed('ansible-playbook');

my $dir = realpath(scratch());
my %env = (MUSTER_ANSIBLE_PLAYBOOKS => "$dir/books",
    ANSIBLE_CONFIG => spew("$dir/ansible.cfg", ""), TMPDIR => "$dir/tmp");
mkdir "$dir/tmp";
ansible_role("$dir/books/roles/web", <<"END");
- name: the page
  ansible.builtin.copy:
    content: "{{ text | default('plain') }}{{ secret | default('') }}"
    dest: $dir/page
  tags: [page, reconfig]
- name: nobody comes here
  ansible.builtin.command: 'false'
  when: false
- name: just look
  ansible.builtin.command: 'true'
  changed_when: false
  tags: check
- name: a secret task
  ansible.builtin.command: 'echo hunter22'
  no_log: true
  tags: check
END
ansible_role("$dir/books/roles/bad", <<"END");
- name: it goes wrong and nobody minds
  ansible.builtin.command: 'false'
  ignore_errors: true
- name: it goes wrong
  ansible.builtin.command: sh -c 'echo out; echo err >&2; exit 3'
- name: never
  ansible.builtin.command: touch $dir/never
END

# Under valgrind or a sanitizer, which see nothing of it
sub slow { return ($ENV{MUSTER_TEST_SLOW} || 1) > 1 }

sub deploy
{
    my ($role, %args) = @_;
    my $secrets = delete $args{secrets};
    my $with = delete $args{env} || {};
    return plugin('deploy', { env => { %env, %$with }, secrets => $secrets,
        args => { role => $role, %args } });
}

sub steps
{
    my ($r) = @_;
    return join '; ', map { "$_->{task} $_->{state}" } @{ $r->{results} };
}

like plugin_describe('deploy'),
    qr/^op deploy args role,partial\?,extra_vars\? mutex 1 doc '[^']+'\n\z/,
    'it describes itself';

my $r = deploy('web');
is steps($r), 'the page 4; nobody comes here 1; just look 0; a secret task 4',
    'a result per task, in order' or diag $r->{out}, $r->{err};
is "$r->{state} $r->{rc}", 'changed 0', 'something has changed';
is slurp("$dir/page"), 'plain', 'and it has';
is $r->{results}[0]{role}, 'web', 'a result names the role';
is $r->{results}[0]{host}, 'here', 'and the host';
unlike $r->{three} . $r->{out}, qr/hunter22/, 'no_log is heeded';

SKIP: {
skip 'Ansible is not what a checker looks at', 11 if slow();

$r = deploy('web', partial => 'page,nosuch');
is steps($r), 'the page 0', 'tags';
is "$r->{state} $r->{rc}", 'ok 0', 'nothing has changed this time';
$r = deploy('web', partial => 'nosuch');
is "$r->{state} $r->{rc}", 'skipped 0', 'a tag that nothing has';

deploy('web', partial => 'reconfig', secrets => { secret => 'sesame' },
    extra_vars => encode({ text => qq(\x{fc}\x{1f600} "'\n{{ lookup('pipe', 'touch $dir/pwned') }}) }));
like slurp("$dir/page"), qr/^\xc3\xbc\xf0\x9f\x98\x80 "'\n\{\{ lookup/,
    'variables are data, byte for byte';
ok !-e "$dir/pwned", 'and never templates';
like slurp("$dir/page"), qr/sesame\z/, 'a secret is a variable, too';

$r = deploy('bad');
is steps($r), 'it goes wrong and nobody minds 2; it goes wrong 2',
    'a task that fails is the last';
ok $r->{results}[0]{ignored}, 'unless the role ignores it';
is_deeply [@{ $r->{results}[1] }{qw(rc stdout stderr)}], [3, 'out', 'err'],
    'with what it said';
is "$r->{state} $r->{rc}", 'failed 2', 'the job failed';
ok !-e "$dir/never", 'what follows is not run';
}

for my $bad (
    [{ role => '../etc' }, qr/role should be letters/],
    [{ role => '-x' }, qr/role should be letters/],
    [{ role => '' }, qr/role should be letters/],
    [{ role => 'nosuch' }, qr/no role nosuch in \Q$dir\E/],
    [{ partial => '--limit=x' }, qr/partial is a tag/],
    [{ partial => 'a b' }, qr/partial is a tag/],
    [{ extra_vars => '[]' }, qr/extra vars should be an json object/],
    [{ extra_vars => '@/etc/passwd' }, qr/extra vars should be an json object/],
    [{ extra_vars => '{"ansible_connection": "ssh"}' },
        qr/ansible_connection is for the inventory/],
    [{ extra_vars => '{"a b": 1}' }, qr/no variable is called 'a b'/],
) {
    my ($args, $why) = @$bad;
    my $r = deploy('web', %$args);
    like $r->{err}, $why, 'refused: ' . encode($args);
    is "$r->{rc} @{ $r->{results} }", '1 ', '- and nothing is run';
}

mkdir "$dir/empty";
symlink installed($_), "$dir/empty/$_" for qw(sh dirname readlink);
$r = deploy('web', env => { PATH => "$dir/empty" });
is $r->{rc}, 1, 'no ansible here';
like $r->{err}, qr/ansible-playbook is not installed here: apt-get install/,
    'is said, with what to do';
is_deeply [glob "$dir/tmp/*"], [], 'nothing is left behind';

done_testing;
