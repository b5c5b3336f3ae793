import { DevCluster } from '../dev-cluster.ts';
import type { DevClusterOptions } from '../dev-cluster-options.ts';

/** Runs `use` with a cluster of its own and stops the cluster, whatever comes of it. */
export async function withDevCluster<T>(
  use: (cluster: DevCluster) => Promise<T>,
  options: DevClusterOptions = {},
): Promise<T> {
  await using cluster = await DevCluster.start(options);
  return await use(cluster);
}

/** What most tests need: a role that may use any application, a bot with it, and the application `foo`. */
export async function startSampleCluster(
  options: DevClusterOptions = {},
): Promise<{ cluster: DevCluster; token: string }> {
  const cluster = await DevCluster.start(options);
  cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
  await cluster.addApplication({ name: 'foo', labels: { env: 'demo' } });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  return { cluster, token: await cluster.createToken({ botName: 'ci' }) };
}
