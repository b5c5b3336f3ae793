import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { type ClientOptions, ConnectError, type CustomDialer, connect, loadTLS } from '../index.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const base = { credentials: loadTLS(pki.user()) };

async function refused(options: Partial<ClientOptions>): Promise<ConnectError> {
  const error = await connect({ ...base, addresses: ['jump.test:7'], ...options }).catch((reason: unknown) => reason);
  if (error instanceof ConnectError) return error;
  throw new Error('connect did not end as expected', { cause: error });
}

test('it opens every connection, gets the address as it was written, and its streams end with the client', async () => {
  await using server = await AuthServer.start({ certificate });
  const sockets: Socket[] = [];
  const asked: string[] = [];
  const dial: CustomDialer = async (address) => {
    asked.push(address);
    const socket = connectTcp({ host: '127.0.0.1', port: server.port });
    sockets.push(socket);
    return socket;
  };
  const client = await connect({ ...base, addresses: ['jump.test:7'], dial });
  expect(client.connection).toEqual({ method: 'dialer', address: 'jump.test:7' });
  // Both an auth service and a proxy's web port understand this list.
  expect(server.protocols).toEqual([['teleport-auth@726f6f742e74657374.teleport.cluster.local', 'h2']]);
  server.cut();
  await client.ping().catch(() => client.ping());
  expect(asked).toEqual(['jump.test:7', 'jump.test:7']);
  await client.close();
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test('it may know by itself where to go', async () => {
  await using server = await AuthServer.start({ certificate });
  const asked: string[] = [];
  const dial: CustomDialer = (address) => {
    asked.push(address);
    return connectTcp({ host: '127.0.0.1', port: server.port });
  };
  await using client = await connect({ ...base, dial });
  expect(client.connection.method).toBe('dialer');
  expect(asked).toEqual(['teleport.cluster.local:3025']);
});

describe('one that', () => {
  test('fails is alone, unless the others may follow', async () => {
    await using server = await AuthServer.start({ certificate });
    const dial: CustomDialer = () => Promise.reject(new Error('the jump host is down'));
    const error = await refused({ dial, addresses: [server.address] });
    expect(error.message).toContain('the jump host is down');
    expect(error.attempts.map(({ method, stage }) => [method, stage])).toEqual([['dialer', 'tcp']]);
    expect(server.handshakes).toEqual([]);
    await using client = await connect({
      ...base,
      dial,
      addresses: [server.address],
      strategy: { fallback: true, order: ['auth'] },
    });
    expect(client.connection.method).toBe('auth');
  });

  test.each([
    ['nothing', undefined],
    ['something else', {}],
  ])('gives %s', async (_what, given) => {
    const error = await refused({ dial: (() => given) as unknown as CustomDialer });
    expect(error).toMatchObject({ code: 'bad_parameter', message: expect.stringContaining('gave no stream') });
  });

  test('throws', async () => {
    const error = await refused({
      dial: () => {
        throw new TypeError('oops');
      },
    });
    expect(error.message).toContain('oops');
  });

  test('gives a stream that ends at once', async () => {
    const dial: CustomDialer = () => {
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      stream.push(null);
      return stream;
    };
    const error = await refused({ dial });
    expect(error.attempts).toMatchObject([{ method: 'dialer', stage: 'tls', error: { code: 'connection_problem' } }]);
  });

  test('never gives anything is told by its signal, and what comes too late is closed', async () => {
    const clock = new FakeClock(Date.now());
    let told: AbortSignal | undefined;
    let give = (_stream: Duplex): void => {};
    let onAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    const dial: CustomDialer = (_address, { signal }) => {
      told = signal;
      onAsked();
      return new Promise((resolve) => {
        give = resolve;
      });
    };
    const failing = refused({ dial, clock, timeouts: { connectMs: 9_000 } });
    await asked;
    await clock.advance(3_000);
    await expect(failing).resolves.toMatchObject({ code: 'timeout' });
    expect(told?.aborted).toBe(true);
    const late = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    give(late);
    await expect.poll(() => late.destroyed).toBe(true);
  });
});
