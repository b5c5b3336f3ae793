import { DevCluster } from '../dev-cluster.ts';
import type { DevClusterOptions } from '../dev-cluster-options.ts';
import { WireClient, type WireCredentials } from './wire-client.ts';

export const LEAVES: readonly [{ name: 'leaf.test'; roleMap: Record<string, string[]> }] = [
  { name: 'leaf.test', roleMap: { deployer: ['deployer'], boss: ['boss'] } },
];

/** A root with a leaf; `deployer` may use the leaf's application `far`, only `boss` also `hidden`. */
async function startBoth(options: DevClusterOptions = {}): Promise<{ root: DevCluster; leaf: DevCluster }> {
  const root = await DevCluster.start({ name: 'root.test', leaves: LEAVES, ...options });
  const leaf = root.leaf('leaf.test');
  const everything = {
    appLabels: { '*': '*' },
    rules: [{ resources: ['*'], verbs: ['*'] }],
    impersonate: { users: ['*'], roles: ['*'] },
  };
  root.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
  root.upsertRole({ name: 'unmapped', allow: { appLabels: { '*': '*' } } });
  leaf.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } } });
  for (const cluster of [root, leaf]) cluster.upsertRole({ name: 'boss', allow: everything });
  root.upsertUser({ name: 'alice', roles: ['deployer', 'unmapped', 'boss'] });
  root.upsertUser({ name: 'bob', roles: ['unmapped'] });
  root.upsertUser({ name: 'carol', roles: ['deployer'], traits: { team: ['dev'], logins: ['carol'] } });
  await root.addApplication({ name: 'foo' });
  await leaf.addApplication({ name: 'far', labels: { team: 'dev' } });
  await leaf.addApplication({ name: 'hidden', labels: { team: 'ops' } });
  await root.upsertBot({ name: 'ci', roles: ['deployer', 'unmapped'] });
  return { root, leaf };
}

export const authOf = (cluster: DevCluster, identity?: WireCredentials, serverName?: string): WireClient =>
  new WireClient({
    address: cluster.authAddress,
    ca: cluster.hostCaPems.join(''),
    ...(identity && { identity }),
    ...(serverName !== undefined && { serverName }),
  });

/** A root with a leaf, and clients of both that are closed together with them. */
export class RootAndLeaf implements AsyncDisposable {
  readonly root: DevCluster;
  readonly leaf: DevCluster;
  readonly #open: WireClient[] = [];

  private constructor(root: DevCluster, leaf: DevCluster) {
    this.root = root;
    this.leaf = leaf;
  }

  static async start(options: DevClusterOptions = {}): Promise<RootAndLeaf> {
    const { root, leaf } = await startBoth(options);
    return new RootAndLeaf(root, leaf);
  }

  /** A client of one of the clusters, with a certificate that the root has issued to one of its users. */
  async as(user: string, cluster: DevCluster, serverName?: string): Promise<WireClient> {
    return this.kept(authOf(cluster, await this.root.issueUserCredentials({ user }), serverName));
  }

  /** Closes a client together with the clusters. */
  kept(client: WireClient): WireClient {
    this.#open.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#open) client.close();
    await this.root.stop();
  }
}
