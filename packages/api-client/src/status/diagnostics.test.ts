import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { startSampleCluster } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, DIAGNOSTICS, fromFunction, loadTLS } from '../index.ts';
import { FakeCluster } from '../testing/index.ts';
import { traceCall } from './call-trace.ts';

let seen: { channel: string; message: Record<string, unknown> }[];
const listen = (message: unknown, channel: string | symbol): void => {
  seen.push({ channel: String(channel), message: message as Record<string, unknown> });
};

beforeEach(() => {
  seen = [];
  for (const channel of Object.values(DIAGNOSTICS)) subscribe(channel, listen);
});

afterEach(() => {
  for (const channel of Object.values(DIAGNOSTICS)) unsubscribe(channel, listen);
});

const of = (channel: string) => seen.filter((entry) => entry.channel === channel).map(({ message }) => message);

describe('calls', () => {
  test('every try has a start and an end, and all of one call have one id', async () => {
    const cluster = new FakeCluster();
    cluster.handle(AuthServiceDefinition, {
      getRole: ({ Name }) => ({ Metadata: { Name } }),
      *getCurrentUserRoles() {
        yield {};
        yield {};
      },
    });
    await using client = cluster.connect({ retry: { baseMs: 0 } });
    cluster.faults.next('GetRole', { code: 14, message: 'restarting' });
    const auth = client.service(AuthServiceDefinition);
    await auth.getRole({ Name: 'x' });
    for await (const _ of auth.getCurrentUserRoles({})) break;
    await auth.deleteRole({ Name: 'x' }).catch(() => {});
    const rpc = '/proto.AuthService/GetRole';
    const id = expect.any(Number);
    const durationMs = expect.any(Number);
    expect(of(DIAGNOSTICS.call)).toEqual([
      { event: 'start', id, rpc, attempt: 1 },
      { event: 'error', id, rpc, attempt: 1, durationMs, code: 'connection_problem' },
      { event: 'start', id, rpc, attempt: 2 },
      { event: 'end', id, rpc, attempt: 2, durationMs },
      { event: 'start', id, rpc: '/proto.AuthService/GetCurrentUserRoles', attempt: 1 },
      { event: 'end', id, rpc: '/proto.AuthService/GetCurrentUserRoles', attempt: 1, durationMs },
      { event: 'start', id, rpc: '/proto.AuthService/DeleteRole', attempt: 1 },
      { event: 'error', id, rpc: '/proto.AuthService/DeleteRole', attempt: 1, durationMs, code: 'not_implemented' },
    ]);
    const ids = of(DIAGNOSTICS.call).map((message) => message.id);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    expect(new Set(ids).size).toBe(3);
  });

  test('cost nothing while nobody listens', () => {
    unsubscribe(DIAGNOSTICS.call, listen);
    expect(traceCall('/proto.AuthService/Ping')).toBeUndefined();
    expect(seen).toEqual([]);
  });

  test('go on when a listener throws', async () => {
    const faulty = (): void => {
      throw new Error('a listener failed');
    };
    const failed: unknown[] = [];
    const keep = (error: unknown): unknown => failed.push(error);
    // Node tells of it as of an exception that nobody has caught; here that is the test runner's.
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', keep);
    subscribe(DIAGNOSTICS.call, faulty);
    try {
      await using client = new FakeCluster().connect();
      await client.ping();
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      unsubscribe(DIAGNOSTICS.call, faulty);
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    }
    expect(failed).toHaveLength(2);
  });
});

test('dials and credentials are told of, and nothing that is secret', async () => {
  const { cluster } = await startSampleCluster();
  await using _ = cluster;
  cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
  const first = await cluster.issueUserCredentials({ user: 'alice' });
  const second = await cluster.issueUserCredentials({ user: 'alice' });
  let current = first;
  const token = 'a-token-that-is-nobody-elses-business';
  await using client = await connect({
    addresses: [cluster.proxyAddress],
    credentials: fromFunction(async () => ({ cert: current.cert, key: current.key, ca: current.cas })),
    trust: { webCa: [cluster.webCaPem] },
  });
  await client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' }, { metadata: { authorization: token } });
  await client.unary(AuthServiceDefinition, 'getToken' as 'getRole', { Name: token }).catch(() => {});
  current = second;
  await client.reloadCredentials();
  await expect(
    connect({ addresses: ['127.0.0.1:1'], credentials: loadTLS({ ...first, ca: first.cas }) }),
  ).rejects.toBeDefined();

  expect(of(DIAGNOSTICS.dial)).toEqual(
    expect.arrayContaining([
      { event: 'start', method: 'find', address: cluster.proxyAddress },
      { event: 'end', method: 'tls-routing', address: cluster.proxyAddress, durationMs: expect.any(Number) },
      expect.objectContaining({ event: 'error', address: '127.0.0.1:1', stage: 'tcp', code: 'connection_problem' }),
    ]),
  );
  expect(of(DIAGNOSTICS.credentials)).toContainEqual({ event: 'reloaded', notAfter: expect.any(Date) });
  const all = inspect(seen, { depth: 10, maxStringLength: null, maxArrayLength: null });
  expect(all).not.toContain(token);
  for (const { key, cert } of [first, second]) {
    for (const line of `${key}\n${cert}`.split('\n').filter((text) => /^[\w+/=]{20,}$/.test(text))) {
      expect(all).not.toContain(line);
    }
  }
  expect(all).not.toMatch(/BEGIN|PRIVATE/);
});
