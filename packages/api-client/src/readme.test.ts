import { readFile } from 'node:fs/promises';
import * as definitions from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { startSampleCluster } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import * as client from './index.ts';
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
  cluster.upsertUser({ name: 'alice', roles: ['deployer'] });
  const { identityFile } = await cluster.issueUserCredentials({ user: 'alice' });
  const webCa = [cluster.webCaPem];
  // The embedded cluster serves no streams yet: the second one runs in connect.interop.test.ts.
  const [first, , errors, find] = await programs({
    "'teleport.example.com:443'": JSON.stringify(cluster.proxyAddress),
    "loadIdentityFile('identity')": 'loadIdentityString(identityFile)',
    '});\nconsole.log(client.server)': '  trust: { webCa },\n});\nconsole.log(client.server)',
    '443);': '443, { webCa });',
  });
  const printed: unknown[] = [];
  const scope = {
    ...client,
    ...definitions,
    find: (address: string) => web.find(address, { webCa }),
    proxyAddresses: web.proxyAddresses,
    identityFile,
    webCa,
    console: { log: (value: unknown) => printed.push(value) },
  };
  const AsyncFunction = (async () => {}).constructor as new (
    ...parameters: string[]
  ) => (...values: unknown[]) => Promise<unknown>;
  const body = `${first}\n${errors}\n{ ${find} console.log(clusterName); }\nawait client.close();`;
  await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
  expect(printed[0]).toMatchObject({ clusterName: cluster.name, version: expect.stringMatching(/^18\./) });
  expect(printed).toContain('deployer');
  expect(printed.at(-1)).toBe(cluster.name);
});
