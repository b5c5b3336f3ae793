import { GrpcCode, TeleportError } from '@teleport-ts/api-types';
import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Operation } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { describe, expect, test } from 'vitest';
import { until } from '../../test-support/until.ts';
import type { Client } from '../index.ts';
import { FakeClock, FakeCluster } from './index.ts';

const getRole = (client: Client, options = {}) =>
  client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' }, options);

describe('calls', () => {
  test('are answered by handlers, by way of real messages, and kept', async () => {
    const cluster = new FakeCluster({ name: 'root.test', version: '18.2.0' });
    cluster.handle(AuthServiceDefinition, {
      getRole: ({ Name }, { metadata }) => ({ Metadata: { Name, Description: metadata['x-asked'] ?? '' } }),
    });
    await using client = cluster.connect();
    expect(client.server).toMatchObject({ clusterName: 'root.test', version: '18.2.0' });
    expect(await client.ping()).toEqual(client.server);
    const role = await client
      .service(AuthServiceDefinition)
      .getRole({ Name: 'deployer', extra: 'no field of it' } as { Name: string }, {
        metadata: { 'x-asked': 'politely' },
      });
    // As decoded: fields that were left out have their defaults, and what is no field is gone.
    expect(role).toMatchObject({
      Kind: '',
      Metadata: { Name: 'deployer', Description: 'politely', Labels: new Map() },
    });
    expect(cluster.requests(AuthServiceDefinition, 'getRole')).toEqual([{ Name: 'deployer', _unknownFields: {} }]);
    expect(cluster.calls).toMatchObject([
      { rpc: '/proto.AuthService/Ping', outcome: 'ok' },
      { rpc: '/proto.AuthService/GetRole', outcome: 'ok', metadata: { 'x-asked': 'politely' } },
    ]);
  });

  test('fail as the wire makes them fail', async () => {
    const cluster = new FakeCluster();
    cluster.handle(AuthServiceDefinition, {
      getRole: () => {
        throw new TeleportError('not_found', 'role deployer is not found', { hint: 'known to the server alone' });
      },
      deleteRole: () => {
        throw new Error('oops');
      },
      upsertRoleV2: () => {
        throw new TeleportError('access_denied', 'admin-level API request requires MFA verification');
      },
    });
    await using client = cluster.connect();
    const auth = client.service(AuthServiceDefinition);
    const error = await getRole(client).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'not_found', rpc: '/proto.AuthService/GetRole', retryable: false });
    expect(error.hint).toBeUndefined();
    await expect(auth.deleteRole({ Name: 'x' })).rejects.toMatchObject({ code: 'unknown', message: 'oops' });
    await expect(auth.upsertRoleV2({})).rejects.toMatchObject({ code: 'mfa_required' });
    await expect(auth.getUser({ Name: 'x' })).rejects.toMatchObject({
      code: 'not_implemented',
      message: 'unknown method GetUser for service proto.AuthService',
    });
    await expect(client.unary(ClusterConfigServiceDefinition, 'getClusterName', {})).rejects.toMatchObject({
      code: 'not_implemented',
      message: 'unknown service teleport.clusterconfig.v1.ClusterConfigService',
    });
    expect(cluster.calls.map(({ outcome }) => outcome)).toEqual([
      'not_found',
      'unknown',
      'mfa_required',
      'not_implemented',
      'not_implemented',
    ]);
  });

  test('meet faults: tried again as in earnest, late by the clock, or lost', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster({ clock });
    cluster.handle(AuthServiceDefinition, { getRole: ({ Name }) => ({ Metadata: { Name } }) });
    await using client = cluster.connect({ retry: { baseMs: 0 } });
    cluster.faults.next('GetRole', { code: GrpcCode.UNAVAILABLE, message: 'restarting' }, 2);
    const calling = getRole(client);
    while (cluster.calls.length < 3) await clock.advance(0);
    await expect(calling).resolves.toMatchObject({ Metadata: { Name: 'deployer' } });
    expect(cluster.calls.map(({ outcome }) => outcome)).toEqual(['connection_problem', 'connection_problem', 'ok']);

    cluster.faults.next('GetRole', { delayMs: 30_000 });
    const late = getRole(client);
    await until(() => cluster.faults.waiting('GetRole') === 0);
    await clock.advance(30_000);
    await expect(late).resolves.toBeDefined();

    cluster.faults.next('GetRole', { delayMs: 120_000 });
    const tooLate = getRole(client, { retry: false });
    tooLate.catch(() => {});
    await until(() => cluster.faults.waiting('GetRole') === 0);
    await clock.advance(60_000);
    await expect(tooLate).rejects.toMatchObject({ code: 'timeout' });

    cluster.faults.next('GetRole', 'lost');
    await expect(getRole(client, { retry: false })).rejects.toMatchObject({ code: 'connection_problem' });
    await client.close();
    expect(clock.timers).toBe(0);
  });

  test('end by their signal, of which the handler hears, and by the close of the client', async () => {
    const heard: string[] = [];
    const cluster = new FakeCluster();
    cluster.handle(AuthServiceDefinition, {
      getRole: ({ Name }, { signal }) => new Promise(() => signal.addEventListener('abort', () => heard.push(Name))),
    });
    const client = cluster.connect();
    const controller = new AbortController();
    const calling = getRole(client, { signal: controller.signal });
    const reason = new Error('enough');
    await until(() => cluster.calls.length === 1);
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
    const closed = getRole(client);
    await until(() => cluster.calls.length === 2);
    await cluster.close();
    await expect(closed).rejects.toMatchObject({ code: 'canceled', message: 'the client is closed' });
    await expect(getRole(client)).rejects.toMatchObject({ code: 'canceled' });
    expect(heard).toEqual(['deployer', 'deployer']);
  });
});

describe('streams', () => {
  test('give answers one by one, only as they are read, and end with an error or at the end', async () => {
    let made = 0;
    const cluster = new FakeCluster();
    cluster.handle(AuthServiceDefinition, {
      async *getCurrentUserRoles() {
        for (made = 1; made <= 100; made += 1) yield { Metadata: { Name: `role-${made}` } };
      },
      *streamSessionEvents() {
        yield {};
        throw new TeleportError('access_denied', 'not yours');
      },
    });
    await using client = cluster.connect();
    const auth = client.service(AuthServiceDefinition);
    for await (const { Metadata } of auth.getCurrentUserRoles({})) {
      if (Metadata?.Name === 'role-3') break;
    }
    expect(made).toBeLessThan(10);
    const names: unknown[] = [];
    for await (const { Metadata } of auth.getCurrentUserRoles({})) names.push(Metadata?.Name);
    expect(names).toHaveLength(100);
    const read = async (): Promise<void> => {
      for await (const _ of auth.streamSessionEvents({}));
    };
    await expect(read()).rejects.toMatchObject({ code: 'access_denied', message: 'not yours' });
  });
});

describe('watches', () => {
  test('see what is changed after the first event, of the kinds they asked for', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    const events = client
      .service(AuthServiceDefinition)
      .watchEvents({ Kinds: [{ Kind: 'role' }, { Kind: 'access_request' }] })
      [Symbol.asyncIterator]();
    const { value: first } = await events.next();
    expect(first).toMatchObject({
      Type: Operation.INIT,
      Resource: { $case: 'WatchStatus', value: { Spec: { Kinds: [{ Kind: 'role' }, { Kind: 'access_request' }] } } },
    });
    const next = events.next();
    await cluster.events.untilOpened();
    expect(cluster.events.watchers).toBe(1);
    cluster.events.put({ $case: 'User', value: { Metadata: { Name: 'alice' } } });
    cluster.events.put({ $case: 'Role', value: { Metadata: { Name: 'deployer' } } });
    cluster.events.put({ $case: 'AccessRequest', value: { Metadata: { Name: '0192' } } });
    cluster.events.delete({ kind: 'role', name: 'deployer' });
    expect((await next).value).toMatchObject({ Type: Operation.PUT, Resource: { $case: 'Role' } });
    expect((await events.next()).value).toMatchObject({ Type: Operation.PUT, Resource: { $case: 'AccessRequest' } });
    expect((await events.next()).value).toMatchObject({
      Type: Operation.DELETE,
      Resource: { $case: 'ResourceHeader', value: { Kind: 'role', Metadata: { Name: 'deployer' } } },
    });
    const broken = events.next();
    cluster.events.cut();
    await expect(broken).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    expect(cluster.events.watchers).toBe(0);
  });

  test('leave nothing behind', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    const auth = client.service(AuthServiceDefinition);
    for await (const _ of auth.watchEvents({ Kinds: [{ Kind: 'role' }] })) break;
    await until(() => cluster.events.watchers === 0);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of auth.watchEvents({ Kinds: [{ Kind: 'role' }] }, { signal: controller.signal }));
    })();
    await cluster.events.untilOpened(2).catch(() => {});
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await until(() => cluster.events.watchers === 0);
  });
});

test('a leaf is reached through the root’s client, and closed with it', async () => {
  const leaf = new FakeCluster({ name: 'leaf.test' });
  const root = new FakeCluster({ name: 'root.test' }).addLeaf(leaf);
  const client = root.connect();
  const atLeaf = await client.forCluster('leaf.test');
  await expect(atLeaf.ping()).resolves.toMatchObject({ clusterName: 'leaf.test' });
  expect(leaf.calls).toHaveLength(1);
  await expect((await client.forCluster('root.test')).ping()).resolves.toMatchObject({ clusterName: 'root.test' });
  await expect(client.forCluster('nosuch')).rejects.toMatchObject({ code: 'not_found' });
  await client.close();
  await expect(atLeaf.ping()).rejects.toMatchObject({ code: 'canceled' });
});
