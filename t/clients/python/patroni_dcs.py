"""What Patroni keeps in Consul, by its own module for it: two members of a
cluster, one leader of them. Prints a line "ok WHAT" or "not ok WHAT: WHY" for
each step, for patroni.t.

    /usr/bin/python3 patroni_dcs.py PORT STEPS

STEPS: all, or ttl, of a registry that says what its shortest session is.
"""
import logging
import sys
import threading

import consul
from patroni.dcs.consul import Consul, ConsulError

from suite import raises, same, step, try_step

PORT = int(sys.argv[1])


def member(name, **more):
    """One of the two, as patroni.yml says it."""
    config = {'scope': 'my_db', 'namespace': 'service', 'name': name,
              'host': '127.0.0.1:%d' % PORT, 'ttl': 600, 'loop_wait': 10,
              'retry_timeout': 90, 'register_service': True}
    config.update(more)
    return Consul(config)


def told(number, role, state='running'):
    """What a member tells of itself."""
    return {'conn_url': 'postgres://127.0.0.1:%d/postgres' % number,
            'api_url': 'http://127.0.0.1:%d/patroni' % PORT,
            'state': state, 'role': role, 'xlog_location': number}


def leader(dcs):
    found = dcs.get_cluster().leader
    return found and found.name


def watched(dcs, index, then):
    """What its watch of the leader's key gives when something happens."""
    got = []
    # the first one after it was made only says that there is news
    same(dcs.watch(None, 0), True)
    thread = threading.Thread(target=lambda: got.append(dcs.watch(index, 60)))
    thread.start()
    then()
    thread.join()
    return got[0]


@step
def bootstrap(c):
    same(c.one.initialize(create_new=True), True)
    same(c.two.initialize(create_new=True), False)
    same(c.one.initialize(create_new=False, sysid='4711'), True)
    same(c.two.get_cluster().initialize, '4711')


@step
def configuration(c):
    same(c.one.set_config_value('{"ttl": 60}'), True)
    config = c.two.get_cluster().config
    same(config.data, {'ttl': 60})
    same(c.two.set_config_value('{"ttl": 61}', config.index - 1), False)
    same(c.two.set_config_value('{"ttl": 61}', config.index), True)


@step
def one_leader(c):
    same(c.one.attempt_to_acquire_leader(), True)
    same(c.two.attempt_to_acquire_leader(), False)
    same(leader(c.two), 'n1')


@step
def members(c):
    c.one.get_cluster()
    same(c.one.touch_member(told(1, 'master')), True)
    c.two.get_cluster()
    same(c.two.touch_member(told(2, 'replica')), True)
    # what has not changed is not written
    before = {m.name: m.index for m in c.one.get_cluster().members}
    same(c.one.touch_member(told(1, 'master')), True)
    cluster = c.two.get_cluster()
    same({m.name: m.index for m in cluster.members}, before)
    same(sorted(m.name for m in cluster.members), ['n1', 'n2'])
    same(cluster.leader.member.data['role'], 'master')


@step
def services(c):
    _, found = c.consul.catalog.service('my-db')
    same([(s['ServiceID'], s['ServicePort'], s['ServiceTags'])
          for s in found], [('my_db/n1', 1, ['master', 'primary']),
                            ('my_db/n2', 2, ['replica'])])
    _, found = c.consul.catalog.service('my-db', tag='master')
    same([s['ServiceID'] for s in found], ['my_db/n1'])


@step
def status(c):
    c.one.get_cluster()
    same(c.one.update_leader(1234, {'slot': 5}, {'n1': 'url'}), True)
    cluster = c.two.get_cluster()
    same((cluster.last_lsn, cluster.slots, cluster.failsafe),
         (1234, {'slot': 5}, {'n1': 'url'}))
    same(c.one.set_history_value('[[1, 2, "reason"]]'), True)
    same(c.two.get_cluster().history.lines, [[1, 2, 'reason']])


@step
def sync_state(c):
    same(c.one.write_sync_state('n1', ['n2']), True)
    sync = c.two.get_cluster().sync
    same((sync.leader, sync.members), ('n1', ['n2']))
    same(c.two.write_sync_state('n2', ['n1'], index=sync.index - 1), False)
    same(c.two.delete_sync_state(index=sync.index), True)


@step
def switchover(c):
    """One gives up, the other is told and takes over."""
    same(c.one.manual_failover('n1', 'n2'), True)
    cluster = c.two.get_cluster()
    same((cluster.failover.leader, cluster.failover.candidate), ('n1', 'n2'))
    c.one.get_cluster()
    same(watched(c.two, cluster.leader.index, c.one.delete_leader), True)
    same(leader(c.two), None)
    same(c.two.attempt_to_acquire_leader(), True)
    same(c.one.attempt_to_acquire_leader(), False)
    same(c.two.manual_failover('', '', index=cluster.failover.index), True)


@step
def lost_session(c):
    """Its keys go with it; a new one is made where it is missed."""
    session = c.two.get_cluster().leader.session
    same(c.consul.session.destroy(session), True)
    cluster = c.one.get_cluster()
    same(cluster.leader, None)
    same([m.name for m in cluster.members], ['n1'])
    same(c.two.attempt_to_acquire_leader(), True)
    same(leader(c.one), 'n2')
    same(c.two.get_cluster() and c.two.touch_member(told(2, 'master')), True)
    same(sorted(m.name for m in c.one.get_cluster().members), ['n1', 'n2'])


@step
def end(c):
    c.one.get_cluster()
    same(c.one.touch_member(told(1, 'replica', 'stopped')), True)
    _, found = c.consul.catalog.service('my-db')
    same([s['ServiceID'] for s in found], ['my_db/n2'])
    same(c.one.delete_cluster(), True)
    cluster = c.two.get_cluster()
    same((cluster.initialize, cluster.leader, cluster.members),
         (None, None, []))


def too_short_a_ttl(_):
    """Half of it is less than a session lasts at least: it is told how long
    that is, and makes do with it."""
    short = member('n3', ttl=4, patronictl=True)
    raises(ConsulError, short.refresh_session)
    same(short.ttl, 20.0)
    same(short.refresh_session(), True)


class Cluster:
    def __init__(self):
        self.consul = consul.Consul(port=PORT)
        self.one = member('n1')
        self.two = member('n2')


def main():
    logging.disable(logging.CRITICAL)
    if sys.argv[2] == 'ttl':
        try_step(too_short_a_ttl, None)
        try_step(bootstrap, Cluster())
        return
    cluster = Cluster()
    for fn in step.all:
        try_step(fn, cluster)


main()
