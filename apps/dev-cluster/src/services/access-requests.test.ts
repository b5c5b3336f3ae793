import { parseTlsIdentity, type RequestInput } from '@teleport-ts/api-types';
import { AuditLogServiceDefinition as AuditLogs } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Operation } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { userClient, wireKey } from '../testing/wire-bot.ts';
import { WireClient, type WireCredentials, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

const HOUR_MS = 3_600_000;
const anyId = '00000000-0000-4000-8000-000000000000';
let clock: FakeClock;
let cluster: DevCluster;
let kim: WireClient;
let dave: WireClient;

function people(target: DevCluster): void {
  const rules = [{ resources: ['*'], verbs: ['*'] }];
  target.upsertRole({ name: 'root', allow: { rules } });
  for (const name of ['dev', 'ops']) target.upsertRole({ name, allow: { logins: [name] } });
  target.upsertRole({ name: 'ask', allow: { request: { roles: ['dev', 'ops'] } } });
  target.upsertUser({ name: 'dave', roles: ['root'] });
  target.upsertUser({ name: 'kim', roles: ['ask'] });
}

/** Somebody who has logged in: their certificate was made by nobody else. */
async function loggedIn(target: DevCluster, user: string): Promise<WireClient> {
  const { key, cert, cas } = await target.issueUserCredentials({ user, login: true, ttlMs: 12 * HOUR_MS });
  return new WireClient({ address: target.authAddress, ca: cas.join(''), identity: { key, cert } });
}

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ clock });
  people(cluster);
  [kim, dave] = await Promise.all([loggedIn(cluster, 'kim'), userClient(cluster, 'dave')]);
});

afterAll(async () => {
  kim.close();
  dave.close();
  await cluster.stop();
});

type Spec = NonNullable<RequestInput<(typeof Auth)['methods']['createAccessRequestV2']>['Spec']>;

async function ask(spec: Spec = {}, client = kim): Promise<string> {
  const Spec = { User: 'kim', Roles: ['dev'], ...spec };
  const { Metadata } = await client.call(Auth, 'createAccessRequestV2', { Metadata: { Name: anyId }, Spec });
  return Metadata?.Name ?? '';
}

async function approved(spec: Spec = {}): Promise<string> {
  const ID = await ask(spec);
  await dave.call(Auth, 'setAccessRequestState', { ID, State: 2 });
  return ID;
}

describe('certificates', () => {
  type CertsRequest = RequestInput<(typeof Auth)['methods']['generateUserCerts']>;
  async function issue(client: WireClient, request: CertsRequest): Promise<WireCredentials> {
    const { key, tlsPublicKey } = wireKey();
    const { TLS } = await client.call(Auth, 'generateUserCerts', {
      Username: 'kim',
      Expires: toTimestamp(clock.now() + 10 * HOUR_MS),
      TLSPublicKey: tlsPublicKey,
      ...request,
    });
    return { key, cert: TLS.toString() };
  }
  const as = (identity: WireCredentials): WireClient =>
    new WireClient({ address: cluster.authAddress, ca: cluster.hostCaPems.join(''), identity });

  it('hold what was granted, as long as it was granted', async () => {
    const end = clock.now() + HOUR_MS;
    const id = await approved({ MaxDuration: toTimestamp(end) });
    const credentials = await issue(kim, { AccessRequests: [id] });
    const { roles, activeRequests, logins, notAfter } = parseTlsIdentity(credentials.cert);
    expect({ roles, activeRequests }).toEqual({ roles: ['ask', 'dev'], activeRequests: [id] });
    expect(logins).toContain('dev');
    expect(notAfter.getTime()).toBe(Math.floor(end / 1000) * 1000);

    using assumed = as(credentials);
    const more = await approved({ Roles: ['ops'] });
    const both = parseTlsIdentity((await issue(assumed, { AccessRequests: [more] })).cert);
    expect(both).toMatchObject({ roles: ['ask', 'dev', 'ops'], activeRequests: [id, more] });
    const one = parseTlsIdentity((await issue(assumed, { AccessRequests: [more], DropAccessRequests: [id] })).cert);
    expect(one).toMatchObject({ roles: ['ask', 'ops'], activeRequests: [more] });
    const none = parseTlsIdentity((await issue(assumed, { DropAccessRequests: ['*'] })).cert);
    expect(none).toMatchObject({ roles: ['ask'], activeRequests: [] });
    await dave.call(Auth, 'deleteAccessRequest', { ID: id });
    expect(await wireStatus(issue(assumed, {}))).toEqual({
      code: 5,
      details: `access request "${id}" not found`,
    });
  });

  it('are refused for what was not granted, or is not to be had by now', async () => {
    const statusOf = async (id: string): Promise<unknown> => wireStatus(issue(kim, { AccessRequests: [id] }));
    const pending = await ask();
    expect(await statusOf(pending)).toEqual({ code: 7, details: `access request "${pending}" is awaiting approval` });
    await dave.call(Auth, 'setAccessRequestState', { ID: pending, State: 3 });
    expect(await statusOf(pending)).toEqual({ code: 7, details: `access request "${pending}" has been denied` });

    const later = await ask();
    const AssumeStartTime = toTimestamp(Math.floor((clock.now() + HOUR_MS) / 1000) * 1000);
    await dave.call(Auth, 'setAccessRequestState', { ID: later, State: 2, AssumeStartTime });
    expect(await statusOf(later)).toMatchObject({
      code: 3,
      details: expect.stringMatching(/ can not be assumed until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/),
    });
    const id = await approved();
    cluster.upsertRole({ name: 'ask', allow: { request: { roles: ['ops'] } } });
    try {
      expect(await statusOf(id)).toEqual({ code: 3, details: 'user "kim" can not request role "dev"' });
    } finally {
      people(cluster);
    }
    cluster.lock({ role: 'dev' });
    try {
      expect(await statusOf(id)).toEqual({ code: 7, details: 'lock targeting Role:"dev" is in force' });
    } finally {
      for (const { Metadata } of cluster.locks) cluster.unlock(Metadata?.Name ?? '');
    }
    expect(parseTlsIdentity((await issue(kim, { AccessRequests: [id] })).cert).roles).toEqual(['ask', 'dev']);
  });

  it('of what was granted are shut out by a lock on it', async () => {
    const id = await approved();
    using assumed = as(await issue(kim, { AccessRequests: [id] }));
    await assumed.call(Auth, 'ping', {});
    const Spec = { Target: { AccessRequest: id } };
    await dave.call(Auth, 'upsertLock', { Metadata: { Name: 'on-request' }, Spec });
    expect(await wireStatus(assumed.call(Auth, 'ping', {}))).toEqual({ code: 7, details: 'access denied' });
    await kim.call(Auth, 'ping', {});
    await dave.call(Auth, 'deleteLock', { Name: 'on-request' });
  });
});

it('watchers hear of each change, as far as their filter lets them', async () => {
  const told: string[] = [];
  const watch = (client: WireClient, name: string, filter: Record<string, string>) => {
    const Filter = new Map(Object.entries(filter));
    const stream = client.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'access_request', Filter }] });
    stream.on('error', () => {});
    const done = (async () => {
      for await (const { Type, Resource } of stream) {
        if (Resource?.$case === 'AccessRequest') told.push(`${name} put ${Resource.value.Spec?.State}`);
        else if (Type === Operation.DELETE && Resource?.$case === 'ResourceHeader') {
          const { Kind, Metadata } = Resource.value;
          told.push(`${name} delete ${Kind} ${Metadata?.Name === id}`);
        } else told.push(`${name} ready`);
      }
    })().catch(() => {});
    return { stream, done };
  };
  let id = '';
  const has = (text: string) => expect.poll(() => told).toContain(text);
  const watches = [
    watch(dave, 'all', {}),
    watch(kim, 'own', { user: 'kim' }),
    watch(dave, 'pending', { state: 'PENDING' }),
    watch(dave, 'other', { user: 'other' }),
  ];
  for (const name of ['all', 'own', 'pending', 'other']) await has(`${name} ready`);
  expect(
    await wireStatus(
      (async () => {
        for await (const _ of kim.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'access_request' }] })) return;
      })(),
    ),
  ).toMatchObject({ code: 7 });
  id = await ask();
  await has('all put 1');
  await dave.call(Auth, 'setAccessRequestState', { ID: id, State: 2 });
  await dave.call(Auth, 'deleteAccessRequest', { ID: id });
  for (const name of ['all', 'own', 'pending', 'other']) await has(`${name} delete access_request true`);
  expect(told.filter((text) => !text.endsWith('ready')).sort()).toEqual(
    [
      ...['all put 1', 'all put 2', 'own put 1', 'own put 2', 'pending put 1'],
      ...['all', 'own', 'pending', 'other'].map((name) => `${name} delete access_request true`),
    ].sort(),
  );
  for (const { stream } of watches) stream.cancel();
  await Promise.all(watches.map(({ done }) => done));
});

it('the end of a request is told and written down', async () => {
  const ends: string[] = [];
  const stream = dave.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'access_request' }] });
  stream.on('error', () => {});
  const done = (async () => {
    for await (const { Type, Resource } of stream) {
      if (Type === Operation.INIT) ends.push('ready');
      if (Type === Operation.DELETE && Resource?.$case === 'ResourceHeader')
        ends.push(Resource.value.Metadata?.Name ?? '');
    }
  })().catch(() => {});
  await expect.poll(() => ends).toEqual(['ready']);
  const end = toTimestamp(clock.now() + HOUR_MS);
  const waiting = await ask({ MaxDuration: end });
  const granted = await approved({ MaxDuration: end });
  await clock.advance(HOUR_MS + 1);
  await expect.poll(() => ends).toEqual(['ready', granted]);
  await clock.advance(40_000);
  await expect.poll(() => ends).toEqual(['ready', granted, waiting]);
  stream.cancel();
  await done;
  const { items } = await dave.call(AuditLogs, 'getUnstructuredEvents', {
    startDate: toTimestamp(clock.now() - 2 * HOUR_MS),
    endDate: toTimestamp(clock.now() + HOUR_MS),
    eventTypes: ['access_request.expire', 'access_request.create'],
    limit: 100,
  });
  const events = items.map(({ unstructured }) => unstructured as Record<string, unknown>);
  expect(events.filter(({ event }) => event === 'access_request.expire')).toMatchObject([
    { code: 'T5005I', id: granted, expiry: expect.any(String) },
    { code: 'T5005I', id: waiting, expires: expect.any(String) },
  ]);
  expect(events.find(({ id, event }) => id === waiting && event === 'access_request.create')).toMatchObject({
    event: 'access_request.create',
    code: 'T5000I',
    user: 'kim',
    roles: ['dev'],
    state: 'PENDING',
    max_duration: expect.any(String),
  });
});

it('requests and plugin data are there again after a restart, and expire all the same', async () => {
  await using directory = await TemporaryDirectory.create();
  const time = new FakeClock();
  const options = { clock: time, dataDir: directory.path };
  let id = '';
  {
    await using first = await DevCluster.start(options);
    people(first);
    using asking = await loggedIn(first, 'kim');
    using root = await userClient(first, 'dave');
    id = await ask({ MaxDuration: toTimestamp(time.now() + HOUR_MS) }, asking);
    const texts = new Map([['state', 'seen']]);
    await root.call(Auth, 'updatePluginData', { Kind: 'access_request', Resource: id, Plugin: 'p', Set: texts });
  }
  await using second = await DevCluster.start(options);
  using root = await userClient(second, 'dave');
  const found = async (): Promise<number> =>
    (await root.call(Auth, 'listAccessRequests', { Filter: { ID: id } })).AccessRequests.length;
  expect(await found()).toBe(1);
  const data = async (): Promise<unknown> =>
    (await root.call(Auth, 'getPluginData', { Kind: 'access_request', Resource: id })).PluginData[0]?.Spec?.Entries.get(
      'p',
    )?.Data;
  expect(await data()).toEqual(new Map([['state', 'seen']]));
  await time.advance(HOUR_MS + 40_001);
  expect(await found()).toBe(0);
  expect(await data()).toEqual(new Map([['state', 'seen']]));
  await time.advance(HOUR_MS);
  expect(await data()).toBeUndefined();
});
