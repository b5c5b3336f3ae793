import { DevCluster } from '@teleport-ts/dev-cluster';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { find, ping, proxyAddresses } from './index.ts';

/** Names of all members and types of all values, at any depth. */
function shape(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shape(member)]));
}

describe.skipIf(!teleportBinDir()).each(['multiplex', 'separate'] as const)('a real proxy, %s', (mode) => {
  let teleport: RealTeleport;
  let cluster: DevCluster;
  let at: { readonly [N in 'web' | 'ssh' | 'tunnel' | 'kubernetes']: number };

  beforeAll(async () => {
    [teleport, cluster] = await Promise.all([
      RealTeleport.start({ listenerMode: mode, kubernetesClusters: ['k1'] }),
      DevCluster.start({ name: 'root.test', proxyListenerMode: mode }),
    ]);
    at = teleport.ports;
  }, 120_000);

  afterAll(async () => {
    await Promise.all([teleport?.stop(), cluster?.stop()]);
  });

  test('find says all that its type promises', async () => {
    const found = await find(teleport.proxyAddress, { webCa: [teleport.webCaPem] });
    const isSeparate = mode === 'separate';
    expect(found).toEqual({
      serverVersion: expect.stringMatching(/^18\./),
      minClientVersion: expect.stringMatching(/^17\./),
      clusterName: teleport.name,
      edition: expect.stringMatching(/^(oss|ent|community)$/),
      fips: false,
      automaticUpgrades: false,
      autoUpdate: {
        toolsVersion: found.serverVersion,
        toolsAutoUpdate: false,
        agentVersion: found.serverVersion,
        agentAutoUpdate: false,
        agentUpdateJitterSeconds: 60,
      },
      signatureAlgorithmSuite: 'balanced-v1',
      proxy: {
        tlsRoutingEnabled: !isSeparate,
        ssh: {
          listenAddr: `127.0.0.1:${at.ssh}`,
          tunnelListenAddr: `127.0.0.1:${at.tunnel}`,
          webListenAddr: `127.0.0.1:${at.web}`,
          publicAddr: `localhost:${at.web}`,
          ...(isSeparate && { sshPublicAddr: `localhost:${at.ssh}`, sshTunnelPublicAddr: `localhost:${at.tunnel}` }),
          dialTimeoutMs: 30_000,
        },
        kube: {
          enabled: true,
          listenAddr: `127.0.0.1:${at.kubernetes}`,
          ...(isSeparate && { publicAddr: `localhost:${at.kubernetes}` }),
        },
        db: isSeparate ? {} : { postgresListenAddr: `127.0.0.1:${at.web}`, mysqlListenAddr: `127.0.0.1:${at.web}` },
      },
    });
  });

  test('ping adds how to log in', async () => {
    const trust = { webCa: [teleport.webCaPem] };
    const [{ auth, ...pinged }, found] = await Promise.all([
      ping(teleport.proxyAddress, trust),
      find(teleport.proxyAddress, trust),
    ]);
    expect(pinged).toEqual(found);
    expect(auth).toEqual({
      type: 'local',
      secondFactor: 'otp',
      preferredLocalMfa: 'otp',
      allowPasswordless: false,
      allowHeadless: false,
      local: { name: '' },
      privateKeyPolicy: 'none',
      pivPinCacheTtlMs: 0,
      deviceTrust: { disabled: true, autoEnroll: false },
      hasMessageOfTheDay: false,
      loadAllCas: false,
      defaultSessionTtlMs: 43_200_000,
    });
    await expect(ping(teleport.proxyAddress, { ...trust, connector: 'nosuch' })).rejects.toMatchObject({
      code: 'bad_parameter',
    });
  });

  test('the addresses lead to its ports', async () => {
    const found = await find(teleport.proxyAddress, { webCa: [teleport.webCaPem] });
    const web = `localhost:${at.web}`;
    expect(proxyAddresses(found, teleport.proxyAddress, { env: {} })).toEqual({
      web,
      ssh: `localhost:${at.ssh}`,
      tunnel: `localhost:${at.tunnel}`,
      kube: `localhost:${at.kubernetes}`,
      postgres: web,
      mysql: mode === 'separate' ? 'localhost:3036' : web,
      mongo: web,
    });
  });

  test('a cluster for development answers in the same shape', async () => {
    const [theirs, ours] = await Promise.all([
      ping(teleport.proxyAddress, { webCa: [teleport.webCaPem] }),
      ping(cluster.proxyAddress, { webCa: [cluster.webCaPem] }),
    ]);
    // It serves neither Kubernetes nor databases.
    const without = { kube: 0, db: 0 };
    expect(shape({ ...ours, proxy: { ...ours.proxy, ...without } })).toEqual(
      shape({ ...theirs, proxy: { ...theirs.proxy, ...without } }),
    );
    expect(ours.auth).toEqual(theirs.auth);
  });
});
