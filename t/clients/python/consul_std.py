"""Debian's python3-consul on a musterd, by what its own test suite looks at:
prints a line "ok WHAT" or "not ok WHAT: WHY" for each step, for
python-consul.t.

    /usr/bin/python3 consul_std.py PORT [MASTER_TOKEN]

With a token that of a registry whose ACLs are on: the methods of those. Its
successor, python3-consul2, has the same methods and more: consul2_more.py.
"""
import base64
import json
import sys
import time

import consul

from suite import eventually, raises, run, same, step

PORT = int(sys.argv[1])
MASTER = sys.argv[2] if len(sys.argv) > 2 else None
# what the registry answers as is what their libraries were made for
NEWER = hasattr(consul.Consul, 'Txn')


# -- keys -------------------------------------------------------------------

@step
def kv(c):
    index, data = c.kv.get('foo')
    same(data, None)
    assert int(index) > 0
    same(c.kv.put('foo', 'bar'), True)
    index, data = c.kv.get('foo')
    same(data['Value'], b'bar')
    same(int(index), data['ModifyIndex'])


@step
def kv_wait(c):
    index, _ = c.kv.get('foo')
    began = time.time()
    again, _ = c.kv.get('foo', index=index, wait='20ms')
    same(index, again)
    assert time.time() - began >= 0.02


@step
def kv_encoding(c):
    same(c.kv.put('foo', 'bar'), True)
    _, data = c.kv.get('foo')
    assert isinstance(data['Key'], str)
    assert isinstance(data['Value'], bytes)
    for value in ('', None):
        same(c.kv.put('foo', value), True)
        _, data = c.kv.get('foo')
        same(data['Value'], None)
    if not NEWER:
        raises(AssertionError, c.kv.put, 'foo', {1: 2})
    same(c.kv.put('foo', b'\xff\x00\x01'), True)
    same(c.kv.get('foo')[1]['Value'], b'\xff\x00\x01')


@step
def kv_cas(c):
    c.kv.delete('foo')
    same(c.kv.put('foo', 'bar', cas=50), False)
    same(c.kv.put('foo', 'bar', cas=0), True)
    index = c.kv.get('foo')[1]['ModifyIndex']
    same(c.kv.put('foo', 'bar2', cas=index - 1), False)
    same(c.kv.put('foo', 'bar2', cas=index), True)
    same(c.kv.get('foo')[1]['Value'], b'bar2')


@step
def kv_flags(c):
    same(c.kv.put('foo', 'bar'), True)
    same(c.kv.get('foo')[1]['Flags'], 0)
    same(c.kv.put('foo', 'bar', flags=50), True)
    same(c.kv.get('foo')[1]['Flags'], 50)


@step
def kv_recurse(c):
    same(c.kv.get('tree/', recurse=True)[1], None)
    for key in ('tree/', 'tree/a', 'tree/b', 'tree/c/d'):
        same(c.kv.put(key, 'x'), True)
    _, data = c.kv.get('tree/', recurse=True)
    same([d['Key'] for d in data], ['tree/', 'tree/a', 'tree/b', 'tree/c/d'])
    same([d['Value'] for d in data], [b'x'] * 4)


@step
def kv_keys_only(c):
    same(c.kv.put('base/foo', 'x'), True)
    same(c.kv.put('base/base/foo', 'x'), True)
    same(c.kv.get('base/', keys=True, separator='/')[1],
         ['base/base/', 'base/foo'])


@step
def kv_delete(c):
    for key in ('del/1', 'del/2', 'del/3'):
        c.kv.put(key, 'x')
    same(c.kv.delete('del/2'), True)
    same(c.kv.get('del/', keys=True)[1], ['del/1', 'del/3'])
    same(c.kv.delete('del/', recurse=True), True)
    same(c.kv.get('del/', keys=True)[1], None)


@step
def kv_delete_cas(c):
    same(c.kv.put('foo', 'bar'), True)
    index, _ = c.kv.get('foo')
    same(c.kv.delete('foo', cas=int(index) + 1), False)
    same(c.kv.delete('foo', cas=index), True)
    same(c.kv.get('foo')[1], None)


@step
def kv_acquire_release(c):
    raises(consul.ConsulException, c.kv.put, 'foo', 'bar', acquire='foo')
    one = c.session.create()
    two = c.session.create()
    same(c.kv.put('foo', '1', acquire=one), True)
    same(c.kv.put('foo', '2', acquire=two), False)
    same(c.kv.put('foo', '1', acquire=one), True)
    same(c.kv.put('foo', '1', release='foo'), False)
    same(c.kv.put('foo', '2', release=two), False)
    same(c.kv.put('foo', '2', release=one), True)
    c.session.destroy(one)
    c.session.destroy(two)
    c.kv.delete('foo')


# -- events -----------------------------------------------------------------

def payload(event):
    """The newer one forgets to decode it."""
    return base64.b64decode(event['Payload']) if NEWER else event['Payload']


@step
def event(c):
    same(c.event.list()[1], [])
    first = c.event.fire('fooname', 'foobody')
    same(first['Name'], 'fooname')
    index, events = c.event.list()
    assert index != '0'
    same(payload(events[0]), b'foobody')
    c.event.fire('othername', 'otherbody')
    same(c.event.list('fooname')[1][0]['Name'], 'fooname')
    same(payload(c.event.list('othername')[1][0]), b'otherbody')


# -- agent ------------------------------------------------------------------

def check_of(c, check_id):
    return c.agent.checks()[check_id]


@step
def agent_checks(c):
    def passes(check_id):
        same(check_of(c, check_id)['Status'], 'passing')

    same(c.agent.check.register('noted', consul.Check.script('/bin/true', 10),
                                notes='hello world'), True)
    same(check_of(c, 'noted')['Notes'], 'hello world')
    same(c.agent.check.deregister('noted'), True)
    same('noted' in c.agent.checks(), False)
    same(c.agent.check.register(
        'name', consul.Check.script('/bin/true', 10), check_id='check_id'),
        True)
    same(check_of(c, 'check_id')['Name'], 'name')
    eventually(lambda: passes('check_id'))
    c.agent.check.deregister('check_id')
    # its own root, as the suite of that library does it
    same(c.agent.check.register('http', consul.Check.http(
        'http://127.0.0.1:%d' % PORT, '10ms', timeout='2s')), True)
    eventually(lambda: passes('http'))
    c.agent.check.deregister('http')
    same(c.agent.check.register('tcp', consul.Check.tcp(
        '127.0.0.1', PORT, '10ms')), True)
    eventually(lambda: passes('tcp'))
    c.agent.check.deregister('tcp')


@step
def agent_ttl(c):
    def has(status, output):
        check = check_of(c, 'ttl')
        same((check['Status'], check['Output']), (status, output))

    same(c.agent.check.register('ttl', consul.Check.ttl('2s')), True)
    has('critical', '')
    same(c.agent.check.ttl_warn('ttl', 'thou'), True)
    has('warning', 'thou')
    same(c.agent.check.ttl_fail('ttl', 'whoops'), True)
    has('critical', 'whoops')
    same(c.agent.check.ttl_pass('ttl', 'whee'), True)
    has('passing', 'whee')
    eventually(lambda: same(check_of(c, 'ttl')['Status'], 'critical'))
    assert 'TTL expired' in check_of(c, 'ttl')['Output']
    raises(consul.ConsulException, c.agent.check.ttl_pass, 'no-such-check')
    same(c.agent.check.deregister('ttl'), True)


@step
def service_dereg_issue_156(c):
    service_id = 'app#127.0.0.1#3000'
    c.agent.service.register('app', service_id=service_id)
    same([n['ServiceID'] for n in c.catalog.service('app')[1]], [service_id])
    same(c.agent.service.deregister(service_id), True)
    same(c.catalog.service('app')[1], [])


@step
def agent_checks_service_id(c):
    c.agent.service.register('foo1')
    same(c.agent.check.register('foo', consul.Check.ttl('100ms'),
                                service_id='foo1'), True)
    _, nodes = c.health.service('foo1')
    # later ones show the node's own checks first
    order = -1 if NEWER else 1
    same([x['ServiceID'] for x in nodes[0]['Checks']], ['foo1', ''][::order])
    same([x['CheckID'] for x in nodes[0]['Checks']],
         ['foo', 'serfHealth'][::order])
    # the first of its name
    same(c.agent.check.deregister('foo'), True)
    same(c.agent.service.deregister('foo1'), True)


@step
def agent_register_check_no_service_id(c):
    raises(consul.ConsulException, c.agent.check.register, 'foo',
           consul.Check.ttl('100ms'), service_id='foo1')
    same(c.agent.checks(), {})


@step
def agent_enable_tag_override(c):
    for override in (True, False):
        c.agent.service.register('foo', enable_tag_override=override)
        same(c.agent.services()['foo']['EnableTagOverride'], override)
    c.agent.service.deregister('foo')


@step
def agent_service_maintenance(c):
    c.agent.service.register('foo', check=consul.Check.ttl('60s'))
    same(c.agent.service.maintenance('foo', 'true', 'test'), True)
    check = check_of(c, '_service_maintenance:foo')
    same((check['Status'], check['Notes']), ('critical', 'test'))
    same(c.agent.service.maintenance('foo', 'false'), True)
    assert '_service_maintenance:foo' not in c.agent.checks()
    c.agent.service.deregister('foo')


@step
def agent_node_maintenance(c):
    same(c.agent.maintenance('true', 'test'), True)
    same(check_of(c, '_node_maintenance')['Notes'], 'test')
    same(c.agent.maintenance('false'), True)
    assert '_node_maintenance' not in c.agent.checks()


@step
def agent_members(c):
    members = c.agent.members()
    for member in members:
        same(member['Status'], 1)
        assert member['Name'] and member['Addr']
    same(c.agent.self()['Member'] in members, True)
    for member in c.agent.members(wan=True):
        assert '.' in member['Name']


@step
def agent_self(c):
    same(set(c.agent.self()), {'Member', 'Stats', 'Config', 'Coord'} |
         ({'DebugConfig', 'Meta'} if NEWER else set()))


@step
def agent_services(c):
    itself = set() if NEWER else {'consul'}
    same(set(c.agent.services()), itself)
    same(c.agent.service.register('foo'), True)
    same(set(c.agent.services()), itself | {'foo'})
    shown = {
        'Port': 0, 'ID': 'foo', 'CreateIndex': 0, 'ModifyIndex': 0,
        'EnableTagOverride': False, 'Service': 'foo', 'Tags': None,
        'Address': ''}
    if NEWER:
        shown.update(Tags=[], Meta=None)
    same(c.agent.services()['foo'], shown)
    same(c.agent.service.deregister('foo'), True)
    same(set(c.agent.services()), itself)
    c.agent.service.register('foo', address='10.10.10.1')
    same(c.agent.services()['foo']['Address'], '10.10.10.1')
    c.agent.service.deregister('foo')


@step
def agent_join(c):
    raises(consul.ConsulException, c.agent.join, '127.0.0.1:1')
    same(c.agent.force_leave('nobody'), True)


# -- the catalog ------------------------------------------------------------

@step
def catalog(c):
    def unknown(fn, *args, **kwargs):
        raises(consul.ConsulException, fn, *args, dc='dc2', **kwargs)

    _, nodes = c.catalog.nodes()
    same(len(nodes), 1)
    current = nodes[0]

    same(c.catalog.datacenters(), ['dc1'])
    unknown(c.catalog.register, 'foo', '10.1.10.11')
    same(c.catalog.register('n1', '10.1.10.11', dc='dc1'), True)
    unknown(c.catalog.nodes)

    # the row of this node stays as it is
    index, nodes = c.catalog.nodes(dc='dc1')
    nodes.remove(current)
    same([x['Node'] for x in nodes], ['n1'])

    same(c.catalog.register('n2', '10.1.10.12'), True)
    index, nodes = c.catalog.nodes()
    nodes.remove(current)
    same([x['Node'] for x in nodes], ['n1', 'n2'])

    # a node with a service and a check
    same(c.catalog.register('n1', '10.1.10.11', service={'service': 's1'},
                            check={'name': 'c1'}), True)
    _, nodes = c.catalog.nodes()
    nodes.remove(current)
    same([x['Node'] for x in nodes], ['n1', 'n2'])
    same(c.catalog.register('n1', '10.1.10.11', service={'service': 's1'}),
         True)

    unknown(c.catalog.node, 'n1')
    _, node = c.catalog.node('n1', dc='dc1')
    assert node['Services']
    same(node['Services'].keys(), {'s1'})
    same(c.catalog.node('n3')[1], None)

    same(c.catalog.register(
        'n1', '10.1.10.11', service={'service': 's1', 'tags': ['master']}),
        True)
    unknown(c.catalog.services)
    same(c.catalog.services(dc='dc1')[1], {'s1': ['master'], 'consul': []})
    unknown(c.catalog.service, 's1')
    same([x['Node'] for x in c.catalog.service('s1')[1]], ['n1'])
    same(c.catalog.register(
        'n2', '10.1.10.12', service={'service': 's1', 'tags': ['slave']}),
        True)
    same(c.catalog.services()[1]['s1'].sort(), None)
    same([x['Node'] for x in c.catalog.service('s1')[1]], ['n1', 'n2'])
    same([x['Node'] for x in c.catalog.service('s1', tag='master')[1]], ['n1'])

    unknown(c.catalog.deregister, 'n2')
    same(c.catalog.deregister('n1', check_id='c1', dc='dc1'), True)
    same(c.catalog.deregister('n2', service_id='s1'), True)
    same([x['Node'] for x in c.catalog.service('s1')[1]], ['n1'])
    same(c.catalog.deregister('n1'), True)
    _, nodes = c.catalog.nodes()
    nodes.remove(current)
    same([x['Node'] for x in nodes], ['n2'])
    same(c.catalog.deregister('n2'), True)
    _, nodes = c.catalog.nodes()
    nodes.remove(current)
    same(nodes, [])


# -- health -----------------------------------------------------------------

@step
def health_service(c):
    def passing():
        _, nodes = c.health.service('foo', passing=True)
        return [n['Service']['ID'] for n in nodes]

    same(c.health.service('foo')[1], [])
    c.agent.service.register('foo', service_id='foo:1',
                             check=consul.Check.ttl('600s'))
    c.agent.service.register('foo', service_id='foo:2',
                             check=consul.Check.ttl('2s'))
    same([n['Service']['ID'] for n in c.health.service('foo')[1]],
         ['foo:1', 'foo:2'])
    same(passing(), [])
    c.agent.check.ttl_pass('service:foo:1')
    same(passing(), ['foo:1'])
    c.agent.check.ttl_pass('service:foo:2')
    same(passing(), ['foo:1', 'foo:2'])
    eventually(lambda: same(passing(), ['foo:1']))
    c.agent.service.deregister('foo:1')
    c.agent.service.deregister('foo:2')
    same(c.health.service('foo')[1], [])


@step
def health_service_filter(c):
    def tagged(tag):
        _, nodes = c.health.service('foo', tag=tag)
        return [n['Service']['ID'] for n in nodes]

    for number, tags in (1, ['tag:foo:1']), (2, []):
        c.agent.service.register('foo', service_id='foo:%d' % number,
                                 check=consul.Check.ttl('600s'), tags=tags)
        c.agent.check.ttl_pass('service:foo:%d' % number)
    same(tagged('tag:foo:1'), ['foo:1'])
    same(tagged(None), ['foo:1', 'foo:2'])
    for number in 1, 2:
        c.agent.service.deregister('foo:%d' % number)


@step
def health_state(c):
    def ids(state):
        return [n['ServiceID'] for n in c.health.state(state)[1]]

    same(ids('any'), [''])
    for number in 1, 2:
        c.agent.service.register('foo', service_id='foo:%d' % number,
                                 check=consul.Check.ttl('600s'))
    same(sorted(ids('any')), ['', 'foo:1', 'foo:2'])
    same(ids('passing'), [''])
    c.agent.check.ttl_pass('service:foo:1')
    same(sorted(ids('passing')), ['', 'foo:1'])
    for number in 1, 2:
        c.agent.service.deregister('foo:%d' % number)
    same(ids('any'), [''])


@step
def health_node(c):
    node = c.agent.self()['Config']['NodeName']
    same([x['CheckID'] for x in c.health.node(node)[1]], ['serfHealth'])


@step
def health_checks(c):
    c.agent.service.register('foobar', service_id='foobar',
                             check=consul.Check.ttl('600s'))
    _, checks = c.health.checks('foobar')
    same([x['CheckID'] for x in checks], ['service:foobar'])
    c.agent.service.deregister('foobar')
    same(c.health.checks('foobar')[1], [])


# -- sessions ---------------------------------------------------------------

@step
def session(c):
    raises(consul.ConsulException, c.session.create, node='n2')
    raises(consul.ConsulException, c.session.create, dc='dc2')
    session_id = c.session.create('my-session')
    raises(consul.ConsulException, c.session.list, dc='dc2')
    _, sessions = c.session.list()
    same([x['Name'] for x in sessions], ['my-session'])
    raises(consul.ConsulException, c.session.info, session_id, dc='dc2')
    same(c.session.info('1' * 36)[1], None)
    same(c.session.info(session_id)[1]['Name'], 'my-session')
    node = sessions[0]['Node']
    raises(consul.ConsulException, c.session.node, node, dc='dc2')
    same([x['Name'] for x in c.session.node(node)[1]], ['my-session'])
    raises(consul.ConsulException, c.session.destroy, session_id, dc='dc2')
    same(c.session.destroy(session_id), True)
    same(c.session.list()[1], [])


@step
def session_delete_ttl_renew(c):
    session_id = c.session.create(behavior='delete', ttl=20)
    raises(consul.NotFound, c.session.renew, '1' * 36)
    same(c.session.renew(session_id)['Behavior'], 'delete')
    same(c.session.renew(session_id)['TTL'], '20s')
    same(c.kv.put('foo', 'bar', acquire=session_id), True)
    same(c.kv.get('foo')[1]['Session'], session_id)
    c.session.destroy(session_id)
    same(c.kv.get('foo')[1], None)


# -- the rest ---------------------------------------------------------------

@step
def acl_disabled(c):
    for fn, args in ((c.acl.list, ()), (c.acl.info, ('foo',)),
                     (c.acl.create, ()), (c.acl.update, ('foo',)),
                     (c.acl.clone, ('foo',)), (c.acl.destroy, ('foo',))):
        raises(consul.ACLDisabled, fn, *args)


@step
def status(c):
    agent = c.agent.self()
    if NEWER:
        address = agent['DebugConfig']['AdvertiseAddrLAN'] + ':%d' % (
            agent['DebugConfig']['ServerPort'])
    else:
        address = '%s:%d' % (agent['Config']['AdvertiseAddr'],
                             agent['Config']['Ports']['Server'])
    same(c.status.leader(), address)
    same(c.status.peers(), [address])


@step
def query(c):
    def exact(got, **wanted):
        same({k: got[k] for k in wanted}, wanted)

    c.catalog.register('q', '10.0.0.9', service={'service': 'foo'})
    same(c.query.list(), [])
    query_id = c.query.create('foo', name='foo')['ID']
    exact(c.query.get(query_id)[0], ID=query_id, Name='foo')
    same(len(c.query.list()), 1)
    explained = c.query.explain('foo')['Query']
    exact(explained, Name='foo')
    exact(explained['Service'], Service='foo')
    same(c.query.update(query_id, service='foo', name='foobar'), True)
    same([n['Node']['Node'] for n in c.query.execute('foobar')['Nodes']],
         ['q'])
    # what it makes is always a template
    exact(c.query.explain('foobar-and-more')['Query'], Name='foobar')
    same(c.query.delete(query_id), True)
    c.catalog.deregister('q')


@step
def coordinate(c):
    same(c.coordinate.nodes() is not None, True)
    data = c.coordinate.datacenters()
    same(set(data[0]), {'Datacenter', 'Coordinates'} |
         ({'AreaID'} if NEWER else set()))


@step
def operator(c):
    config = c.operator.raft_config()
    same(config['Index'], 1)
    same([s['Leader'] for s in config['Servers']], [True])
    same([s['Voter'] for s in config['Servers']], [True])


# -- with ACLs --------------------------------------------------------------

RULES = json.dumps({'key': {'': {'policy': 'read'},
                            'private/': {'policy': 'deny'}},
                    'service': {'foo-': {'policy': 'write'},
                                'bar-': {'policy': 'read'}}})


def acl_permission_denied(c):
    denied = consul.ACLPermissionDenied
    raises(denied, c.acl.list)
    raises(denied, c.acl.create)
    raises(denied, c.acl.update, 'anonymous')
    raises(denied, c.acl.clone, 'anonymous')
    raises(denied, c.acl.destroy, 'anonymous')


def acl_explicit_token_use(c):
    master = MASTER
    same(len(c.acl.list(token=master)), 2)
    same(c.acl.info('1' * 36), None)
    compare = [c.acl.info(master), c.acl.info('anonymous')]
    same(sorted(c.acl.list(token=master), key=lambda t: t['ID']),
         sorted(compare, key=lambda t: t['ID']))
    token = c.acl.create(name='my-token', rules=RULES, token=master)
    same(c.acl.info(token)['Name'], 'my-token')
    same(c.acl.info(token)['Rules'], RULES)
    copy = c.acl.clone(token, token=master)
    same(c.acl.info(copy)['Rules'], RULES)
    same(c.acl.update(copy, name='the copy', token=master), copy)
    same(c.acl.info(copy)['Name'], 'the copy')
    same(c.acl.destroy(copy, token=master), True)
    same(c.acl.info(copy), None)


def acl_rules(c):
    master = MASTER
    token = c.acl.create(rules=RULES, token=master)
    same(c.kv.put('private/foo', 'bar', token=master), True)
    same(c.kv.put('foo', 'bar', token=master), True)
    same(c.kv.get('foo', token=token)[1]['Value'], b'bar')
    denied = consul.ACLPermissionDenied
    raises(denied, c.kv.put, 'foo', 'x', token=token)
    raises(denied, c.kv.delete, 'foo', token=token)
    # may write foo-, may only see bar-; 0.7 refuses without a word
    c.agent.service.register('foo-1', token=token)
    if NEWER:
        raises(denied, c.kv.get, 'private/foo', token=token)
        raises(denied, c.agent.service.register, 'bar-1', token=token)
    else:
        same(c.kv.get('private/foo', token=token)[1], None)
        c.agent.service.register('bar-1', token=token)
    same([n['ServiceName'] for n in c.catalog.service('foo-1',
                                                      token=token)[1]],
         ['foo-1'])
    same(c.catalog.service('bar-1', token=token)[1], [])
    c.agent.service.deregister('foo-1')
    if not NEWER:
        c.agent.service.deregister('bar-1')
    c.acl.destroy(token, token=master)
    raises(consul.ACLPermissionDenied, c.kv.get, 'foo', token=token)


def acl_implicit_token_use(c):
    mine = consul.Consul(port=PORT, token=MASTER)
    same(len(mine.acl.list()) >= 2, True)
    token = mine.acl.create(name='of mine')
    same(mine.acl.info(token)['Name'], 'of mine')
    mine.acl.destroy(token)


# -- all --------------------------------------------------------------------

def main():
    if NEWER:
        import consul2_more
    client = consul.Consul(port=PORT)
    if MASTER:
        steps = [acl_permission_denied, acl_explicit_token_use, acl_rules,
                 acl_implicit_token_use]
        if NEWER:
            def acl_later(c):
                consul2_more.acl_later(c, MASTER)
            steps.append(acl_later)
        run(client, steps,
            lambda path: path.startswith('acl.') and path.count('.') == 1)
    else:
        run(client, step.all, lambda path: not path.startswith(
            ('http.', 'acl.')) and path != 'connect')


main()
