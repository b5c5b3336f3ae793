import { readFile } from 'node:fs/promises';
import * as definitions from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { startSampleCluster, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { tshFiles, writeTree } from '../test-support/tsh-tree.ts';
import { listNodes } from './areas/nodes.ts';
import { connect as connectFull } from './full/index.ts';
import * as client from './index.ts';
import { reflector, watchedRoles } from './watch/index.ts';
import * as web from './web/index.ts';

/** The programs of the README, with their addresses and files replaced and their imports handed in. */
async function programs(replace: Readonly<Record<string, string>>): Promise<string[]> {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => {
    const plain = code.replace(/^import .*;\n/gm, '').replace('await using client', 'const client');
    return Object.entries(replace).reduce((so, [from, to]) => so.replaceAll(from, to), plain);
  });
}

test('the programs of the README run', async () => {
  const { cluster } = await startSampleCluster();
  await using _ = cluster;
  cluster.upsertRole({
    name: 'lister',
    allow: { nodeLabels: { '*': '*' }, logins: ['root'], rules: [{ resources: ['role'], verbs: ['list', 'read'] }] },
  });
  cluster.upsertUser({ name: 'alice', roles: ['deployer', 'lister'] });
  cluster.addNode({ hostname: 'node-1' });
  const { identityFile } = await cluster.issueUserCredentials({ user: 'alice' });
  const webCa = [cluster.webCaPem];
  const [first, stream, nodes, full, watched, errors, find] = await programs({
    "'teleport.example.com:443'": JSON.stringify(cluster.proxyAddress),
    "loadIdentityFile('identity')": 'loadIdentityString(identityFile)',
    '});\nconsole.log(client.server)': '  trust: { webCa },\n});\nconsole.log(client.server)',
    '443);': '443, { webCa });',
    'loadProfile() }': 'loadProfile(folder.path), trust: { webCa } }',
  });
  const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
  await using folder = await TemporaryDirectory.create();
  await writeTree(folder.path, tshFiles({ key, cert, ca: cas.join('') }, { proxy: cluster.proxyAddress }));
  const printed: unknown[] = [];
  const scope = {
    ...client,
    ...definitions,
    find: (address: string) => web.find(address, { webCa }),
    proxyAddresses: web.proxyAddresses,
    listNodes,
    connectFull,
    reflector,
    watchedRoles,
    folder,
    identityFile,
    webCa,
    console: { log: (...values: unknown[]) => printed.push(...values) },
  };
  const AsyncFunction = (async () => {}).constructor as new (
    ...parameters: string[]
  ) => (...values: unknown[]) => Promise<unknown>;
  const body = [
    `${first}\n${stream}\n${errors}`,
    `{ ${find} console.log(clusterName); }`,
    `{ ${watched?.replace('await using roles', 'const roles')} await roles.close(); }`,
    'await client.close();',
    `{ ${full?.replace('await connect', 'await connectFull')} await client.close(); }`,
    `{ ${nodes} await client.close(); }`,
  ].join('\n');
  await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
  expect(printed[0]).toMatchObject({ clusterName: cluster.name, version: expect.stringMatching(/^18\./) });
  expect(printed).toContain('deployer');
  expect(printed).toContain(cluster.name);
  expect(printed).toContain('lister');
  expect(printed).toContainEqual(expect.any(Number));
  expect(printed.at(-2)).toBe('node-1');
});
