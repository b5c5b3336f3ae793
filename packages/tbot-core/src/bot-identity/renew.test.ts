import { connect, loadTLS } from '@teleport-ts/api-client';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { joinByToken } from '../join/join.ts';
import { silentLogger } from '../logger.ts';
import { prepareRenewal } from './renew.ts';

it.each([
  ['was not carried out', 'unavailable'],
  ['was carried out, its answer lost', 'lost'],
] as const)('a renewal that %s is sent once, even on a client that tries again', async (_, fault) => {
  await using cluster = await DevCluster.start();
  cluster.upsertRole({ name: 'deployer' });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  const identity = await joinByToken({
    token: await cluster.createToken({ botName: 'ci' }),
    onboarding: { caPins: cluster.caPins },
    proxy: false,
    ttlMs: 3_600_000,
    dial: {
      address: cluster.authAddress,
      packageName: '@teleport-ts/tbot-core',
      clock: systemClock,
      logger: silentLogger,
    },
  });
  await using client = await connect({
    addresses: [cluster.authAddress],
    credentials: loadTLS({
      cert: identity.tlsCertificate,
      key: identity.privateKey,
      ca: identity.tlsAuthorities,
    }),
    retry: { attempts: 9, baseMs: 0 },
  });
  const renewal = await prepareRenewal(client, identity, new Date(Date.now() + 3_600_000));
  cluster.calls.clear();
  cluster.faults.next('GenerateUserCerts', fault);
  await expect(renewal.send()).rejects.toMatchObject({ code: 'connection_problem' });
  // Another call on the way proves that nothing is on its way any more.
  await client.ping();
  expect(cluster.calls.count('GenerateUserCerts')).toBe(1);
  expect(cluster.locks).toHaveLength(0);
});
