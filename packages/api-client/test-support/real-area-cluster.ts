import { RealTeleport } from '@teleport-ts/dev-cluster/testing';
import { type Client, connect, loadIdentityFile } from '../src/index.ts';

/** A real cluster with one thing of each kind that can be reached, and a client of somebody who may do everything. */
export interface RealAreaCluster extends AsyncDisposable {
  readonly teleport: RealTeleport;
  readonly client: Client;
}

export async function startRealAreaCluster(): Promise<RealAreaCluster> {
  const env = { env: 'demo' };
  const teleport = await RealTeleport.start({
    applications: [{ name: 'foo', uri: 'http://127.0.0.1:9', labels: env }],
    databases: [{ name: 'pg', protocol: 'postgres', uri: '127.0.0.1:9', labels: env }],
    kubernetesClusters: ['kube'],
    nodeLabels: env,
  });
  try {
    const all = { '*': '*' };
    await teleport.createRole('root', {
      allow: {
        logins: ['root'],
        rules: [{ resources: ['*'], verbs: ['*'] }],
        node_labels: all,
        app_labels: all,
        db_labels: all,
        kubernetes_labels: all,
        cluster_labels: all,
      },
    });
    await teleport.createRole('guest', {});
    await teleport.tctl(['users', 'add', 'alice', '--roles=root', '--logins=root']);
    const credentials = loadIdentityFile(await teleport.identityFile('alice'));
    const client = await connect({ addresses: [teleport.authAddress], credentials });
    return {
      teleport,
      client,
      async [Symbol.asyncDispose]() {
        await client.close({ graceMs: 0 });
        await teleport.stop();
      },
    };
  } catch (error) {
    await teleport.stop();
    throw error;
  }
}
