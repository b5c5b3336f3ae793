import { DevCluster } from '@teleport-ts/dev-cluster';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { parseConfig } from '@teleport-ts/tbot-core';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { until } from '../../tbot-core/test-support/bot-in-cluster.ts';
import { destinationHostContract } from '../../tbot-core/test-support/destination-host-contract.ts';
import { Daemon } from './daemon.ts';

// What holds for every host of credentials, for one whose socket is served by this agent.

destinationHostContract('SocketHost of a running agent', async () => {
  const folder = await TemporaryDirectory.create();
  const cluster = await DevCluster.start({ name: 'root.example' });
  const dev = { team: 'dev' };
  cluster.upsertRole({ name: 'deployer', allow: { appLabels: dev, databaseLabels: dev, kubernetesLabels: dev } });
  cluster.upsertRole({ name: 'admin', allow: { appLabels: { '*': '*' } } });
  await cluster.addApplication({ name: 'grafana', labels: dev });
  cluster.addDatabase({ name: 'orders', labels: dev });
  cluster.addKubernetesCluster({ name: 'prod', labels: dev });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  const socket = folder.join('tbot.sock');
  const text = `auth_server: ${cluster.authAddress}\nstore: { type: memory }\nsockets: [{ path: ${socket}, limits: off }]`;
  const token = await cluster.createToken({ botName: 'ci' });
  const config = parseConfig(text, { flags: { token, caPins: cluster.caPins } });
  const daemon = await Daemon.start({ config, random: () => 0 });
  const make = (): SocketHost => new SocketHost({ socket, random: () => 0 });
  const host = make();
  await until(() => daemon.status().services.some(({ name, state }) => name === 'ca-watch' && state === 'healthy'));
  return {
    host,
    another: async () => make(),
    cluster: cluster.name,
    role: 'deployer',
    names: { application: 'grafana', database: 'orders', kubernetes: 'prod' },
    rotate: async (phase) => await cluster.rotate('user', phase),
    async [Symbol.asyncDispose]() {
      await host.close();
      await daemon.close({ graceMs: 0 });
      await cluster.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
});
