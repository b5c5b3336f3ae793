import { DevCluster } from '@teleport-ts/dev-cluster';
import { APPLICATION, BOT, ROLE } from './agent/names.ts';
import type { Run } from './process/helper.ts';

export interface ClusterReady {
  readonly address: string;
  readonly proxyAddress: string;
  readonly caPin: string;
  readonly webCaPem: string;
  /** Join token of the bot, good once. */
  readonly token: string;
}

/** The embedded cluster with one bot, one role and one application. Every question is answered with a new token. */
export const run: Run<void, ClusterReady, 'token', string> = async () => {
  const cluster = await DevCluster.start();
  cluster.upsertRole({ name: ROLE, allow: { appLabels: { '*': '*' } } });
  await cluster.addApplication({ name: APPLICATION });
  await cluster.upsertBot({ name: BOT, roles: [ROLE] });
  const token = (): Promise<string> => cluster.createToken({ botName: BOT });
  process.on('SIGTERM', () => void cluster.stop().finally(() => process.exit(0)));
  return {
    ready: {
      address: cluster.authAddress,
      proxyAddress: cluster.proxyAddress,
      caPin: cluster.caPins[0] as string,
      webCaPem: cluster.webCaPem,
      token: await token(),
    },
    answer: token,
  };
};
