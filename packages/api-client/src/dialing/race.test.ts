import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { silentPort } from '../../test-support/silent-port.ts';
import { systemClock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { loadTLS, silentLogger } from '../index.ts';
import { parseAddress } from './address.ts';
import { dial } from './dial.ts';
import { ConnectError } from './dial-attempt.ts';
import { DialMemory } from './dial-memory.ts';
import type { DialOptions } from './dialer.ts';

const never = new AbortController().signal;

function options(address: string, source: CredentialSource, more: Partial<DialOptions> = {}): DialOptions {
  const clock = more.clock ?? systemClock;
  return {
    addresses: [parseAddress(address)],
    source,
    web: {},
    checkVersion: true,
    userAgent: 'test',
    attemptMs: 10_000,
    memory: new DialMemory(clock),
    clock,
    logger: silentLogger,
    ...more,
  };
}

describe('the ways to one address', () => {
  const pki = new TestPki('root.test');
  const certificate = pki.authService();
  const source = loadTLS(pki.user());

  test('start one after another, as far behind as is said', async () => {
    await using port = await silentPort();
    const clock = new FakeClock(Date.now());
    const address = port.address;
    const settings = options(address, source, { clock, strategy: { staggerMs: 1_000 }, attemptMs: 3_000 });
    const failing = dial(settings, { signal: never }).catch((error: unknown) => error);
    await port.connected;
    await clock.advance(999);
    expect(port.total).toBe(1);
    await clock.advance(1);
    await port.connections(2);
    await clock.advance(3_000);
    const error = await failing;
    expect(error).toBeInstanceOf(ConnectError);
    expect((error as ConnectError).attempts.map(({ method }) => method)).toEqual(['find', 'auth']);
    expect(clock.timers).toBe(0);
  });

  test('are only those that are listed, if that is said', async () => {
    await using server = await AuthServer.start({ certificate });
    const strategy = { order: ['tls-routing'], onlyListed: true } as const;
    const failing = dial(options(server.address, source, { strategy }), { signal: never });
    await expect(failing).rejects.toMatchObject({ attempts: [{ method: 'find' }] });
    const only = { order: ['auth'], onlyListed: true } as const;
    const { connection } = await dial(options(server.address, source, { strategy: only }), { signal: never });
    await connection.close(0);
    const none = dial(options(server.address, source, { strategy: { onlyListed: true } }), { signal: never });
    await expect(none).rejects.toMatchObject({ code: 'timeout' });
  });

  test('are given up with the signal, by its reason', async () => {
    await using port = await silentPort();
    const controller = new AbortController();
    const failing = dial(options(port.address, source), { signal: controller.signal });
    await port.connected;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(failing).rejects.toBe(reason);
    await port.drained();
  });
});

describe('the way that worked', () => {
  let cluster: DevCluster;
  let source: CredentialSource;
  beforeAll(async () => {
    cluster = await DevCluster.start({ name: 'root.test' });
    cluster.upsertRole({ name: 'deployer', allow: {} });
    cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
    const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
    source = loadTLS({ key, cert, ca: cas });
  });
  afterAll(() => cluster.stop());

  const web = () => ({ webCa: [cluster.webCaPem] });

  test('is taken first the next time, without asking what is there', async () => {
    const settings = options(cluster.proxyAddress, source, { web: web(), memory: new DialMemory(systemClock) });
    const first = await dial(settings, { signal: never });
    expect(first.connection.route.method).toBe('tls-routing');
    await first.connection.close(0);
    // It would not be trusted if it were asked.
    const again = await dial({ ...settings, web: {} }, { signal: never });
    expect(again.connection.route).toMatchObject({ method: 'tls-routing', cluster: 'root.test' });
    await again.connection.close(0);
  });

  test('is taken first where it is preferred; when it fails the others follow, and it is not tried twice', async () => {
    const settings = options(cluster.proxyAddress, source, { web: web() });
    const [host, port] = cluster.proxyAddress.split(':') as [string, string];
    const prefer = { method: 'tls-routing-upgrade', host, port: Number(port), cluster: 'root.test' } as const;
    const { connection } = await dial(settings, { prefer, signal: never });
    expect(connection.route.method).toBe('tls-routing-upgrade');
    await connection.close(0);
    await using gone = await silentPort();
    const [goneHost, gonePort] = gone.address.split(':') as [string, string];
    await gone[Symbol.asyncDispose]();
    const lost = { method: 'tls-routing', host: goneHost, port: Number(gonePort), cluster: 'root.test' } as const;
    const other = await dial(settings, { prefer: lost, signal: never });
    expect(other.connection.route.address).toBe(cluster.proxyAddress);
    await other.connection.close(0);
    const failing = dial(options(gone.address, source), { prefer: { ...lost, method: 'auth' }, signal: never });
    const { attempts } = (await failing.catch((error: unknown) => error)) as ConnectError;
    expect(attempts.map(({ method }) => method)).toEqual(['auth', 'find']);
  });

  test('is forgotten when nothing works there any more; what find said is, after five minutes', async () => {
    const clock = new FakeClock(Date.now());
    const memory = new DialMemory(clock);
    const settings = options(cluster.proxyAddress, source, { web: web(), memory });
    const address = parseAddress(cluster.proxyAddress);
    const { connection } = await dial(settings, { signal: never });
    await connection.close(0);
    expect(memory.winner(address)?.method).toBe('tls-routing');
    expect(memory.found(address)?.clusterName).toBe('root.test');
    await clock.advance(5 * 60_000);
    expect(memory.found(address)).toBeUndefined();
    const stranger = loadTLS(new TestPki('root.test').user());
    await expect(dial({ ...settings, source: stranger }, { signal: never })).rejects.toBeInstanceOf(ConnectError);
    expect(memory.winner(address)).toBeUndefined();
  });
});
