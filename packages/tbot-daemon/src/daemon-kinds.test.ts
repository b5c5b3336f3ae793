import { generateKeyPairSync } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { ask, config, grafana, socketPath, start, startCluster } from '../test-support/daemon-in-cluster.ts';

/** An agent with one socket, in a cluster with something of each kind. */
async function agent(lines: string) {
  const auth = await startCluster();
  const any = { '*': '*' };
  const allow = { appLabels: any, databaseLabels: any, kubernetesLabels: any, logins: ['root'] };
  auth.upsertRole({ name: 'reader', allow });
  await auth.addApplication({ name: 'grafana' });
  auth.addDatabase({ name: 'orders' });
  auth.addDatabase({ name: 'orders-eu-1', labels: { 'teleport.internal/discovered-name': 'eu' } });
  auth.addKubernetesCluster({ name: 'main' });
  await auth.upsertBot({ name: 'ci', roles: ['reader'] });
  const token = await auth.createToken({ botName: 'ci' });
  await start({ config: config(auth, token, `- path: ${socketPath}\n${lines}`) });
  return { auth, host: ask() };
}

test('a socket serves every kind, and its certificates are as wide as their roles', async () => {
  const { host } = await agent('  roles: [reader]');
  const identity = await host.generateIdentity({ kind: 'identity' });
  expect(identity.sshCertificate).toContain('-cert-v01@openssh.com');
  const issued = [
    identity,
    await host.generateIdentity(grafana),
    await host.generateIdentity({ kind: 'database', name: 'orders', username: 'reader', database: 'eu' }),
    await host.generateIdentity({ kind: 'kubernetes', name: 'main' }),
  ];
  expect(
    issued.map(({ route, tls }) => [route?.application ?? route?.database ?? route?.kubernetes, tls.usage]),
  ).toEqual([
    [undefined, []],
    [{ name: 'grafana', publicAddress: 'grafana.localhost' }, []],
    [{ name: 'orders', protocol: 'postgres', username: 'reader', database: 'eu' }, []],
    [{ name: 'main' }, []],
  ]);
  expect(await host.describe()).toMatchObject({ kinds: ['identity', 'application', 'database', 'kubernetes'] });
  expect(await host.status()).toMatchObject({
    bot: { state: 'running', warmSessions: 1 },
    sockets: [{ issued: 4, connections: 1, streams: 0, kinds: ['identity', 'application', 'database', 'kubernetes'] }],
    services: [
      { name: 'bot-identity', state: 'healthy' },
      { name: 'ca-watch', state: 'healthy' },
    ],
  });
});

test('a socket without identities gives certificates that are good for their kind alone', async () => {
  const { auth, host } = await agent('  kinds: [application, database]\n  databases: ["orders", "eu"]');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tls = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const keys = { tls, ssh: sshPublicKeyLine(publicKey) };
  const application = await host.generateIdentity({ ...grafana, keys });
  expect(application.tls.usage).toEqual(['usage:apps']);
  expect(application.sshCertificate).toBeUndefined();
  expect((await host.generateIdentity({ kind: 'database', name: 'orders' })).tls.usage).toEqual(['usage:db']);
  expect((await host.describe()).kinds).toEqual(['application', 'database']);

  auth.calls.clear();
  await expect(host.generateIdentity({ kind: 'identity' })).rejects.toMatchObject({
    code: 'access_denied',
    message: 'this socket does not serve identity credentials',
    hint: 'it serves: application, database',
  });
  await expect(host.generateIdentity({ kind: 'kubernetes', name: 'main' })).rejects.toMatchObject({
    code: 'access_denied',
  });
  await expect(host.generateIdentity({ kind: 'database', name: 'orders-eu-1' })).rejects.toMatchObject({
    code: 'access_denied',
    message: 'this socket does not serve the database "orders-eu-1"',
  });
  await expect(host.generateIdentity({ ...grafana, keys: { ssh: keys.ssh } })).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'this socket issues no SSH certificates',
  });
  expect(auth.calls.count('GenerateUserCerts')).toBe(0);
  // Known by a name that is served, but not under the one that its certificate would carry.
  await expect(host.generateIdentity({ kind: 'database', name: 'eu' })).rejects.toMatchObject({
    code: 'access_denied',
  });
});

test('a stream costs the cluster one call for each credential, and is let go', async () => {
  const { auth, host } = await agent('  kinds: [application]');
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tls = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  await host.generateIdentity(grafana);
  await expect.poll(async () => (await host.status()).services[1]?.state, { timeout: 10_000 }).toBe('healthy');
  auth.calls.clear();
  const watched = host.watchIdentity({ ...grafana, keys: { tls } })[Symbol.asyncIterator]();
  const first = await watched.next();
  expect((await host.status()).sockets[0]).toMatchObject({ streams: 1, issued: 2 });
  expect(auth.calls.count('GenerateUserCerts')).toBe(1);
  expect(first.value?.tls.usage).toEqual(['usage:apps']);
  await watched.return?.();
  await expect.poll(async () => (await host.status()).sockets[0]?.streams).toBe(0);
});
