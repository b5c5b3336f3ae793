import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { RealTeleport, teleportBinDir } from '../testing/real-teleport.ts';
import { ask } from './ask.ts';
import type { Comparison } from './comparison.ts';
import { comparisons } from './list.ts';
import { differences, type Outcome } from './outcome.ts';
import { Scene } from './scene.ts';
import { watchedUnderLock } from './under-way.ts';

// The same questions to a real Teleport 18 and to this cluster, in which the same things were set up.

const everyLabel = { '*': '*' };
const admin = {
  rules: [{ resources: ['*'], verbs: ['*'] }],
  app_labels: everyLabel,
  db_labels: everyLabel,
  kubernetes_labels: everyLabel,
  node_labels: everyLabel,
};

describe.skipIf(teleportBinDir() === undefined)('the same questions to a Teleport 18', () => {
  let teleport: RealTeleport;
  let cluster: DevCluster;
  let real: Scene;
  let dev: Scene;
  const counts = { agree: 0, differ: 0, answered: 0, refused: 0 };

  beforeAll(async () => {
    const labels = { env: 'demo' };
    teleport = await RealTeleport.start({
      applications: [{ name: 'foo', uri: 'http://127.0.0.1:9', labels }],
      databases: [{ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:9', labels }],
      kubernetesClusters: ['k1'],
    });
    await teleport.createRole('admin', { allow: admin });
    const alice = { kind: 'user', version: 'v2', metadata: { name: 'alice' }, spec: { roles: ['admin'] } };
    await teleport.tctl(['create'], JSON.stringify(alice));
    cluster = await DevCluster.start({ name: teleport.name });
    cluster.upsertRole({
      name: 'admin',
      allow: {
        rules: admin.rules,
        appLabels: everyLabel,
        databaseLabels: everyLabel,
        kubernetesLabels: everyLabel,
        nodeLabels: everyLabel,
      },
    });
    cluster.upsertUser({ name: 'alice', roles: ['admin'] });
    await cluster.addApplication({ name: 'foo', uri: 'http://127.0.0.1:9', labels });
    cluster.addDatabase({ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:9', labels });
    cluster.addKubernetesCluster({ name: 'k1' });
    [real, dev] = await Promise.all([
      Scene.set({
        name: teleport.name,
        authAddress: teleport.authAddress,
        proxyAddress: teleport.proxyAddress,
        webCaPem: teleport.webCaPem,
        identityFile: async (user) => readFile(await teleport.identityFile(user), 'utf8'),
      }),
      Scene.set({
        name: cluster.name,
        authAddress: cluster.authAddress,
        proxyAddress: cluster.proxyAddress,
        webCaPem: cluster.webCaPem,
        identityFile: async (user) => (await cluster.issueUserCredentials({ user, ttlMs: 3_600_000 })).identityFile,
      }),
    ]);
  });

  afterAll(async () => {
    real?.close();
    dev?.close();
    await cluster?.stop();
    await teleport?.stop();
    const { agree, differ, answered, refused } = counts;
    const total = `${comparisons.length} questions: ${agree} agree, ${differ} differ for a stated reason`;
    console.log(`${total} (the real cluster answered ${answered} and refused ${refused})`);
  });

  it.each(comparisons)('$name', async (comparison) => {
    const here = await ask(dev, comparison);
    const [there, found] = await compared(comparison, here);
    counts['code' in there ? 'refused' : 'answered'] += 1;
    if (comparison.differs === undefined) {
      expect(found).toEqual([]);
      counts.agree += 1;
    } else {
      expect(found, 'they agree by now: strike the reason out').not.toEqual([]);
      if (comparison.at) expect(differences(there, here, [...ignored(comparison), ...comparison.at])).toEqual([]);
      counts.differ += 1;
    }
  });

  it('an open watch outlives a lock of its user', async () => {
    const told = await watchedUnderLock(real);
    expect(told).toEqual(['0 WatchStatus watch-status', '1 Server n-watched']);
    expect(await watchedUnderLock(dev)).toEqual(told);
  });

  const ignored = ({ ignore = [], codeOnly }: Comparison): string[] => [...ignore, ...(codeOnly ? ['details'] : [])];

  async function compared(comparison: Comparison, here: Outcome): Promise<[Outcome, string[]]> {
    const end = Date.now() + 5_000;
    for (;;) {
      const there = await ask(real, comparison);
      const found = differences(there, here, ignored(comparison));
      if (!comparison.eventually || found.length === 0 || Date.now() > end) return [there, found];
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
});
