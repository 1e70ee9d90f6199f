// Every method of the npm package consul, called on a musterd: prints a line
// "ok WHAT" or "not ok WHAT: WHY" for each step, for node-consul.t.
//
//   node consul.js HOST:PORT [TOKEN]
//
// With a token that of a registry whose ACLs are on: the methods of those.
'use strict';
const assert = require('assert');
const Consul = require('consul');

const [, , address, token] = process.argv;
const [host, port] = address.split(':');
const consul = new Consul({ host, port, defaults: token ? { token } : {} });
const called = new Set();

// The methods of an object and of those below it, by their names
function methods(object, path) {
  const found = [];
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(object)))
    if (name !== 'constructor' && !name.startsWith('_'))
      found.push([object, name, path + name]);
  for (const [name, value] of Object.entries(object))
    if (value && value.consul === consul)
      found.push(...methods(value, path + name + '.'));
  return found;
}

const all = methods(consul, '');
for (const [object, name, path] of all) {
  const method = object[name];
  object[name] = function (...args) {
    called.add(path);
    return method.apply(this, args);
  };
}

async function step(what, does) {
  try {
    await does();
    console.log(`ok ${what}`);
  } catch (error) {
    const lines = String(error.stack || error).split('\n').slice(0, 4);
    console.log(`not ok ${what}: ${lines.join(' | ')}`);
  }
}

const refused = (promise, status) =>
  assert.rejects(promise, (e) => {
    assert.strictEqual(e.response && e.response.statusCode, status,
      String(e));
    return true;
  });

async function eventually(what) {
  for (let i = 0; ; i++) {
    try {
      return await what();
    } catch (error) {
      if (i === 100) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

async function status() {
  await step('status.leader', async () =>
    assert.match(await consul.status.leader(), /^[0-9.]+:[0-9]+$/));
  await step('status.peers', async () =>
    assert.deepStrictEqual(await consul.status.peers(),
      [await consul.status.leader()]));
}

async function kv() {
  await step('kv.set', async () => {
    assert.strictEqual(await consul.kv.set('n/a', 'one'), true);
    assert.strictEqual(await consul.kv.set({ key: 'n/b/c', value: 'two',
      flags: 42 }), true);
  });
  await step('kv.get', async () => {
    const pair = await consul.kv.get('n/a');
    assert.strictEqual(pair.Value, 'one');
    assert.strictEqual(pair.Flags, 0);
    assert.strictEqual(String(await consul.kv.get({ key: 'n/b/c',
      raw: true })), 'two');
    assert.strictEqual(await consul.kv.get('n/none'), undefined);
    assert.deepStrictEqual((await consul.kv.get({ key: 'n/', recurse: true }))
      .map((p) => [p.Key, p.Flags]), [['n/a', 0], ['n/b/c', 42]]);
    assert.ok(Buffer.isBuffer((await consul.kv.get({ key: 'n/a',
      buffer: true })).Value));
  });
  await step('kv.get blocks', async () => {
    const { ModifyIndex } = await consul.kv.get('n/a');
    const waits = consul.kv.get({ key: 'n/a', index: ModifyIndex,
      wait: '20s' });
    await consul.kv.set('n/a', 'three');
    assert.strictEqual((await waits).Value, 'three');
  });
  await step('kv.keys', async () => {
    assert.deepStrictEqual(await consul.kv.keys('n/'), ['n/a', 'n/b/c']);
    assert.deepStrictEqual(await consul.kv.keys({ key: 'n/', separator: '/' }),
      ['n/a', 'n/b/']);
  });
  await step('kv.set, check and set', async () => {
    const { ModifyIndex } = await consul.kv.get('n/a');
    // of an answer that is false it tells as of one without a body
    assert.ok(!await consul.kv.set({ key: 'n/a', value: 'x', cas: '1' }));
    assert.strictEqual(await consul.kv.set({ key: 'n/a', value: 'x',
      cas: ModifyIndex }), true);
  });
  await step('kv.set, empty', async () => {
    assert.strictEqual(await consul.kv.set('n/empty', ''), true);
    assert.strictEqual((await consul.kv.get('n/empty')).Value, null);
  });
  await step('kv.del', async () => {
    assert.strictEqual(await consul.kv.del('n/a'), true);
    assert.strictEqual(await consul.kv.delete({ key: 'n/', recurse: true }),
      true);
    assert.strictEqual(await consul.kv.get({ key: 'n/', recurse: true }),
      undefined);
  });
  await step('kv: what has no key', () =>
    refused(consul.kv.get(''), 400));
}

async function sessions() {
  let id;
  await step('session.create', async () => {
    id = (await consul.session.create({ name: 'mine', ttl: '15s',
      lockdelay: '0s' })).ID;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.deepStrictEqual(Object.keys(await consul.session.create()), ['ID']);
  });
  await step('session.info, session.get', async () => {
    const info = await consul.session.info(id);
    for (const name of ['CreateIndex', 'ID', 'Name', 'Node', 'NodeChecks',
      'LockDelay', 'Behavior', 'TTL'])
      assert.ok(name in info, name);
    assert.strictEqual(info.Name, 'mine');
    assert.deepStrictEqual(await consul.session.get(id), info);
  });
  await step('session.node, session.list', async () => {
    const { Node } = await consul.session.info(id);
    assert.ok((await consul.session.node(Node)).some((s) => s.ID === id));
    assert.deepStrictEqual(await consul.session.node('no-such-node'), []);
    assert.ok((await consul.session.list()).some((s) => s.ID === id));
  });
  await step('session.renew', async () =>
    assert.strictEqual((await consul.session.renew(id))[0].ID, id));
  await step('kv locks', async () => {
    const other = (await consul.session.create({ lockdelay: '0s' })).ID;
    assert.strictEqual(await consul.kv.set({ key: 'lock', value: 'a',
      acquire: id }), true);
    assert.ok(!await consul.kv.set({ key: 'lock', value: 'b',
      acquire: other }));
    assert.strictEqual((await consul.kv.get('lock')).Session, id);
    assert.strictEqual(await consul.kv.set({ key: 'lock', value: 'a',
      release: id }), true);
    assert.strictEqual(await consul.kv.set({ key: 'lock', value: 'b',
      acquire: other }), true);
    await consul.kv.del('lock');
  });
  await step('session.destroy', async () => {
    await consul.session.destroy(id);
    assert.strictEqual(await consul.session.info(id), undefined);
    await refused(consul.session.renew(id), 404);
  });
}

async function transactions() {
  await step('transaction.create', async () => {
    const value = Buffer.from('v').toString('base64');
    const set = (Key) => ({ KV: { Verb: 'set', Key, Value: value } });
    const done = await consul.transaction.create([set('t/1'), set('t/2')]);
    assert.deepStrictEqual(done.Results.map((r) => r.KV.Key), ['t/1', 't/2']);
    assert.deepStrictEqual(Object.keys(done.Results[0].KV).sort(),
      ['CreateIndex', 'Flags', 'Key', 'LockIndex', 'ModifyIndex', 'Value']);
    assert.strictEqual(done.Errors, null);
    await refused(consul.transaction.create([{ KV: { Verb: 'check-index',
      Key: 't/1', Index: 1 } }]), 409);
    await consul.kv.del({ key: 't/', recurse: true });
  });
}

async function agent() {
  let self;
  await step('agent.self', async () => {
    self = await consul.agent.self();
    assert.ok(self.Config.Datacenter && self.Config.NodeName);
    assert.strictEqual(self.Config.Server, true);
  });
  await step('agent.members', async () => {
    const members = await consul.agent.members();
    assert.deepStrictEqual(members.find((m) => m.Name === self.Member.Name),
      self.Member);
    assert.strictEqual((await consul.agent.members({ wan: true })).length, 1);
  });
  await step('agent.join: not yet', () =>
    refused(consul.agent.join('127.0.0.1:1'), 500));
  await step('agent.forceLeave', () => consul.agent.forceLeave('nobody'));
  await step('agent.reload', () => consul.agent.reload());
  await step('agent.maintenance', async () => {
    await consul.agent.maintenance({ enable: true, reason: 'why not' });
    const checks = await consul.agent.checks();
    assert.strictEqual(checks._node_maintenance.Status, 'critical');
    assert.strictEqual(checks._node_maintenance.Notes, 'why not');
    await consul.agent.maintenance(false);
    assert.strictEqual((await consul.agent.checks())._node_maintenance,
      undefined);
  });
  return self;
}

async function agentChecks() {
  await step('agent.check.register', () => consul.agent.check.register({
    id: 'c1', name: 'first', ttl: '60s', notes: 'said' }));
  await step('agent.check.list, agent.checks', async () => {
    const list = await consul.agent.check.list();
    assert.strictEqual(list.c1.Name, 'first');
    assert.strictEqual(list.c1.Notes, 'said');
    assert.strictEqual(list.c1.Status, 'critical');
    assert.deepStrictEqual(await consul.agent.checks(), list);
  });
  for (const [method, status] of [['pass', 'passing'], ['warn', 'warning'],
    ['fail', 'critical']])
    await step(`agent.check.${method}`, async () => {
      await consul.agent.check[method]({ id: 'c1', note: `it is ${status}` });
      const { c1 } = await consul.agent.check.list();
      assert.strictEqual(c1.Status, status);
      assert.strictEqual(c1.Output, `it is ${status}`);
    });
  await step('agent.check.deregister', async () => {
    await consul.agent.check.deregister('c1');
    assert.strictEqual((await consul.agent.check.list()).c1, undefined);
  });
}

async function agentServices(node) {
  await step('agent.service.register', async () => {
    await consul.agent.service.register('plain');
    await consul.agent.service.register({ id: 'w1', name: 'web',
      tags: ['blue'], address: '127.0.0.7', port: 80, meta: { rack: 'r1' },
      check: { ttl: '60s', notes: 'beats', status: 'passing' } });
    await consul.agent.service.register({ id: 'w2', name: 'web', port: 81,
      check: { http: `http://${address}/v1/status/leader`, interval: '1s',
        notes: 'asks' } });
  });
  await step('agent.service.list, agent.services', async () => {
    const list = await consul.agent.service.list();
    assert.deepStrictEqual(list.w1.Tags, ['blue']);
    assert.strictEqual(list.w1.Port, 80);
    assert.strictEqual(list.w1.Address, '127.0.0.7');
    assert.ok('plain' in list);
    assert.deepStrictEqual(await consul.agent.services(), list);
    assert.strictEqual((await consul.agent.checks())['service:w1'].Notes,
      'beats');
  });
  await step('health.service: an HTTP check comes to pass', () =>
    eventually(async () => {
      const up = await consul.health.service({ service: 'web',
        passing: true });
      assert.deepStrictEqual(up.map((e) => e.Service.ID), ['w1', 'w2']);
    }));
  await step('health.checks', async () => assert.deepStrictEqual(
    (await consul.health.checks('web')).map((c) => c.CheckID),
    ['service:w1', 'service:w2']));
  await step('health.node', async () => {
    const checks = await consul.health.node(node);
    const serf = checks.find((c) => c.CheckID === 'serfHealth');
    assert.strictEqual(serf.Status, 'passing');
  });
  await step('health.state', async () => {
    assert.ok((await consul.health.state('any'))
      .some((c) => c.CheckID === 'service:w1'));
    assert.deepStrictEqual(await consul.health.state('critical'), []);
  });
  await step('health.service by tag', async () => assert.deepStrictEqual(
    (await consul.health.service({ service: 'web', tag: 'blue' }))
      .map((e) => e.Checks.map((c) => c.CheckID)),
    [['serfHealth', 'service:w1']]));
  await step('agent.service.maintenance', async () => {
    await consul.agent.service.maintenance({ id: 'w1', enable: true });
    assert.deepStrictEqual((await consul.health.service({ service: 'web',
      passing: true })).map((e) => e.Service.ID), ['w2']);
    await consul.agent.service.maintenance({ id: 'w1', enable: false });
  });
  await step('agent.service.deregister', async () => {
    for (const id of ['plain', 'w1', 'w2'])
      await consul.agent.service.deregister(id);
    assert.deepStrictEqual(await consul.health.service('web'), []);
  });
}

async function catalog(self) {
  await step('catalog.datacenters', async () => assert.deepStrictEqual(
    await consul.catalog.datacenters(), [self.Config.Datacenter]));
  await step('catalog.register', async () => {
    await consul.catalog.register('bare');
    await consul.catalog.register({ node: 'far', address: '10.9.8.7',
      nodemeta: { rack: 'r2' },
      service: { id: 'db1', service: 'db', tags: ['x'], port: 5432 },
      check: { checkid: 'service:db1', name: 'up', serviceid: 'db1',
        status: 'passing' } });
  });
  await step('catalog.nodes, catalog.node.list', async () => {
    const nodes = await consul.catalog.node.list();
    assert.deepStrictEqual(nodes.map((n) => n.Node).sort(),
      ['bare', 'far', self.Config.NodeName].sort());
    assert.deepStrictEqual(await consul.catalog.nodes(), nodes);
  });
  await step('catalog.node.services', async () => {
    const node = await consul.catalog.node.services('far');
    assert.strictEqual(node.Node.Address, '10.9.8.7');
    assert.strictEqual(node.Services.db1.Port, 5432);
    assert.ok(!await consul.catalog.node.services('nobody'));
  });
  await step('catalog.services, catalog.service.list', async () => {
    const services = await consul.catalog.service.list();
    assert.deepStrictEqual(services, { consul: [], db: ['x'] });
    assert.deepStrictEqual(await consul.catalog.services(), services);
  });
  await step('catalog.service.nodes', async () => {
    const nodes = await consul.catalog.service.nodes({ service: 'db',
      tag: 'x' });
    assert.deepStrictEqual(nodes.map((n) => [n.Node, n.ServiceID,
      n.ServicePort]), [['far', 'db1', 5432]]);
  });
  await step('catalog.connect.nodes', async () => assert.deepStrictEqual(
    await consul.catalog.connect.nodes('db'), []));
  await step('catalog.deregister', async () => {
    await consul.catalog.deregister({ node: 'far', serviceid: 'db1' });
    await consul.catalog.deregister('far');
    await consul.catalog.deregister('bare');
    assert.strictEqual((await consul.catalog.nodes()).length, 1);
  });
}

async function events() {
  await step('event.fire', async () => {
    const fired = await consul.event.fire('deploy', 'now');
    assert.strictEqual(fired.Name, 'deploy');
    assert.strictEqual(fired.Payload, 'now');
    await consul.event.fire('other');
  });
  await step('event.list', async () => {
    assert.deepStrictEqual((await consul.event.list())
      .map((e) => [e.Name, e.Payload]), [['deploy', 'now'], ['other', null]]);
    assert.strictEqual((await consul.event.list('other')).length, 1);
  });
}

async function queries() {
  let id;
  await step('query.create', async () => {
    await consul.catalog.register({ node: 'q', address: '10.0.0.9',
      service: { service: 'asked', port: 9 } });
    id = (await consul.query.create({ name: 'best',
      service: { service: 'asked' }, dns: { ttl: '10s' } })).ID;
  });
  await step('query.list, query.get', async () => {
    assert.deepStrictEqual((await consul.query.list()).map((q) => q.ID), [id]);
    const query = await consul.query.get(id);
    assert.ok(JSON.stringify(query).includes('"best"'));
  });
  await step('query.execute', async () => {
    const answer = await consul.query.execute('best');
    assert.deepStrictEqual(answer.Nodes.map((n) => n.Node.Node), ['q']);
    assert.strictEqual(answer.DNS.TTL, '10s');
  });
  // it takes the object for a list, and so tells nothing of it
  await step('query.explain', () => consul.query.explain('best'));
  await step('query.update', async () => {
    await consul.query.update({ query: id, name: 'better',
      service: { service: 'asked' } });
    await refused(consul.query.execute('best'), 404);
    assert.strictEqual((await consul.query.execute('better')).Nodes.length, 1);
  });
  await step('query.destroy', async () => {
    await consul.query.destroy(id);
    assert.deepStrictEqual(await consul.query.list(), []);
    await consul.catalog.deregister('q');
  });
}

// The writes are each told of before the next one is made.
async function watches() {
  await step('watch', () => new Promise((done, failed) => {
    const seen = [];
    const watch = consul.watch({ method: consul.kv.get,
      options: { key: 'watched', wait: '10s' } });
    watch.on('error', failed);
    watch.on('change', (data) => {
      seen.push(data ? data.Value : null);
      if (seen.length < 4)
        consul.kv.set('watched', String(seen.length)).catch(failed);
      else if (seen.length === 4)
        consul.kv.del('watched').catch(failed);
      else
        watch.end();
    });
    watch.on('end', () => {
      try {
        assert.deepStrictEqual(seen, [null, '1', '2', '3', null]);
        assert.ok(!watch.isRunning());
        done();
      } catch (error) {
        failed(error);
      }
    });
  }));
  await step('watch: stops at what is wrong', () => new Promise((done) => {
    const watch = consul.watch({ method: consul.kv.get,
      options: { key: '' } });
    watch.on('error', () => {});
    watch.on('end', done);
  }));
}

async function acls() {
  const acl = consul.acl.legacy;
  let id, copy;
  await step('acl.replication', async () => assert.strictEqual(
    (await consul.acl.replication()).Enabled, false));
  await step('acl.bootstrap: there is a master token', () =>
    refused(consul.acl.bootstrap(), 403));
  await step('acl.legacy.create', async () => {
    id = (await acl.create({ name: 'app', type: 'client',
      rules: 'key "app/" { policy = "write" }' })).ID;
  });
  await step('acl.legacy.info, acl.legacy.get', async () => {
    const info = await acl.info(id);
    assert.strictEqual(info.Rules, 'key "app/" { policy = "write" }');
    assert.deepStrictEqual(await acl.get(id), info);
  });
  await step('acl.legacy.clone', async () => {
    copy = (await acl.clone(id)).ID;
    assert.notStrictEqual(copy, id);
  });
  await step('acl.legacy.list', async () => assert.deepStrictEqual(
    (await acl.list()).map((t) => t.Name).sort(),
    ['Anonymous Token', 'Master Token', 'app', 'app']));
  await step('kv with that token', async () => {
    assert.strictEqual(await consul.kv.set({ key: 'app/x', value: '1',
      token: id }), true);
    await refused(consul.kv.set({ key: 'else', value: '1', token: id }), 403);
  });
  await step('acl.legacy.update', async () => {
    await acl.update({ id, name: 'app2', rules: '' });
    await refused(consul.kv.set({ key: 'app/x', value: '1', token: id }), 403);
  });
  await step('acl.legacy.destroy', async () => {
    await acl.destroy(id);
    await acl.destroy(copy);
    assert.ok(!await acl.info(id));
  });
}

// What nothing but a token's rules are about is called with ACLs on.
function complete(wanted) {
  const left = all.map(([, , path]) => path)
    .filter((path) => wanted(path) && !called.has(path));
  console.log(left.length ? `not ok not called: ${left.join(' ')}`
    : 'ok every method was called');
}

async function main() {
  if (token) {
    await acls();
    complete((path) => path.startsWith('acl.'));
  } else {
    await status();
    await kv();
    await sessions();
    await transactions();
    const self = await agent();
    await agentChecks();
    await agentServices(self.Config.NodeName);
    await catalog(self);
    await events();
    await queries();
    await watches();
    consul.destroy();
    called.add('destroy');
    complete((path) => !path.startsWith('acl.'));
  }
}

main().catch((error) => {
  console.log(`not ok the whole: ${error}`);
}).finally(() => process.exit(0));
