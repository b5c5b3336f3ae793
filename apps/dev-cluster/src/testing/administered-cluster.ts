import { DevCluster } from '../dev-cluster.ts';
import type { DevClusterOptions } from '../dev-cluster-options.ts';
import { FakeClock } from './fake-clock.ts';
import { userClient } from './wire-bot.ts';
import type { WireClient } from './wire-client.ts';

/** A cluster with alice, who may do everything by its API, and bob, who may do nothing but what everybody may. */
export interface AdministeredCluster extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly cluster: DevCluster;
  /** Alice, with the role `boss`. */
  readonly admin: WireClient;
  /** Bob, with the role `viewer`. */
  readonly viewer: WireClient;
}

export async function startAdministeredCluster(options: DevClusterOptions = {}): Promise<AdministeredCluster> {
  const clock = new FakeClock();
  const cluster = await DevCluster.start({ clock, ...options });
  cluster.upsertRole({ name: 'boss', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertRole({ name: 'viewer' });
  cluster.upsertUser({ name: 'alice', roles: ['boss'] });
  cluster.upsertUser({ name: 'bob', roles: ['viewer'] });
  const admin = await userClient(cluster, 'alice');
  const viewer = await userClient(cluster, 'bob');
  return {
    ...{ clock, cluster, admin, viewer },
    async [Symbol.asyncDispose]() {
      admin.close();
      viewer.close();
      await cluster.stop();
    },
  };
}
