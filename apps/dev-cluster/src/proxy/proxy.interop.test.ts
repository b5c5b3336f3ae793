import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { parseIdentityFile } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProbedProxy, proxyProbes } from '../comparison/proxy-probes.ts';
import { DevCluster } from '../dev-cluster.ts';
import { RealTeleport, teleportBinDir } from '../testing/real-teleport.ts';

/** What Node does not let us do as the real proxy does: it cannot settle on no protocol where only gRPC is served. */
const UNLIKE: Readonly<Record<string, { readonly theirs: unknown; readonly ours: unknown }>> = {
  'SSH port, http/1.1': {
    theirs: { protocol: false, by: 'host', end: 'closed' },
    ours: { protocol: 'http/1.1', by: 'host', end: 'closed' },
  },
};

describe.skipIf(!teleportBinDir()).each(['multiplex', 'separate'] as const)('a real proxy and ours, %s', (mode) => {
  let teleport: RealTeleport;
  let cluster: DevCluster;
  let stranger: DevCluster;
  let node: Server;
  let theirs: ProbedProxy;
  let ours: ProbedProxy;

  beforeAll(async () => {
    [teleport, cluster, stranger] = await Promise.all([
      RealTeleport.start({ listenerMode: mode, nodeLabels: { env: 'demo' } }),
      DevCluster.start({ name: 'root.test', proxyListenerMode: mode }),
      DevCluster.start({ name: 'other.test' }),
    ]);
    for (const each of [cluster, stranger]) {
      each.upsertRole({ name: 'deployer', allow: { nodeLabels: { '*': '*' }, logins: ['root'] } });
      each.upsertUser({ name: 'alice', roles: ['deployer'] });
    }
    node = createServer((socket) => socket.on('error', () => {}).write('SSH-2.0-test\r\n'));
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    cluster.addNode({ hostname: 'real', addr: `127.0.0.1:${(node.address() as AddressInfo).port}` });

    await teleport.createRole('deployer', { allow: { node_labels: { '*': '*' }, logins: ['root'] } });
    await teleport.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
    const {
      privateKey: key,
      tlsCertificate,
      tlsAuthorities,
    } = parseIdentityFile(await readFile(await teleport.identityFile('alice'), 'utf8'));
    const known = { clusterName: 'root.test', stranger: await stranger.issueUserCredentials({ user: 'alice' }) };
    const { ssh, tunnel } = teleport.ports;
    theirs = {
      ...known,
      address: teleport.proxyAddress,
      webCa: teleport.webCaPem,
      hostCa: tlsAuthorities[0] as string,
      user: { key, cert: tlsCertificate as string },
      sshAddress: `localhost:${ssh}`,
      tunnelAddress: `localhost:${tunnel}`,
    };
    ours = {
      ...known,
      address: cluster.proxyAddress,
      webCa: cluster.webCaPem,
      hostCa: cluster.hostCaPems[0] as string,
      user: await cluster.issueUserCredentials({ user: 'alice' }),
      sshAddress: cluster.proxySshAddress ?? '',
      tunnelAddress: cluster.proxyTunnelAddress ?? '',
    };
  }, 120_000);

  afterAll(async () => {
    await Promise.all([teleport?.stop(), cluster?.stop(), stranger?.stop()]);
    node?.close();
  });

  it.each(proxyProbes(mode === 'separate'))('$name', async ({ name, run }) => {
    const [real, dev] = await Promise.all([run(theirs), run(ours)]);
    const unlike = UNLIKE[name.replace(/^handshake[^:]*: /, '')];
    expect(real).toEqual(unlike?.theirs ?? dev);
    if (unlike) expect(dev).toEqual(unlike.ours);
  });
});
