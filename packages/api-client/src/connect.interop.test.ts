import { X509Certificate } from 'node:crypto';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestPki } from '../test-support/pki.ts';
import { connect, fromFunction, loadIdentityFile, systemClock } from './index.ts';
import { anonymous } from './internal.ts';
import { find, joinOverWeb, ping } from './web/index.ts';

describe.skipIf(!teleportBinDir())('against a real Teleport 18', () => {
  let teleport: RealTeleport;
  let identity: string;
  let trust: { webCa: string[] };

  beforeAll(async () => {
    teleport = await RealTeleport.start();
    await teleport.createRole('deployer', { allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    await teleport.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
    identity = await teleport.identityFile('alice');
    trust = { webCa: [teleport.webCaPem] };
  });

  afterAll(async () => {
    await teleport?.stop();
  });

  test('an auth address is dialed directly', async () => {
    await using client = await connect({ addresses: [teleport.authAddress], credentials: loadIdentityFile(identity) });
    expect(client.connection).toEqual({ method: 'auth', address: teleport.authAddress });
    expect(client.server).toMatchObject({ clusterName: teleport.name, version: expect.stringMatching(/^18\./) });
    await expect(client.ping()).resolves.toEqual(client.server);
  });

  test('a proxy address is dialed by TLS routing, and typed calls work through it', async () => {
    const credentials = loadIdentityFile(identity);
    await using client = await connect({ addresses: [teleport.proxyAddress], credentials, trust });
    expect(client.connection).toEqual({ method: 'tls-routing', address: teleport.proxyAddress });
    const auth = client.service(AuthServiceDefinition);
    await expect(auth.getRole({ Name: 'deployer' })).resolves.toMatchObject({ Metadata: { Name: 'deployer' } });
    const roles = [];
    for await (const role of auth.getCurrentUserRoles({})) roles.push(role.Metadata?.Name);
    expect(roles).toContain('deployer');
    await expect(auth.getRole({ Name: 'nosuch' })).rejects.toMatchObject({
      code: 'not_found',
      rpc: '/proto.AuthService/GetRole',
    });
  });

  test('the name of the root may be said, an unknown leaf is refused', async () => {
    const options = { addresses: [teleport.proxyAddress], credentials: loadIdentityFile(identity), trust };
    await using client = await connect({ ...options, cluster: teleport.name });
    expect(client.server.clusterName).toBe(teleport.name);
    await expect(connect({ ...options, cluster: 'nosuch' })).rejects.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining('holds no CA of the cluster nosuch'),
    });
  });

  test('a caller without a credential may ping and nothing else', async () => {
    const { ca } = await loadIdentityFile(identity).current();
    for (const address of [teleport.authAddress, teleport.proxyAddress]) {
      await using client = await connect({ addresses: [address], credentials: anonymous({ ca }), trust });
      const role = client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' });
      await expect(role).rejects.toMatchObject({ code: 'access_denied' });
      const { TLSCA } = await client.unary(AuthServiceDefinition, 'getClusterCACert', {});
      expect(new X509Certificate(TLSCA).subject).toContain(teleport.name);
    }
  });

  test.each([
    ['expired', 'it says that it has expired', { notAfter: new Date(Date.now() - 60_000) }],
    ['access_denied', 'does not know the authority that issued the client certificate', {}],
  ])('a refused client certificate is %s', async (code, message, life) => {
    // In the cluster's name, but not of its CA; set back by an hour, the clock lets an expired one go to the server.
    const forged = new TestPki(teleport.name).user({ notBefore: new Date(Date.now() - 7_200_000), ...life });
    const { ca } = await loadIdentityFile(identity).current();
    const connecting = connect({
      addresses: [teleport.authAddress],
      credentials: fromFunction(() => ({ ...forged, ca })),
      clock: { ...systemClock, now: () => Date.now() - 3_600_000 },
    });
    await expect(connecting).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringContaining(message),
    });
  });

  test('a server of another cluster is not trusted', async () => {
    const stranger = fromFunction(() => new TestPki('other.test').user());
    await expect(connect({ addresses: [teleport.authAddress], credentials: stranger })).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining(`it is the one of the cluster ${teleport.name}`),
    });
  });

  test('a proxy whose web certificate is not trusted is told by its certificate', async () => {
    const credentials = loadIdentityFile(identity);
    await expect(connect({ addresses: [teleport.proxyAddress], credentials })).rejects.toMatchObject({
      retryable: false,
      message: expect.stringMatching(/^cannot connect .* the web certificate of https:\S+ is not trusted/),
      hint: expect.stringContaining('trust.webCa'),
    });
    const insecure = { insecureDiscovery: true };
    await using client = await connect({ addresses: [teleport.proxyAddress], credentials, trust: insecure });
    expect(client.connection.method).toBe('tls-routing');
  });

  test('find, ping and a refused join over the web', async () => {
    await expect(find(teleport.proxyAddress, trust)).resolves.toMatchObject({
      clusterName: teleport.name,
      proxy: { tlsRoutingEnabled: true },
    });
    await expect(ping(teleport.proxyAddress, trust)).resolves.toMatchObject({ auth: { type: 'local' } });
    await expect(ping(teleport.proxyAddress, { ...trust, connector: 'nosuch' })).rejects.toMatchObject({
      code: 'bad_parameter',
    });
    const join = { Role: 'Bot', Token: 'no-such-token', NodeName: 'n' };
    await expect(joinOverWeb(teleport.proxyAddress, join, trust)).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('token expired or not found'),
    });
    await expect(find(teleport.authAddress, { insecure: true })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('was answered 404'),
    });
  });

  test('a client outlives a restart of the cluster', async () => {
    await using client = await connect({ addresses: [teleport.authAddress], credentials: loadIdentityFile(identity) });
    await teleport.restart();
    await expect(client.ping().catch(() => client.ping())).resolves.toMatchObject({ clusterName: teleport.name });
  });
});
