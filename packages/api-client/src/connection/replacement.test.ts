import { status as grpcStatus } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { certificate, pki, Renewals } from '../../test-support/renewals.ts';
import { until } from '../../test-support/until.ts';
import { fromFunction } from '../credentials/from-function.ts';

const minuteMs = 60_000;
let it: Renewals;

beforeEach(async () => {
  it = await Renewals.create();
});
afterEach(() => it[Symbol.asyncDispose]());

describe('what runs while the connection is replaced', () => {
  test('a call with one answer gets it on the old connection', async () => {
    let parts = pki.user();
    const { client } = await it.open(fromFunction(() => parts));
    const call = client.unary(AuthServiceDefinition, 'getRole', { Name: 'late' });
    await until(() => it.running.length === 1);
    parts = pki.user();
    await expect(client.reloadCredentials()).resolves.toBe('changed');
    await client.ping();
    expect(it.server.sockets.size).toBe(2);
    it.running[0]?.answer(null, { Metadata: { Name: 'late' } });
    await expect(call).resolves.toMatchObject({ Metadata: { Name: 'late' } });
    await until(() => it.server.sockets.size === 1);
  });

  test('an open stream goes on for half a minute, and is then told to begin again', async () => {
    let parts = pki.user();
    const { client } = await it.open(fromFunction(() => parts));
    const roles = client.service(AuthServiceDefinition).getCurrentUserRoles({})[Symbol.asyncIterator]();
    const first = roles.next();
    await until(() => it.running.length === 1);
    it.running[0]?.stream?.write({ Metadata: { Name: 'one' } });
    await expect(first).resolves.toMatchObject({ value: { Metadata: { Name: 'one' } } });
    parts = pki.user();
    await client.reloadCredentials();
    await it.clock.advance(29_000);
    it.running[0]?.stream?.write({ Metadata: { Name: 'two' } });
    await expect(roles.next()).resolves.toMatchObject({ value: { Metadata: { Name: 'two' } } });
    const ended = expect(roles.next()).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: true,
      message: 'the connection was replaced by a newer one',
    });
    await it.clock.advance(1_000);
    await ended;
    await until(() => it.server.sockets.size === 1);
  });

  test('a new one that the cluster refuses leaves the old one, and is tried again later', async () => {
    let parts = pki.user();
    const { client, said, heard } = await it.open(fromFunction(() => parts));
    const first = it.lastSerial();
    parts = pki.user();
    it.refusePing = { code: grpcStatus.PERMISSION_DENIED, details: 'not you' };
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'access_denied' });
    await expect(heard('invalid')).resolves.toMatchObject({ cause: { code: 'access_denied' } });
    it.refusePing = undefined;
    it.server.cut();
    await client.ping().catch(() => client.ping());
    expect(it.lastSerial()).toBe(first);
    await it.clock.advance(minuteMs);
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['invalid', 'reloaded']);
    expect(it.lastSerial()).not.toBe(first);
  });

  test('a server that is down meanwhile is waited for, with the new one', async () => {
    let parts = pki.user();
    const { client, said, heard } = await it.open(
      fromFunction(() => parts),
      { random: () => 0.5 },
    );
    const [first] = it.server.serials;
    parts = pki.user();
    const { port } = it.server;
    await it.server[Symbol.asyncDispose]();
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    it.server = await AuthServer.start({ certificate, port });
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['reloaded']);
    expect(it.server.serials).not.toContain(first);
    await client.ping();
  });

  test('a hundred requests at once make two connections at most', async () => {
    let parts = pki.user();
    const { client } = await it.open(fromFunction(() => parts));
    parts = pki.user();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => client.reloadCredentials()));
    expect(outcomes).toContain('changed');
    expect(it.server.serials.length).toBeLessThanOrEqual(3);
  });
});
