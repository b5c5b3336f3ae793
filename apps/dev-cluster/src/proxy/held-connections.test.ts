import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { encodeClusterName } from '@teleport-ts/api-types';
import { expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { ClusterConnection } from '../testing/grpc-stream.ts';
import { heldResources, leakedSince } from '../testing/leaks.ts';
import { rawTls } from '../testing/raw-connection.ts';
import { upgradeConnection } from '../testing/upgraded-connection.ts';

const ways = ['an upgrade', 'ProxyCluster'] as const;

/** A connection to auth inside another one. */
async function connected(cluster: DevCluster, way: (typeof ways)[number]): Promise<Duplex> {
  const protocols = [`teleport-auth@${encodeClusterName(cluster.name)}`, 'h2'];
  if (way === 'an upgrade') {
    const { stream } = await upgradeConnection(cluster.proxyAddress, { subprotocol: 'alpn-ping' });
    return await rawTls({ to: stream as Duplex, protocols });
  }
  const identity = await cluster.issueUserCredentials({ user: 'alice' });
  const proxy = await rawTls({ to: cluster.proxyAddress, protocols: ['teleport-proxy-ssh-grpc'], identity });
  return await rawTls({ to: new ClusterConnection(proxy, ''), protocols: ['h2'] });
}

it.each(ways)('%s: nothing is held when the client, or the cluster, has gone', async (way) => {
  const cluster = await DevCluster.start();
  cluster.upsertRole({ name: 'reader' });
  cluster.upsertUser({ name: 'alice', roles: ['reader'] });
  const first = await connected(cluster, way);
  first.destroy();
  await expect.poll(() => openSockets()).toBe(0);
  const before = heldResources();
  const many = await Promise.all(Array.from({ length: 10 }, () => connected(cluster, way)));
  for (const socket of many) socket.destroy();
  await expect.poll(() => leakedSince(before)).toEqual({});

  const open = (await connected(cluster, way)).on('error', () => {}).resume();
  const cut = (await connected(cluster, way)).on('error', () => {}).resume();
  const closed = Promise.all([once(open, 'close'), once(cut, 'close')].map((end) => end.catch(() => {})));
  cluster.partition();
  await closed;
  cluster.heal();
  (await connected(cluster, way)).on('error', () => {}).resume();
  await cluster.stop();
  await expect.poll(() => openSockets()).toBe(0);
});

/** Servers are counted apart. */
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'TLSWrap').length;
