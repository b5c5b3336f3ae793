import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { expect, test } from 'vitest';
import { FakeCluster } from '../testing/index.ts';
import { listNodes } from './nodes.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const TOTAL = 10_000;
const PAGE = 1_000;

test('10,000 resources are gone through in the memory of a page', async () => {
  const cluster = new FakeCluster();
  cluster.handle(AuthServiceDefinition, {
    listResources({ Limit, StartKey }) {
      const at = Number(StartKey);
      const Resources = Array.from({ length: Math.min(Limit, TOTAL - at) }, (_, index) => ({
        resource: { $case: 'Node' as const, value: { Kind: 'node', Metadata: { Name: `id-${at + index}` } } },
      }));
      return { Resources, NextKey: at + Limit < TOTAL ? String(at + Limit) : '' };
    },
  });
  const seen: WeakRef<object>[] = [];
  const held: number[] = [];
  for await (const node of listNodes(cluster.connect())) {
    seen.push(new WeakRef(node.raw));
    // In the middle of each other page.
    if (seen.length % (2 * PAGE) !== PAGE / 2) continue;
    // What a weak reference was made of is held until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    held.push(seen.filter((ref) => ref.deref() !== undefined).length);
  }
  await cluster.close();
  expect(seen).toHaveLength(TOTAL);
  expect(cluster.requests(AuthServiceDefinition, 'listResources')).toHaveLength(TOTAL / PAGE);
  expect(held).toHaveLength(5);
  expect(Math.min(...held)).toBeGreaterThan(0);
  expect(Math.max(...held)).toBeLessThanOrEqual(PAGE);
});
