import type { AddressInfo } from 'node:net';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { connectProxy } from '../../test-support/connect-proxy.ts';
import { TestPki } from '../../test-support/pki.ts';
import { upgradeServer } from '../../test-support/upgrade-server.ts';
import { type ClientOptions, ConnectError, connect, loadTLS, systemClock } from '../index.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { firstPing } from './first-ping.ts';
import { route } from './route.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());
const never = new AbortController().signal;

function connectionTo(port: number, options: Partial<ConnectionOptions> = {}): Connection {
  const way = { method: 'auth', host: '127.0.0.1', port, source: credentials, clock: systemClock } as const;
  return new Connection(route(way), { userAgent: 'test', connectMs: 5_000, ...options });
}

async function refused(options: Omit<ClientOptions, 'credentials'>): Promise<ConnectError> {
  const error = await connect({ credentials, ...options }).catch((reason: unknown) => reason);
  if (error instanceof ConnectError) return error;
  throw new Error('connect did not end as expected', { cause: error });
}

/** A relay that can fall silent without closing anything, as a path with a dead router does. */
async function relay(port: number) {
  const sockets = new Set<Socket>();
  const state = { isSilent: false };
  const server: Server = createServer((near) => {
    const far = connectTcp({ host: '127.0.0.1', port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => {}).on('data', (bytes) => state.isSilent || to.write(bytes));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    state,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a connection', () => {
  test('that is half open is found dead, and made again', async () => {
    await using server = await AuthServer.start({ certificate });
    await using path = await relay(server.port);
    const connection = connectionTo(path.port, { keepalive: { intervalMs: 100, timeoutMs: 100 } });
    await firstPing(connection, never);
    path.state.isSilent = true;
    await expect(firstPing(connection, never)).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    path.state.isSilent = false;
    await expect(firstPing(connection, never)).resolves.toMatchObject({ clusterName: 'root.test' });
    await connection.close(0);
    await expect.poll(() => path.sockets.size).toBe(0);
  });

  test('that the server says goodbye to (GOAWAY) lets the running call finish, and is made again', async () => {
    const answers: (() => void)[] = [];
    let onCalled = (): void => {};
    const called = new Promise<void>((resolve) => {
      onCalled = resolve;
    });
    let isSlow = true;
    const ping = (_call: unknown, answer: (error: null, value: object) => void): void => {
      const reply = (): void => answer(null, { ClusterName: 'root.test', ServerVersion: '18.0.0' });
      if (isSlow) {
        answers.push(reply);
        onCalled();
      } else reply();
    };
    await using server = await AuthServer.start({ certificate, handlers: { ping } });
    const connection = connectionTo(server.port);
    const running = firstPing(connection, never);
    await called;
    server.goaway();
    isSlow = false;
    for (const reply of answers) reply();
    await expect(running).resolves.toMatchObject({ clusterName: 'root.test' });
    const again = (): Promise<unknown> => firstPing(connection, never);
    await expect(again().catch(again)).resolves.toMatchObject({ clusterName: 'root.test' });
    expect(server.handshakes).toHaveLength(2);
    await connection.close(0);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('whose HTTP/2 settings never come is given up', async () => {
    const open = new Set<Socket>();
    const server = createTlsServer({ ...certificate, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('error', () => {}).resume();
    });
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket)).on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = connectionTo((server.address() as AddressInfo).port, { connectMs: 300 });
    await expect(firstPing(connection, never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('did not begin to speak HTTP/2 within 300 ms'),
    });
    expect(connection.stage).toBe('h2');
    await connection.close(0);
    await expect.poll(() => open.size).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a balancer that upgrades', () => {
  const strategy = { order: ['tls-routing-upgrade'], onlyListed: true } as const;

  test('and then keeps silent', async () => {
    const clock = new FakeClock(Date.now());
    let onUpgraded = (): void => {};
    const upgraded = new Promise<void>((resolve) => {
      onUpgraded = resolve;
    });
    await using server = await upgradeServer({ onStream: () => onUpgraded(), find: FIND });
    const options = { addresses: [`localhost:${server.port}`], strategy, trust: { webCa: [server.ca] } };
    const failing = refused({ ...options, clock, timeouts: { connectMs: 9_000 } });
    await upgraded;
    await clock.advance(3_000);
    const { attempts } = await failing;
    expect(attempts).toMatchObject([{ method: 'tls-routing-upgrade', stage: 'tls', error: { code: 'timeout' } }]);
    expect(clock.timers).toBe(0);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test('and then cuts', async () => {
    await using server = await upgradeServer({ onStream: (_send, close) => close(), find: FIND });
    const options = { addresses: [`localhost:${server.port}`], strategy, trust: { webCa: [server.ca] } };
    const { attempts } = await refused(options);
    expect(attempts).toMatchObject([
      { method: 'tls-routing-upgrade', stage: 'tls', error: { code: 'connection_problem', retryable: true } },
    ]);
    await expect.poll(() => server.open.size).toBe(0);
  });
});

const FIND = { server_version: '18.0.0', cluster_name: 'root.test', proxy: { tls_routing_enabled: true } };

describe('an HTTP proxy that', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('never answers', async () => {
    const clock = new FakeClock(Date.now());
    let asked = 0;
    let onBoth = (): void => {};
    const both = new Promise<void>((resolve) => {
      onBoth = resolve;
    });
    await using proxy = await connectProxy({
      answer: () => {
        asked += 1;
        if (asked === 2) onBoth();
      },
    });
    vi.stubEnv('HTTPS_PROXY', `http://me:secret@${proxy.address}`);
    const failing = refused({ addresses: ['teleport.test:443'], clock, timeouts: { connectMs: 9_000 } });
    await expect.poll(() => asked).toBe(1);
    await clock.advance(250);
    await both;
    await clock.advance(3_000);
    const error = await failing;
    expect(error.attempts.map(({ method, stage, error: { code } }) => [method, stage, code]).sort()).toEqual([
      ['auth', 'proxy', 'timeout'],
      ['find', 'proxy', 'timeout'],
    ]);
    expect(clock.timers).toBe(0);
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  test('refuses: told once for each way, never with its login', async () => {
    await using proxy = await connectProxy({ login: 'me:other' });
    vi.stubEnv('HTTPS_PROXY', `http://me:secret@${proxy.address}`);
    const error = await refused({ addresses: ['teleport.test:443'] });
    expect(error).toMatchObject({ code: 'access_denied', retryable: false });
    expect(error.message.split('\n')[0]).toContain('demands a login (407)');
    const shown = inspect(error, { depth: 20, showHidden: true });
    expect(shown).not.toContain('secret');
    expect(shown).not.toContain(Buffer.from('me:secret').toString('base64'));
  });

  test('is none by its address', async () => {
    vi.stubEnv('HTTPS_PROXY', 'socks5://me:secret@proxy.test');
    const error = await refused({ addresses: ['teleport.test:443'] });
    expect(error).toMatchObject({ code: 'bad_parameter', message: expect.stringContaining('HTTPS_PROXY') });
    expect(error.message).not.toContain('secret');
  });
});
