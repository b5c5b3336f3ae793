import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { grpcFrame, rawCall } from '../testing/raw-call.ts';
import { anonymousClient, userClient } from '../testing/wire-bot.ts';
import type { WireCredentials } from '../testing/wire-client.ts';
import type { WireFault } from './faults.ts';

const PING = '/proto.AuthService/Ping';
const GET_ROLE = '/proto.AuthService/GetRole';
const MiB = 1024 * 1024;

describe('what no gRPC client sends', () => {
  let cluster: DevCluster;
  let identity: WireCredentials;

  beforeAll(async () => {
    cluster = await DevCluster.start();
    cluster.upsertRole({ name: 'viewer', allow: {} });
    cluster.upsertUser({ name: 'alice', roles: ['viewer'] });
    identity = await cluster.issueUserCredentials({ user: 'alice' });
  });
  afterAll(() => cluster.stop());

  const alive = async (): Promise<void> => {
    using client = anonymousClient(cluster);
    expect(await client.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: cluster.name });
  };

  // The codes are those of a Teleport 18.0.0 that was sent the same bytes.
  it.each([
    ['an empty message', PING, grpcFrame(Buffer.alloc(0)), 0],
    ['bytes that are no message', PING, grpcFrame(Buffer.alloc(8, 0xff)), 13],
    ['a message that ends within a field', GET_ROLE, grpcFrame(Buffer.from([0x0a, 0x05, 0x61])), 13],
    ['text that is not UTF-8', GET_ROLE, grpcFrame(Buffer.from([0x0a, 0x02, 0xff, 0xfe])), 7],
    ['a compressed message without a compression', PING, grpcFrame(Buffer.from('abc'), { flag: 1 }), 13],
    ['a message over the limit', PING, grpcFrame(Buffer.concat([Buffer.from([0x0a]), Buffer.alloc(4 * MiB)])), 8],
    ['a message announced as far too long', PING, grpcFrame(Buffer.from('abc'), { length: 0xffffffff }), 8],
    ['an unknown method', '/proto.AuthService/Nosuch', grpcFrame(Buffer.alloc(0)), 12],
    ['a path that is none', '/x', grpcFrame(Buffer.alloc(0)), 12],
  ])('%s', async (_what, path, body, code) => {
    expect(await rawCall({ address: cluster.authAddress, path, body, identity })).toMatchObject({ code });
    await alive();
  });

  // Here the real one has a code where this one only has no success: grpc-js decides, and its words are its own.
  it.each([
    ['no message at all', Buffer.alloc(0), {}],
    ['a frame that is cut short', grpcFrame(Buffer.from('abc'), { length: 100 }), {}],
    ['a frame without its head', Buffer.from([0, 0, 0]), {}],
    ['an unknown compression', grpcFrame(Buffer.from('abc'), { flag: 1 }), { 'grpc-encoding': 'snappy' }],
    ['gzip that is none', grpcFrame(Buffer.from('abc'), { flag: 1 }), { 'grpc-encoding': 'gzip' }],
    ['an unknown frame flag', grpcFrame(Buffer.from('abc'), { flag: 7 }), {}],
    ['a content type of something else', grpcFrame(Buffer.alloc(0)), { 'content-type': 'application/json' }],
    ['a deadline that is none', grpcFrame(Buffer.alloc(0)), { 'grpc-timeout': 'abc' }],
  ])('%s', async (_what, body, headers) => {
    const answer = await rawCall({ address: cluster.authAddress, path: PING, body, headers, identity });
    expect(answer.code).not.toBe(0);
    await alive();
  });
});

describe('an answer that no server gives', () => {
  /** What grpc-js makes of them. */
  const CODES: Readonly<Record<WireFault, number>> = {
    dropped: 14,
    'half-closed': 13,
    'cut-short': 13,
    oversized: 8,
    garbled: 13,
  };
  const faults = Object.keys(CODES) as WireFault[];

  it.each(faults)('%s, to a single one', async (fault) => {
    await using cluster = await DevCluster.start();
    using client = anonymousClient(cluster);
    cluster.faults.next('Ping', fault);
    const failed = await client.call(AuthServiceDefinition, 'ping', {}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: CODES[fault] });
    using after = anonymousClient(cluster);
    expect(await after.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: cluster.name });
  });

  it('in a text that cannot be sent as it is, is sent as well as can be', async () => {
    await using cluster = await DevCluster.start();
    using client = anonymousClient(cluster);
    cluster.faults.next('Ping', { code: 8, message: 'half \ud800 a pair' });
    const failed = await client.call(AuthServiceDefinition, 'ping', {}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 8, details: 'half \ufffd a pair' });
  });

  it.each([...faults, { code: 8, message: 'slow down' }])('%s, in the middle of many', async (fault) => {
    await using cluster = await DevCluster.start();
    cluster.upsertRole({ name: 'boss', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    cluster.upsertUser({ name: 'alice', roles: ['boss'] });
    using client = await userClient(cluster, 'alice');
    cluster.faults.next('WatchEvents', { afterMessages: 2, fault });
    const watch = client.stream(AuthServiceDefinition, 'watchEvents', { Kinds: [{ Kind: 'role' }] });
    const seen: (string | undefined)[] = [];
    let failed: unknown;
    try {
      for await (const event of watch) {
        seen.push(event.Resource?.$case);
        cluster.upsertRole({ name: `role-${seen.length}`, allow: {} });
      }
    } catch (error) {
      failed = error;
    }
    expect(seen).toEqual(['WatchStatus', 'Role']);
    expect(failed).toMatchObject(
      typeof fault === 'object' ? { code: 8, details: 'slow down' } : { code: expect.any(Number) },
    );
    // The watch is given up at the server too.
    await expect.poll(() => cluster.calls.count('WatchEvents')).toBe(1);
  });
});
