import { ClusterConfigServiceDefinition } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Route, route } from '../dialing/route.ts';
import { connect, loadIdentityFile, systemClock } from '../index.ts';
import { anonymous } from '../internal.ts';
import { authHttpGet } from './auth-http.ts';
import { httpFallbacks } from './http-fallback.ts';

describe.skipIf(!teleportBinDir())('the HTTP API of a real auth service', () => {
  let teleport: RealTeleport;
  let identity: string;

  beforeAll(async () => {
    teleport = await RealTeleport.start();
    await teleport.createRole('viewer', { allow: {} });
    await teleport.tctl(['users', 'add', 'alice', '--roles=viewer', '--logins=root']);
    identity = await teleport.identityFile('alice');
  });

  afterAll(async () => {
    await teleport?.stop();
  });

  const routeTo = (method: 'auth' | 'tls-routing', source = loadIdentityFile(identity)): Route => {
    const port = Number((method === 'auth' ? teleport.authAddress : teleport.proxyAddress).split(':')[1]);
    const host = method === 'auth' ? '127.0.0.1' : 'localhost';
    return route({ method, host, port, source, clock: systemClock, cluster: teleport.name });
  };

  test.each(['auth', 'tls-routing'] as const)(
    'answers the name of the cluster as the method does, by %s',
    async (method) => {
      await using client = await connect({
        addresses: [teleport.authAddress],
        credentials: loadIdentityFile(identity),
      });
      const expected = await client.unary(ClusterConfigServiceDefinition, 'getClusterName', {});
      const [fallback] = httpFallbacks;
      const answer = await authHttpGet(routeTo(method), fallback!.path, AbortSignal.timeout(20_000));
      expect(answer).toMatchObject({ status: 200, type: expect.stringContaining('json') });
      expect(fallback!.read(JSON.parse(answer.body))).toMatchObject({
        Kind: expected.Kind,
        Version: expected.Version,
        Metadata: { Name: expected.Metadata?.Name, Revision: expected.Metadata?.Revision },
        Spec: { ClusterName: teleport.name, ClusterID: expected.Spec?.ClusterID },
      });
    },
  );

  test('refuses whoever shows no certificate, and knows no other paths', async () => {
    const { ca } = await loadIdentityFile(identity).current();
    const nobody = routeTo('auth', anonymous({ ca }));
    const refused = await authHttpGet(nobody, '/v2/configuration/name', AbortSignal.timeout(20_000));
    expect(refused.status).toBe(403);
    const unknown = await authHttpGet(routeTo('auth'), '/v2/nosuch', AbortSignal.timeout(20_000));
    expect(unknown.status).toBe(404);
    const version = await authHttpGet(routeTo('auth'), '/v7/configuration/name', AbortSignal.timeout(20_000));
    expect(version).toMatchObject({ status: 400, body: expect.stringContaining("version 'v7' is not supported") });
  });
});
