"""What python3-consul2 has beyond what consul_std.py looks at: steps of its
own. What came with Consul 1.2 and later is not there, and is told so in a way
that the library takes for nothing.
"""
import base64
import os
import tempfile
import time

import consul
from consul import base

from suite import eventually, raises, same, step


def absent(fn, *args, **kwargs):
    """A 404: no index and nothing, False where yes or no is asked, or no body.
    """
    got = fn(*args, **kwargs)
    assert got in ((None, None), False, b''), repr(got)


def b64(text):
    return base64.b64encode(text.encode()).decode()


@step
def transactions(c):
    def op(verb, key, **more):
        return {'KV': dict(Verb=verb, Key=key, **more)}

    got = c.txn.put([op('set', 'txn/a', Value=b64('1'), Flags=7),
                     op('set', 'txn/b', Value=b64('2')),
                     op('get', 'txn/a')])
    same(got['Errors'], None)
    same([r['KV']['Key'] for r in got['Results']], ['txn/a', 'txn/b', 'txn/a'])
    same(got['Results'][2]['KV']['Value'], b64('1'))
    index = got['Results'][0]['KV']['ModifyIndex']
    raises(base.ClientError, c.txn.put, [
        op('set', 'txn/b', Value=b64('3')),
        op('cas', 'txn/a', Value=b64('3'), Index=index - 1)])
    same(c.kv.get('txn/b')[1]['Value'], b'2')
    same(c.kv.delete('txn/', recurse=True), True)


@step
def snapshots(c):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, 'all.snap')
    c.kv.put('snap/a', 'one')
    same(c.snapshot.save(path), True)
    c.kv.put('snap/a', 'two')
    c.kv.put('snap/b', 'three')
    same(c.snapshot.restore(path), True)
    same(c.kv.get('snap/a')[1]['Value'], b'one')
    same(c.kv.get('snap/b')[1], None)
    raises(base.BadRequest, c.snapshot.put, b'no snapshot')
    raises(consul.ConsulException, c.snapshot.get, dc='dc2')
    os.unlink(path)
    os.rmdir(folder)


@step
def checks_with_words(c):
    """Lists of words, headers, and what else is said of a check."""
    def passes(check_id):
        same(c.agent.checks()[check_id]['Status'], 'passing')

    port = c.http.port
    for name, check in (
            ('words', consul.Check.script(['/bin/true'], '10ms')),
            ('headers', consul.Check.http(
                'http://127.0.0.1:%d/v1/status/leader' % port, '10ms',
                timeout='2s', deregister='1h', header={'x-test': ['a', 'b']},
                tls_skip_verify=True)),
            ('tcp', consul.Check.tcp('127.0.0.1', port, '10ms',
                                     timeout='2s', deregister='1h'))):
        same(c.agent.check.register(name, check), True)
        eventually(lambda: passes(name))
        same(c.agent.check.deregister(name), True)


@step
def service_meta(c):
    same(c.agent.service.register('withmeta', meta={'version': '2'}), True)
    same(c.agent.services()['withmeta']['Meta'], {'version': '2'})
    same(c.catalog.service('withmeta')[1][0]['ServiceMeta'], {'version': '2'})
    same(c.agent.service.deregister('withmeta'), True)


@step
def node_meta(c):
    same(c.catalog.register('metal', '10.0.0.3', node_meta={'rack': 'r1'},
                            service={'service': 'meta'}), True)
    same([n['Node'] for n in c.catalog.nodes(
        node_meta={'rack': 'r1'})[1]], ['metal'])
    same(c.catalog.nodes(node_meta={'rack': 'r2'})[1], [])
    same(list(c.catalog.services(node_meta={'rack': 'r1'})[1]), ['meta'])
    same(len(c.health.service('meta', node_meta={'rack': 'r1'})[1]), 1)
    same(c.health.service('meta', node_meta={'rack': 'r2'})[1], [])
    same(c.catalog.deregister('metal'), True)


@step
def query_nodes(c):
    c.catalog.register('q', '10.0.0.9', service={'service': 'qs'},
                       node_meta={'rack': 'r1'})
    c.catalog.register('q2', '10.0.0.8', service={'service': 'qs'})
    made = c.query.create('qs', name='by-rack', nodemeta={'rack': 'r1'},
                          onlypassing=True, ttl='5s', near='_agent',
                          nearestn=2, datacenters=['dc2'])
    got = c.query.execute('by-rack', limit=5)
    same([n['Node']['Node'] for n in got['Nodes']], ['q'])
    same(got['DNS'], {'TTL': '5s'})
    same(c.query.delete(made['ID']), True)
    c.catalog.deregister('q')
    c.catalog.deregister('q2')


@step
def operators(c):
    same(len(c.operator.raft.configuration()['Servers']), 1)
    raises(consul.ConsulException, c.operator.raft.delete, raft_id='other')
    same(c.operator.autopilot.configuration()['CleanupDeadServers'], True)
    same(c.operator.autopilot.health()['Healthy'], True)
    raises(base.ClientError, c.operator.autopilot.update,
           {'CleanupDeadServers': False})
    same(c.status.peers(), [c.status.leader()])


@step
def not_here(c):
    keyring = c.operator.keyring
    for fn in keyring.create, keyring.update, keyring.delete:
        refused(fn, 'c2VjcmV0')
    refused(keyring.list)
    absent(c.config.put, {'Kind': 'proxy-defaults', 'Name': 'global'})
    absent(c.config.get, 'proxy-defaults', 'global')
    absent(c.config.list, 'proxy-defaults')
    absent(c.config.delete, 'proxy-defaults', 'global')
    absent(c.connect.certificates.list)
    absent(c.connect.certificates.current)
    absent(c.connect.certificates.put, {}, 'consul')
    intentions = c.connect.intentions
    absent(intentions.create, 'a', 'b', 'consul', 'allow')
    absent(intentions.get, 'an-id')
    absent(intentions.list)
    absent(intentions.put, 'an-id', action='deny')
    absent(intentions.delete, 'an-id')
    absent(intentions.check, 'a', 'b')
    absent(intentions.list_match, 'source', 'a')
    absent(c.agent.connect.authorize, 'a', 'b', 'c')
    absent(c.agent.connect.root_certificates)
    absent(c.agent.connect.leaf_certificates, 'web')


def refused(fn, *args):
    """Gossip is not there, so its keys are not."""
    try:
        absent(fn, *args)
    except consul.ConsulException:
        pass


@step
def blocking(c):
    index, _ = c.health.service('woken')
    c.agent.service.register('woken')
    began = time.time()
    later, nodes = c.health.service('woken', index=index, wait='60s')
    assert int(later) > int(index) and time.time() - began < 50
    same([n['Service']['ID'] for n in nodes], ['woken'])
    c.agent.service.deregister('woken')


def acl_later(c, master):
    """What came with Consul 1.4's tokens; what is older than that is there."""
    raises(consul.ACLPermissionDenied, c.acl.bootstrap)
    same(c.acl.replication()['Enabled'], False)
    for fn, *args in (
            (c.acl.self,), (c.acl.create_translate, ''),
            (c.acl.get_translate, 'an-id'), (c.acl.logout,),
            (c.acl.login, 'method', 'bearer'), (c.acl.tokens.list,),
            (c.acl.policy.list,), (c.acl.roles.list,),
            (c.acl.auth_method.list,), (c.acl.binding_rule.list,)):
        absent(fn, *args, token=master)
    old = c.acl.legacy_tokens
    token = old.create(name='old', token=master)
    same(old.info(token)['Name'], 'old')
    same(old.destroy(token, token=master), True)
