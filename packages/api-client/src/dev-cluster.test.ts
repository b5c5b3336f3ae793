import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectError, type CredentialSource, connect, type DialAttempt, loadIdentityString } from './index.ts';
import { anonymous } from './internal.ts';
import { find, joinOverWeb } from './web/index.ts';

let cluster: DevCluster;
let credentials: CredentialSource;
let trust: { webCa: string[] };

const aliceOf = async (there: DevCluster, ttlMs = 3_600_000): Promise<CredentialSource> => {
  there.upsertRole({ name: 'deployer' });
  there.upsertUser({ name: 'alice', roles: ['deployer'] });
  return loadIdentityString((await there.issueUserCredentials({ user: 'alice', ttlMs })).identityFile);
};

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.test' });
  credentials = await aliceOf(cluster);
  trust = { webCa: [cluster.webCaPem] };
});
afterAll(() => cluster.stop());

describe.each([
  ['auth', () => cluster.authAddress],
  ['tls-routing', () => cluster.proxyAddress],
])('by way of %s', (method, address) => {
  test('the client finds the cluster, and calls it as the user of its credential', async () => {
    await using client = await connect({ addresses: [address()], credentials, trust });
    expect(client.connection).toEqual({ method, address: address() });
    expect(client.server).toMatchObject({ clusterName: 'root.test', version: expect.stringMatching(/^18\./) });
    const role = await client.service(AuthServiceDefinition).getRole({ Name: 'deployer' });
    expect(role.Metadata?.Name).toBe('deployer');
    expect(cluster.calls.list('GetRole').at(-1)).toMatchObject({ user: 'alice', code: 0 });
  });

  test('without a credential only what is open to all may be called', async () => {
    const { ca } = await credentials.current();
    await using client = await connect({ addresses: [address()], credentials: anonymous({ ca }), trust });
    await expect(client.unary(AuthServiceDefinition, 'getClusterCACert', {})).resolves.toHaveProperty('TLSCA');
    await expect(client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' })).rejects.toMatchObject({
      code: 'access_denied',
    });
  });

  test('a credential of another cluster is told apart from an address where nobody is', async () => {
    await using other = await DevCluster.start({ name: 'other.test' });
    const foreign = connect({ addresses: [address()], credentials: await aliceOf(other), trust });
    await expect(foreign).rejects.toMatchObject({ retryable: false });
    await expect(foreign).rejects.toThrow(/it is of other\.test|it is the one of the cluster root\.test/);
  });

  test('a lost connection is made again by the next call', async () => {
    await using client = await connect({ addresses: [address()], credentials, trust });
    await cluster.restart();
    await expect(client.ping().catch(() => client.ping())).resolves.toMatchObject({ clusterName: 'root.test' });
  });
});

test('one of many addresses is enough, whatever the others are', async () => {
  const addresses = ['nosuch.invalid:443', cluster.proxyAddress];
  await using client = await connect({ addresses, credentials, trust });
  expect(client.connection.method).toBe('tls-routing');
});

test('the answer to find decides before anything is dialed: a server of another major', async () => {
  await using old = await DevCluster.start({ name: 'old.test', serverVersion: '16.5.0' });
  const alice = await aliceOf(old);
  const oldTrust = { webCa: [old.webCaPem] };
  const error = await connect({ addresses: [old.proxyAddress], credentials: alice, trust: oldTrust }).catch((e) => e);
  expect(error).toBeInstanceOf(ConnectError);
  expect(error).toMatchObject({ code: 'version_mismatch', retryable: false, hint: expect.any(String) });
  expect(error.message).toContain('16.5.0');
  expect(error.attempts.map(({ method, stage }: DialAttempt) => [method, stage])).toEqual([['tls-routing', 'http']]);
  await expect(connect({ addresses: [old.authAddress], credentials: alice })).rejects.toMatchObject({
    code: 'version_mismatch',
  });
  await using client = await connect({
    addresses: [old.proxyAddress],
    credentials: alice,
    trust: oldTrust,
    skipVersionCheck: true,
  });
  expect(client.server.version).toBe('16.5.0');
});

test('a certificate that has expired is told by the next call, on the connection that stands and after it', async () => {
  const clock = new FakeClock();
  await using there = await DevCluster.start({ name: 'short.test', clock });
  const alice = await aliceOf(there, 600_000);
  await using client = await connect({ addresses: [there.authAddress], credentials: alice, clock });
  await clock.advance(599_000);
  await expect(client.ping()).resolves.toMatchObject({ clusterName: 'short.test' });
  const pings = there.calls.count('Ping');
  await clock.advance(2_000);
  await expect(client.ping()).rejects.toMatchObject({ code: 'expired', retryable: false });
  await there.restart();
  await expect(client.ping()).rejects.toMatchObject({ code: 'expired', retryable: false });
  expect(there.calls.count('Ping')).toBe(pings);
});

test('a leaf without its CA is refused before it is dialed', async () => {
  const leaf = connect({ addresses: [cluster.proxyAddress], credentials, trust, cluster: 'leaf.test' });
  await expect(leaf).rejects.toMatchObject({
    code: 'bad_parameter',
    message: expect.stringContaining('holds no CA of the cluster leaf.test'),
  });
});

test('an untrusted web certificate is told to who comes without a credential, too', async () => {
  const stranger = connect({ addresses: [cluster.proxyAddress], credentials: anonymous({ insecure: true }) });
  await expect(stranger).rejects.toMatchObject({
    code: 'connection_problem',
    retryable: false,
    message: expect.stringMatching(/^cannot connect .* the web certificate of .* is not trusted/),
    hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
});

test('a fault that passes is not seen by who reads', async () => {
  await using client = await connect({ addresses: [cluster.authAddress], credentials });
  const before = cluster.calls.count('GetRole');
  cluster.faults.next('GetRole', 'unavailable');
  const role = await client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
  expect(role.Metadata?.Name).toBe('deployer');
  expect(cluster.calls.count('GetRole')).toBe(before + 2);
});

test('faults of the server come out as they are where nothing is tried again', async () => {
  await using client = await connect({ addresses: [cluster.authAddress], credentials, retry: false });
  cluster.faults.next('GetRole', { code: 8, message: 'slow down' });
  const call = () => client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
  await expect(call()).rejects.toMatchObject({ code: 'limit_exceeded', message: 'slow down' });
  cluster.faults.next('GetRole', { delayMs: 5_000 });
  await expect(
    client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' }, { timeoutMs: 50 }),
  ).rejects.toMatchObject({
    code: 'timeout',
  });
  cluster.faults.next('GetRole', 'dropped');
  await expect(call()).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
  await expect(call()).resolves.toHaveProperty('Metadata');
});

test('the web address says what it is, and takes joins', async () => {
  await expect(find(cluster.proxyAddress, trust)).resolves.toMatchObject({ clusterName: 'root.test' });
  const join = { Role: 'Bot', Token: 'no-such-token', NodeName: 'n' };
  await expect(joinOverWeb(cluster.proxyAddress, join, trust)).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.stringContaining('token expired or not found'),
  });
});
