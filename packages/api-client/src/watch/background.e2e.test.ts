import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';

/** A program that follows the roles, makes a call, and then has nothing left to do. */
const program = `
  import { connect, loadIdentityFile } from '@teleport-ts/api-client';
  import { reflector, watchedRoles } from '@teleport-ts/api-client/watch';
  const [address, identity, keepAlive] = process.argv.slice(1);
  const credentials = loadIdentityFile(identity);
  const client = await connect({ addresses: [address], credentials, trust: { insecureDiscovery: true } });
  const roles = reflector(client, watchedRoles(), { keepAlive: keepAlive === 'true' });
  const hold = setTimeout(() => {}, 20_000);
  await roles.synced();
  clearTimeout(hold);
  await client.ping();
  console.log('nothing left');
`;

test('a program ends although a watch is open in its background, and not in the middle of a call', async () => {
  await using cluster = await DevCluster.start();
  await using folder = await TemporaryDirectory.create();
  cluster.upsertRole({ name: 'reader', allow: { rules: [{ resources: ['role'], verbs: ['list', 'read'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['reader'] });
  const { identityFile } = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 600_000 });
  const identity = folder.join('alice.id');
  await writeFile(identity, identityFile, { mode: 0o600 });
  const run = (address: string, keepAlive: boolean) => {
    const args = ['--input-type=module', '-e', program, address, identity, String(keepAlive)];
    return spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
  };
  const ending = [cluster.authAddress, cluster.proxyAddress].map((address) => run(address, false));
  expect(await Promise.all(ending.map((child) => once(child, 'exit')))).toEqual([
    [0, null],
    [0, null],
  ]);
  const living = run(cluster.authAddress, true);
  expect(String(await once(living.stdout, 'data'))).toBe('nothing left\n');
  expect(living.exitCode).toBeNull();
  living.kill('SIGKILL');
  await once(living, 'exit');
});
