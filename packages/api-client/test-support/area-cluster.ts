import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import { type Client, connect, loadIdentityString } from '../src/index.ts';

const ALL = { '*': '*' };

/** A cluster, with a client of somebody who may do everything, and one of somebody who may do nothing. */
export interface AreaCluster extends AsyncDisposable {
  readonly cluster: DevCluster;
  readonly client: Client;
  readonly guest: Client;
}

export async function startAreaCluster(options: DevClusterOptions = {}): Promise<AreaCluster> {
  const cluster = await DevCluster.start({ name: 'root.test', ...options });
  const labels = { nodeLabels: ALL, appLabels: ALL, databaseLabels: ALL, kubernetesLabels: ALL, clusterLabels: ALL };
  const rules = [{ resources: ['*'], verbs: ['*'] }];
  cluster.upsertRole({ name: 'root', allow: { ...labels, rules, logins: ['root'] } });
  cluster.upsertRole({ name: 'guest' });
  cluster.upsertUser({ name: 'alice', roles: ['root'] });
  cluster.upsertUser({ name: 'bob', roles: ['guest'] });
  const [client, guest] = await Promise.all([clientOf(cluster, 'alice'), clientOf(cluster, 'bob')]);
  return {
    cluster,
    client,
    guest,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close({ graceMs: 0 }), guest.close({ graceMs: 0 })]);
      await cluster.stop();
    },
  };
}

/** A client of a user of the cluster. */
export async function clientOf(cluster: DevCluster, user: string): Promise<Client> {
  const { identityFile } = await cluster.issueUserCredentials({ user });
  return await connect({ addresses: [cluster.authAddress], credentials: loadIdentityString(identityFile) });
}

/** All that an iterable gives. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}
