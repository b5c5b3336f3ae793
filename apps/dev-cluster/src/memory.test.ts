import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { withDevCluster } from './testing/with-dev-cluster.ts';

// Only a collection before each look tells what is held from what is waiting to be thrown away.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldMiB(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

it('holds 10,000 resources in bounded memory, and no more when they are written again', async () => {
  await withDevCluster(async (cluster) => {
    const write = (): void => {
      for (let index = 0; index < 10_000; index++) {
        cluster.addDatabase({
          name: `db-${index}`,
          protocol: 'postgres',
          uri: '127.0.0.1:9',
          labels: { n: `${index}` },
        });
      }
    };
    const empty = heldMiB();
    write();
    const full = heldMiB();
    expect(full - empty).toBeLessThan(100);
    for (let again = 0; again < 3; again++) write();
    expect(heldMiB() - full).toBeLessThan(10);
  });
});
