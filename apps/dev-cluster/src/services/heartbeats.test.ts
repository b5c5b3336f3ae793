import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { metadataOf } from '../resources.ts';
import { userClient } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

// Codes and texts are those of a Teleport 18.0.0 that was asked the same.

let cluster: DevCluster;
let alice: WireClient;
let reader: WireClient;

beforeAll(async () => {
  cluster = await DevCluster.start();
  const every = { '*': '*' };
  const all = { appLabels: every, databaseLabels: every, kubernetesLabels: every, nodeLabels: every };
  cluster.upsertRole({ name: 'admin', allow: { ...all, rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertRole({ name: 'reader', allow: { ...all, nodeLabels: { env: 'dev' } } });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  cluster.upsertUser({ name: 'reader', roles: ['reader'] });
  [alice, reader] = await Promise.all([userClient(cluster, 'alice'), userClient(cluster, 'reader')]);
});

afterAll(async () => {
  alice.close();
  reader.close();
  await cluster.stop();
});

const expires = toTimestamp(Date.now() + 3_600_000);
const metadata = (name: string, more: object = {}) => ({ ...metadataOf({ name }), Expires: expires, ...more });
const App = { Metadata: metadataOf({ name: 'hb' }), Spec: { URI: 'http://127.0.0.1:1' } };
const Database = { Metadata: metadataOf({ name: 'hb' }), Spec: { Protocol: 'postgres', URI: 'x:1' } };
const Cluster = { Metadata: metadataOf({ name: 'hb' }), Spec: {} };
const server = (HostID: string, spec: object, Metadata: object = metadata('hb')) => ({
  Server: { Metadata, Spec: { HostID, Hostname: 'h', ...spec } },
});

const upserts = {
  app_server: (client: WireClient, r: ReturnType<typeof server>) => client.call(Auth, 'upsertApplicationServer', r),
  db_server: (client: WireClient, r: ReturnType<typeof server>) => client.call(Auth, 'upsertDatabaseServer', r),
  kube_server: (client: WireClient, r: ReturnType<typeof server>) => client.call(Auth, 'upsertKubernetesServer', r),
};

describe.each([
  ['app_server', 'app server', App, 2],
  ['db_server', 'database server', Database, 3],
  ['kube_server', 'kube server', Cluster, 5],
] as const)('heartbeats of kind %s', (kind, noun, inner, Type) => {
  const upsert = upserts[kind];
  const spec = { App, Database, Cluster };

  it('are answered with what may be kept alive, or nothing where there is no end', async () => {
    expect(await upsert(alice, server('h9', spec))).toMatchObject({
      Type,
      Name: 'hb',
      Namespace: 'default',
      HostID: 'h9',
      Expires: expires,
    });
    expect(await upsert(alice, server('h9', spec, metadataOf({ name: 'hb2' })))).toMatchObject({
      Type: 0,
      Name: '',
      HostID: '',
      Expires: zeroTime(),
    });
  });

  it('are for those whose rules say so', async () => {
    expect(await wireStatus(upsert(reader, server('h9', spec)))).toEqual({
      code: 7,
      details: `access denied to perform action "create" on "${kind}", access denied to perform action "update" on "${kind}"`,
    });
  });

  it('name their host and what they speak of', async () => {
    expect(await wireStatus(upsert(alice, server('', spec)))).toEqual({ code: 3, details: `missing ${noun} HostID` });
    expect(await wireStatus(upsert(alice, server('h9', spec, metadata(''))))).toEqual({
      code: 3,
      details: 'missing parameter Name',
    });
    expect((await wireStatus(upsert(alice, server('h9', {})))).code).toBe(3);
    const unnamed = { ...inner, Metadata: metadataOf({ name: '' }) };
    const nameless = { App: unnamed, Database: unnamed, Cluster: unnamed };
    expect((await wireStatus(upsert(alice, server('h9', nameless)))).details).toBe('missing parameter Name');
  });
});

describe('deleting a heartbeat', () => {
  const id = { Namespace: 'default', HostID: 'h9', Name: 'hb' };

  it('of an application', async () => {
    await upserts.app_server(alice, server('h9', { App }));
    await alice.call(Auth, 'deleteApplicationServer', id);
    const remove = (request: object) => wireStatus(alice.call(Auth, 'deleteApplicationServer', request));
    expect(await remove(id)).toEqual({ code: 5, details: 'key "/appServers/default/h9/hb" is not found' });
    expect(await remove({ ...id, Namespace: '' })).toEqual({
      code: 5,
      details: 'key "/appServers//h9/hb" is not found',
    });
  });

  it('of a database', async () => {
    await upserts.db_server(alice, server('h9', { Database }));
    await alice.call(Auth, 'deleteDatabaseServer', id);
    const remove = (request: object) => wireStatus(alice.call(Auth, 'deleteDatabaseServer', request));
    expect(await remove(id)).toEqual({ code: 5, details: 'key "/databaseServers/default/h9/hb" is not found' });
    expect((await remove({ ...id, Namespace: '' })).details).toBe('missing database server namespace');
    expect((await remove({ ...id, HostID: '' })).details).toBe('missing database server host ID');
    expect((await remove({ ...id, Name: '' })).details).toBe('missing database server name');
  });

  it('of a Kubernetes cluster', async () => {
    await upserts.kube_server(alice, server('h9', { Cluster }));
    await alice.call(Auth, 'deleteKubernetesServer', { HostID: 'h9', Name: 'hb' });
    const remove = (request: object) => wireStatus(alice.call(Auth, 'deleteKubernetesServer', request));
    expect(await remove({ HostID: 'h9', Name: 'hb' })).toEqual({
      code: 5,
      details: 'key "/kubeServers/h9/hb" is not found',
    });
    expect((await remove({ HostID: 'h9' })).details).toBe('no name specified for kubernetes server deletion');
    expect((await remove({ Name: 'hb' })).details).toBe('no hostID specified for kubernetes server deletion');
  });
});

describe('nodes', () => {
  const node = (name: string, spec: object = {}, more: object = {}) => ({
    Metadata: metadata(name, more),
    Spec: { Addr: '10.0.0.1:3022', Hostname: 'x', ...spec },
  });
  const get = (Name: string, Namespace = 'default', client = alice) =>
    client.call(Auth, 'getNode', { Name, Namespace });

  it('are stored with an address and a host name that make sense', async () => {
    expect(await alice.call(Auth, 'upsertNode', node('33'))).toMatchObject({
      Type: 1,
      Name: '33',
      Expires: zeroTime(),
    });
    await alice.call(Auth, 'upsertNode', node('38', { Addr: '0.0.0.0:22' }));
    expect((await get('38')).Spec?.Addr).toBe('127.0.0.1:22');
    await alice.call(Auth, 'upsertNode', node('34', { Hostname: '' }));
    const nameless = await get('34');
    expect(nameless.Spec?.Hostname).toBe('34');
    expect(nameless.Metadata?.Labels.get('teleport.internal/invalid-hostname')).toBe('');
  });

  it.each([
    [node(''), 'missing parameter Name'],
    [{ ...node('40'), SubKind: 'junk' }, 'invalid SubKind "junk" of Kind "node"'],
    [
      node('36', {}, { Namespace: 'other' }),
      'namespace "other" invalid, custom namespaces are deprecated; the namespace field should be omitted or set to "default"',
    ],
  ])('are refused when they are odd: %#', async (given, details) => {
    expect(await wireStatus(alice.call(Auth, 'upsertNode', given))).toEqual({ code: 3, details });
  });

  it('are found by id by those who may use them', async () => {
    await alice.call(Auth, 'upsertNode', node('33'));
    expect((await get('33')).Metadata?.Name).toBe('33');
    expect(await wireStatus(get('nope'))).toEqual({ code: 5, details: '"node" "nope" does not exist' });
    expect(await wireStatus(get('33', 'default', reader))).toEqual({ code: 5, details: 'not found' });
    expect(await wireStatus(get('33', ''))).toEqual({ code: 3, details: 'missing parameter namespace' });
    expect(await wireStatus(get(''))).toEqual({ code: 3, details: 'missing parameter name' });
    expect((await wireStatus(get('33', 'other'))).details).toBe('access denied to perform action "read" on "node"');
  });

  it('are deleted one by one, or all', async () => {
    const remove = (Name: string, Namespace = 'default') => alice.call(Auth, 'deleteNode', { Name, Namespace });
    await alice.call(Auth, 'upsertNode', node('33'));
    expect(await wireStatus(remove('33', ''))).toEqual({ code: 5, details: 'key "/nodes//33" is not found' });
    await remove('33');
    expect(await wireStatus(remove('33'))).toEqual({ code: 5, details: 'key "/nodes/default/33" is not found' });
    await alice.call(Auth, 'upsertNode', node('35'));
    await alice.call(Auth, 'deleteAllNodes', { Namespace: 'default' });
    expect((await alice.call(Auth, 'listResources', { ResourceType: 'node' })).Resources).toEqual([]);
  });
});
