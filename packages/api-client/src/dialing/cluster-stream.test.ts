import { connect as connectTcp } from 'node:net';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { type ClusterCall, type ProxyGrpcServer, proxyGrpcServer } from '../../test-support/proxy-grpc-server.ts';
import { type ClientOptions, ConnectError, connect, loadTLS } from '../index.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

let auth: AuthServer;
beforeAll(async () => {
  auth = await AuthServer.start({ certificate });
});
afterAll(() => auth[Symbol.asyncDispose]());

/** Carries the bytes of a stream to the auth service, as a proxy does. */
function carry(call: ClusterCall, clusters: string[] = []): void {
  const far = connectTcp({ host: '127.0.0.1', port: auth.port });
  call.on('data', ({ cluster, frame }: { cluster: string; frame?: { payload: Buffer } }) => {
    if (cluster !== '') clusters.push(cluster);
    if (frame) far.write(frame.payload);
  });
  call.on('end', () => far.end()).on('cancelled', () => far.destroy());
  far.on('data', (payload) => call.write({ frame: { payload } }));
  far.on('error', () => {}).on('close', () => call.end());
}

const options = (proxy: ProxyGrpcServer, more: Partial<ClientOptions> = {}): ClientOptions => ({
  addresses: [`127.0.0.1:${proxy.port}`],
  strategy: { order: ['proxy-grpc'], onlyListed: true },
  credentials,
  ...more,
});

async function refused(settings: ClientOptions) {
  const error = await connect(settings).catch((reason: unknown) => reason);
  if (!(error instanceof ConnectError)) throw new Error('connect did not end as expected', { cause: error });
  const attempt = error.attempts.find(({ method }) => method === 'proxy-grpc');
  if (!attempt) throw new Error('this way was not tried', { cause: error });
  return { error, attempt };
}

test('a stream carries a connection, and is made again after it was lost', async () => {
  const clusters: string[] = [];
  await using proxy = await proxyGrpcServer(certificate, (call) => carry(call, clusters));
  const client = await connect(options(proxy, { cluster: 'root.test' }));
  expect(client.connection).toEqual({ method: 'proxy-grpc', address: `127.0.0.1:${proxy.port}` });
  expect(clusters).toEqual(['root.test']);
  await client.ping();
  for (const call of proxy.open) call.emit('error', { code: 14, details: 'the leaf went away' });
  await expect(client.ping().catch(() => client.ping())).resolves.toMatchObject({ clusterName: 'root.test' });
  await client.close();
  await expect.poll(() => proxy.open.size).toBe(0);
});

test('the port is known by what it does not know', async () => {
  await using proxy = await proxyGrpcServer(certificate, (call) => carry(call));
  await using client = await connect({ addresses: [`127.0.0.1:${proxy.port}`], credentials });
  expect(client.connection.method).toBe('proxy-grpc');
});

describe('a stream that', () => {
  test('is refused tells why', async () => {
    await using proxy = await proxyGrpcServer(certificate, (call) =>
      call.emit('error', { code: 5, details: 'failed dialing cluster "root.test"' }),
    );
    const { error, attempt } = await refused(options(proxy));
    expect(error).toMatchObject({ code: 'not_found', message: expect.stringContaining('failed dialing cluster') });
    expect(attempt).toMatchObject({ address: `127.0.0.1:${proxy.port}`, error: { code: 'not_found' } });
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  test.each([
    ['ends at once', (call: ClusterCall) => call.end(), 'cut the connection'],
    [
      'ends in the middle',
      (call: ClusterCall) => call.once('data', () => call.once('data', () => call.end())),
      'cut the connection',
    ],
    [
      'is no TLS',
      (call: ClusterCall) => call.write({ frame: { payload: Buffer.from('SSH-2.0-x\r\n') } }),
      'does not speak TLS',
    ],
  ])('%s is a typed error', async (_what, onCall, message) => {
    await using proxy = await proxyGrpcServer(certificate, (call) => {
      call.resume();
      onCall(call);
    });
    const { error, attempt } = await refused(options(proxy));
    expect(error.message).toContain(message);
    expect(attempt).toMatchObject({ stage: 'tls', error: { code: 'connection_problem' } });
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  test('never says a word is given up', async () => {
    const clock = new FakeClock(Date.now());
    let onCalled = (): void => {};
    const called = new Promise<void>((resolve) => {
      onCalled = resolve;
    });
    await using proxy = await proxyGrpcServer(certificate, (call) => {
      call.resume();
      onCalled();
    });
    const failing = refused(options(proxy, { clock, timeouts: { connectMs: 9_000 } }));
    await called;
    await clock.advance(3_000);
    const { attempt } = await failing;
    expect(attempt).toMatchObject({ stage: 'tls', error: { code: 'timeout', retryable: true } });
    expect(clock.timers).toBe(0);
    await expect.poll(() => proxy.open.size).toBe(0);
  });
});

test('a proxy of another cluster is not trusted', async () => {
  await using proxy = await proxyGrpcServer(new TestPki('other.test').authService(), (call) => carry(call));
  const { error, attempt } = await refused(options(proxy));
  expect(error.retryable).toBe(false);
  expect(attempt.stage).toBe('tls');
  expect(attempt.error.message).toContain('it is the one of the cluster other.test');
});
