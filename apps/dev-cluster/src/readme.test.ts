import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { DevCluster } from './index.ts';

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<unknown>;

it('the program of the README runs', async () => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, code = ''] = /## In a test\n\n```ts\n(.*?)```/s.exec(text) ?? [];
  const plain = code.replace(/^import .*;\n/m, '').replace('await using cluster', 'const cluster');
  expect(plain).toContain('DevCluster.start()');
  const program = new AsyncFunction('DevCluster', `${plain}\nreturn { cluster, token };`);
  const { cluster, token } = (await program(DevCluster)) as { cluster: DevCluster; token: string };
  await using _ = cluster;
  expect(token).toMatch(/^[0-9a-f]{32}$/);
  expect(cluster.applications).toEqual([{ name: 'foo', publicAddr: 'foo.localhost' }]);
});
