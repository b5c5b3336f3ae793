import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { isTeleportError } from '@teleport-ts/api-types';
import { newRole } from '@teleport-ts/api-types/resources/role';
import { RealTeleport, TemporaryDirectory, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enrolUser, type TshUser, tsh, tshLogin } from '../../test-support/tsh-login.ts';
import { until } from '../../test-support/until.ts';
import { upsertRole } from '../areas/roles.ts';
import { type Client, type ClientStatus, connect, loadIdentityFile, loadKeyPair, loadProfile } from '../index.ts';
import { reflector, watchedRoles } from '../watch/index.ts';

describe.skipIf(!teleportBinDir())('credentials of a real Teleport 18', () => {
  let teleport: RealTeleport;
  let folder: TemporaryDirectory;
  let user: TshUser;
  let trust: { webCa: string[] };

  beforeAll(async () => {
    teleport = await RealTeleport.start({ nodeLabels: { env: 'test' } });
    await teleport.createRole('deployer', {
      allow: { rules: [{ resources: ['*'], verbs: ['*'] }], node_labels: { '*': '*' }, logins: ['root'] },
    });
    folder = await TemporaryDirectory.create();
    user = await enrolUser(teleport, 'alice', ['deployer']);
    trust = { webCa: [teleport.webCaPem] };
  });

  afterAll(async () => {
    await teleport?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  /** A new identity file in the place of the old one. */
  const sign = async (path: string): Promise<void> => {
    await copyFile(await teleport.identityFile('alice'), `${path}.tmp`);
    await rename(`${path}.tmp`, path);
  };
  const credentialStatus = (client: Client): ClientStatus[] => {
    const said: ClientStatus[] = [];
    void (async () => {
      for await (const status of client.status()) if (status.type === 'credentials') said.push(status);
    })();
    return said;
  };

  test('the profile that tsh login wrote is all that connect needs, and a new login is noticed', async () => {
    const home = folder.join('tsh');
    await tshLogin(teleport, user, home);
    await using client = await connect({ credentials: loadProfile(home), trust });
    expect(client.connection).toMatchObject({ method: 'tls-routing', address: teleport.proxyAddress });
    expect(client.server.clusterName).toBe(teleport.name);
    await expect(loadProfile(home).current()).resolves.toMatchObject({ user: 'alice', cluster: teleport.name });
    await expect(loadProfile(home, 'localhost').addresses?.()).resolves.toEqual([teleport.proxyAddress]);
    const said = credentialStatus(client);
    const before = (await loadProfile(home).current()).serial;
    await tsh(teleport, home, ['logout']);
    await tshLogin(teleport, user, home);
    await until(() => said.some((status) => status.type === 'credentials' && status.event === 'reloaded'));
    expect((await loadProfile(home).current()).serial).not.toBe(before);
    await client.ping();
    await tsh(teleport, home, ['logout']);
    await expect(connect({ credentials: loadProfile(home), trust })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('files of tctl auth sign: identity and key pair', async () => {
    await using one = await connect({
      addresses: [teleport.authAddress],
      credentials: loadIdentityFile(await teleport.identityFile('alice')),
    });
    const out = folder.join('api');
    await teleport.tctl(['auth', 'sign', '--user=alice', '--format=tls', `--out=${out}`, '--ttl=1h']);
    const pair = loadKeyPair(`${out}.crt`, `${out}.key`, `${out}.cas`);
    await using other = await connect({ addresses: [teleport.proxyAddress], credentials: pair, trust });
    expect(other.server).toEqual(one.server);
  });

  test('a client and its watch go over to new certificates, and no call fails', async () => {
    const path = folder.join('identity');
    await sign(path);
    const credentials = loadIdentityFile(path);
    await using client = await connect({ addresses: [teleport.proxyAddress], credentials, trust, retry: false });
    const said = credentialStatus(client);
    await using roles = reflector(client, watchedRoles());
    await roles.synced();
    let gaps = 0;
    void (async () => {
      for await (const change of roles.changes()) if (change.type === 'disconnected') gaps += 1;
    })().catch(() => {});
    let calls = 0;
    let stopped = false;
    const calling = (async () => {
      for (; !stopped; calls += 1) await client.ping();
    })();
    for (let rotation = 1; rotation <= 3; rotation += 1) {
      await sign(path);
      await until(() => said.length === rotation);
      await upsertRole(client, newRole({ name: `made-${rotation}` }));
      await until(() => roles.get(`made-${rotation}`) !== undefined);
    }
    // Half a minute later the connection that the watch began on ends, and the watch goes on on the newest.
    await until(() => gaps > 0);
    await upsertRole(client, newRole({ name: 'made-after' }));
    await until(() => roles.get('made-after') !== undefined);
    stopped = true;
    await calling;
    expect(calls).toBeGreaterThan(10);
    expect(said).toMatchObject([1, 2, 3].map(() => ({ type: 'credentials', event: 'reloaded' })));
    expect(client.connection.method).toBe('tls-routing');
  });

  test('a new certificate that the cluster refuses leaves the old one', async () => {
    const path = folder.join('locked');
    await sign(path);
    const good = await readFile(path, 'utf8');
    await using client = await connect({ addresses: [teleport.authAddress], credentials: loadIdentityFile(path) });
    const said = credentialStatus(client);
    // Of another cluster: whole in itself, but its authorities do not know this server.
    await using other = await RealTeleport.start({ name: 'other.test' });
    await other.createRole('deployer', {});
    await other.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
    await copyFile(await other.identityFile('alice'), path);
    const error = await client.reloadCredentials().catch((reason: unknown) => reason);
    expect(isTeleportError(error)).toBe(true);
    expect(error).toMatchObject({ retryable: false });
    await client.ping();
    expect(said).toMatchObject([{ event: 'invalid' }]);
    await writeFile(path, good);
    await expect(client.reloadCredentials()).resolves.toBe('same');
  });
});
