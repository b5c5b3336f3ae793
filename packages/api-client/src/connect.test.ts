import { createServer, type Socket } from 'node:net';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { TELEPORT_API_VERSION } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { AuthServer } from '../test-support/auth-server.ts';
import { TestPki, webCertificate } from '../test-support/pki.ts';
import { silentPort } from '../test-support/silent-port.ts';
import { ConnectError, connect, fromFunction, loadTLS } from './index.ts';
import { anonymous } from './internal.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

describe('an auth service', () => {
  test('is dialed directly; connected means that it has answered', async () => {
    await using server = await AuthServer.start({ certificate });
    await using client = await connect({ addresses: [server.address], credentials, userAgent: 'deploy/1.0' });
    expect(client.connection).toEqual({ method: 'auth', address: server.address });
    expect(client.server).toEqual({
      version: '18.0.0',
      clusterName: 'root.test',
      proxyPublicAddress: 'proxy.test:443',
    });
    expect(server.calls).toHaveLength(1);
    expect(server.calls[0]?.headers).toMatchObject({
      'user-agent': expect.stringMatching(/^deploy\/1\.0 teleport-ts\/1\.\d+\.\d+ grpc-node-js\//),
    });
    // A server that refuses our version would cut the connection; the first call asks for its own instead.
    expect(server.calls[0]?.headers).not.toHaveProperty('version');
    await client.ping();
    expect(server.calls[1]?.headers).toMatchObject({ version: TELEPORT_API_VERSION });
    expect(server.handshakes).toContainEqual({ servername: 'teleport.cluster.local', peer: 'alice', certificates: 1 });
  });

  test('is shown one certificate, also when its issuer is among the trusted ones', async () => {
    await using server = await AuthServer.start({ certificate });
    const { ca, ...own } = pki.user();
    await using client = await connect({
      addresses: [server.address],
      credentials: loadTLS({ ...own, ca: [pki.userCa, ca] }),
    });
    expect(client.connection.method).toBe('auth');
    expect(server.handshakes.at(-1)).toMatchObject({ peer: 'alice', certificates: 1 });
  });

  test('that nobody serves: one error names each attempt, and a retry may help', async () => {
    const { address } = await freePort();
    const error = await refused({ addresses: [address] });
    expect(error).toMatchObject({ code: 'connection_problem', retryable: true });
    expect(error.message.split('\n')[0]).toBe(
      `cannot connect to Teleport at ${address}: nobody listens at ${address} (ECONNREFUSED)`,
    );
    expect(error.attempts.map(({ method, stage }) => [method, stage])).toEqual([
      ['find', 'tcp'],
      ['auth', 'tcp'],
    ]);
    expect(error.message).toContain(`\n  auth ${address} (tcp, `);
  });

  test('whose name does not exist', async () => {
    const error = await refused({ addresses: ['nosuch.invalid:3025'] });
    expect(error.attempts.find(({ method }) => method === 'auth')?.stage).toBe('dns');
    expect(error.message.split('\n')[0]).toMatch(/the name in nosuch\.invalid:3025 cannot be resolved \(E\w+\)/);
  });

  test('of another cluster: wrong CA, and no retry helps', async () => {
    const other = new TestPki('other.test');
    await using server = await AuthServer.start({ certificate: other.authService() });
    const error = await refused({ addresses: [server.address] });
    expect(error).toMatchObject({ code: 'connection_problem', retryable: false });
    expect(error.message.split('\n')[0]).toMatch(
      /the auth service at 127\.0\.0\.1:\d+ is not trusted: .*UNABLE_TO_VERIFY_LEAF_SIGNATURE.*it is the one of the cluster other\.test$/,
    );
    expect(server.calls).toEqual([]);
  });

  test('with an expired certificate of its own', async () => {
    const expired = pki.authService(new Date(Date.now() - 1000));
    await using server = await AuthServer.start({ certificate: expired });
    const error = await refused({ addresses: [server.address] });
    expect(error).toMatchObject({ retryable: false, hint: expect.stringContaining('clocks') });
    expect(error.message).toMatch(/the certificate of the auth service at \S+ expired at 20/);
  });

  test('may be any server for a caller that says so, and only then', async () => {
    await using server = await AuthServer.start({ certificate: new TestPki('other.test').authService() });
    await using client = await connect({ addresses: [server.address], credentials: anonymous({ insecure: true }) });
    expect(client.server.clusterName).toBe('root.test');
    const strict = refused({ addresses: [server.address], credentials: anonymous({ ca: pki.hostCa }) });
    await expect(strict).resolves.toMatchObject({ retryable: false });
  });

  test('behind a port that speaks no TLS', async () => {
    await using port = await silentPort((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const error = await refused({ addresses: [port.address] });
    expect(error).toMatchObject({ retryable: false });
    expect(error.message.split('\n')[0]).toContain('does not speak TLS');
  });

  test('that cuts the connection instead of answering', async () => {
    await using server = await AuthServer.start({ certificate, onSecure: (socket) => socket.destroy() });
    const error = await refused({ addresses: [server.address] });
    expect(error).toMatchObject({ code: 'connection_problem', retryable: true });
    expect(error.message.split('\n')[0]).toContain('cut the connection before the first answer');
    expect(error.hint).toContain(`API version ${TELEPORT_API_VERSION}`);
  });

  test('that cuts the connection of a certificate for applications', async () => {
    await using server = await AuthServer.start({ certificate, onSecure: (socket) => socket.destroy() });
    const routed = loadTLS(pki.user({ usage: ['usage:apps'] }));
    const error = await refused({ addresses: [server.address], credentials: routed });
    expect(error).toMatchObject({ code: 'access_denied', retryable: false });
    expect(error.message.split('\n')[0]).toContain('may only be used for usage:apps');
  });
});

describe('a proxy', () => {
  const web = webCertificate();
  const trust = { webCa: [web.ca] };
  const find = { cluster_name: 'root.test', server_version: '18.0.0', min_client_version: '17.0.0-aa', proxy: {} };

  test('forwards to the cluster that the first protocol names: its own unless told otherwise', async () => {
    await using server = await AuthServer.start({ certificate, web: { certificate: web, find } });
    await using client = await connect({ addresses: [server.address], credentials, trust });
    expect(client.connection.method).toBe('tls-routing');
    expect(server.protocols).toContainEqual(['teleport-auth@726f6f742e74657374.teleport.cluster.local', 'h2']);
    expect(server.handshakes.at(-1)).toMatchObject({ servername: 'teleport.cluster.local', peer: 'alice' });
  });

  test('reaches a leaf, which only the leaf’s CA vouches for', async () => {
    const leaf = new TestPki('leaf.test');
    const user = pki.user();
    const both = loadTLS({ ...user, ca: [user.ca, leaf.hostCa] });
    const options = { credentials: both, trust, cluster: 'leaf.test' };
    await using server = await AuthServer.start({
      certificate: leaf.authService(),
      cluster: 'leaf.test',
      web: { certificate: web, find },
    });
    await using client = await connect({ ...options, addresses: [server.address] });
    expect(client.server.clusterName).toBe('leaf.test');
    expect(server.protocols).toContainEqual(['teleport-auth@6c6561662e74657374.teleport.cluster.local', 'h2']);
    // The root's auth service in the leaf's place, and the leaf's in the root's.
    await using root = await AuthServer.start({ certificate, web: { certificate: web, find } });
    const swapped = [
      refused({ ...options, addresses: [root.address] }),
      refused({ credentials: both, trust, addresses: [server.address] }),
    ];
    for (const error of await Promise.all(swapped)) {
      expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('is not trusted') });
    }
  });

  test('that refuses clients of our version is not dialed', async () => {
    const newer = { ...find, server_version: '19.0.0', min_client_version: '18.9.0' };
    await using server = await AuthServer.start({ certificate, web: { certificate: web, find: newer } });
    const error = await refused({ addresses: [server.address], trust });
    expect(error).toMatchObject({ code: 'version_mismatch', retryable: false });
    expect(server.calls).toEqual([]);
  });
});

describe('the version check', () => {
  test.each(['17.9.9', '20.0.0'])('a server of %s is refused, naming both versions', async (version) => {
    await using server = await AuthServer.start({ certificate, version });
    const error = await refused({ addresses: [server.address] });
    expect(error).toMatchObject({ code: 'version_mismatch', retryable: false, hint: expect.any(String) });
    expect(error.message.split('\n')[0]).toContain(version);
    expect(error.message.split('\n')[0]).toContain(TELEPORT_API_VERSION);
    await using client = await connect({ addresses: [server.address], credentials, skipVersionCheck: true });
    expect(client.server.version).toBe(version);
  });

  test.each(['18.7.0', '19.0.0'])('a server of %s is taken', async (version) => {
    await using server = await AuthServer.start({ certificate, version });
    await using client = await connect({ addresses: [server.address], credentials });
    expect(client.server.version).toBe(version);
  });
});

describe('before dialing', () => {
  test('an expired certificate is refused', async () => {
    await using server = await AuthServer.start({ certificate });
    const notAfter = new Date(Date.now() - 60_000);
    const expired = loadTLS(pki.user({ notBefore: new Date(Date.now() - 120_000), notAfter }));
    await expect(connect({ addresses: [server.address], credentials: expired })).rejects.toMatchObject({
      code: 'expired',
    });
    expect(server.handshakes).toEqual([]);
  });

  test('the injected clock decides', async () => {
    await using server = await AuthServer.start({ certificate });
    const clock = new FakeClock(Date.now() + 7_200_000);
    await expect(connect({ addresses: [server.address], credentials, clock })).rejects.toMatchObject({
      code: 'expired',
    });
    expect(clock.timers).toBe(0);
  });

  test('addresses must be given, and be addresses', async () => {
    await expect(connect({ addresses: [], credentials })).rejects.toMatchObject({ code: 'bad_parameter' });
    await expect(connect({ addresses: ['x:y'], credentials })).rejects.toMatchObject({ code: 'bad_parameter' });
  });
});

describe('giving up', () => {
  test('an aborted signal gives its own reason, before and during', async () => {
    await using port = await silentPort();
    const reason = new Error('changed my mind');
    await expect(connect({ addresses: [port.address], credentials, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const connecting = connect({ addresses: [port.address], credentials, signal: controller.signal });
    await port.connected;
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await port.drained();
  });

  test('a credential that never comes is a timeout', async () => {
    const clock = new FakeClock();
    const never = fromFunction(() => new Promise(() => {}));
    const connecting = connect({ addresses: ['127.0.0.1:1'], credentials: never, clock, timeouts: { connectMs: 100 } });
    const late = expect(connecting).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('100 ms'),
    });
    await clock.advance(100);
    await late;
    expect(clock.timers).toBe(0);
  });

  test('a server that says nothing gets a third of the time, and both ways are listed', async () => {
    await using port = await silentPort();
    const clock = new FakeClock(Date.now());
    const connecting = refused({ addresses: [port.address], clock, timeouts: { connectMs: 9_000 } });
    await port.connected;
    await clock.advance(250);
    await port.connections(2);
    await clock.advance(3_000);
    const error = await connecting;
    expect(error).toMatchObject({ code: 'timeout', retryable: true });
    expect(error.attempts.map(({ method, stage }) => [method, stage]).sort()).toEqual([
      ['auth', 'tls'],
      ['find', 'tls'],
    ]);
    expect(clock.timers).toBe(0);
    await port.drained();
  });
});

test('of several addresses the first that answers is taken', async () => {
  await using server = await AuthServer.start({ certificate });
  const { address } = await freePort();
  await using client = await connect({ addresses: [address, server.address], credentials });
  expect(client.connection.address).toBe(server.address);
});

test('each new connection takes the newest credential that is of use', async () => {
  await using server = await AuthServer.start({ certificate });
  let current = pki.user();
  const source = fromFunction(() => current);
  await using client = await connect({ addresses: [server.address], credentials: source });
  const [first] = server.serials;
  const now = Date.now();
  current = pki.user({ notBefore: new Date(now - 120_000), notAfter: new Date(now - 60_000) });
  server.cut();
  await expect(untilSettled(() => client.ping())).resolves.toBeUndefined();
  expect(server.serials).toEqual([first, first]);
  current = pki.user();
  server.cut();
  await expect(untilSettled(() => client.ping())).resolves.toBeUndefined();
  expect(server.serials[2]).toBe((await source.current()).serial);
});

test('a client whose server comes back goes on', async () => {
  const handlers = {
    getClusterCACert: (_call: ServerUnaryCall<unknown, unknown>, answer: (e: null, v: object) => void) =>
      answer(null, { TLSCA: Buffer.from(pki.hostCa) }),
  };
  await using server = await AuthServer.start({ certificate, handlers });
  await using client = await connect({ addresses: [server.address], credentials });
  server.cut();
  await expect(client.ping().catch(() => client.ping())).resolves.toMatchObject({ clusterName: 'root.test' });
});

async function refused(
  options: Partial<Parameters<typeof connect>[0]> & { addresses: string[] },
): Promise<ConnectError> {
  const client = await connect({ credentials, ...options }).catch((error: unknown) => error);
  if (client instanceof ConnectError) return client;
  throw new Error('connect did not end as expected', { cause: client });
}

/** The error of the first call that fails with something else than the cut connection. */
async function untilSettled(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if ((error as { code?: string } | undefined)?.code !== 'connection_problem') return error;
  }
}

async function freePort(): Promise<{ address: string }> {
  const server = createServer((socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { address: `127.0.0.1:${port}` };
}
