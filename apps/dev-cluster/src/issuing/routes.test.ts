import { parseTlsIdentity, type TlsIdentity } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { recordedError, recordedMessage } from '../testing/recorded.ts';
import { userClient, WireBot, wireKey } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let cluster: DevCluster;
let admin: WireClient;
let bot: WireBot;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.example' });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  admin = await userClient(cluster, 'alice');
  await admin.call(Auth, 'upsertRoleV2', { Role: recordedMessage('get-role-deployer', RoleV6) });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  cluster.addDatabase({ name: 'pg' });
  cluster.addKubernetesCluster({ name: 'k1' });
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
});

afterAll(async () => {
  admin.close();
  bot.client.close();
  await cluster.stop();
});

const deployer = { UseRoleRequests: true, RoleRequests: ['deployer'] };

/** What differs from one cluster, and from one moment, to the next; the logins come in no order. */
function settled(identity: TlsIdentity): object {
  const logins = identity.logins.map((login) => login.replace(/^-teleport-nologin-.*/, '-teleport-nologin')).sort();
  return { ...identity, logins, notBefore: 0, notAfter: 0, serial: '', botInstanceId: '' };
}

const recorded = (name: string): object =>
  settled(parseTlsIdentity(recordedMessage(`generate-user-certs-${name}`, Certs).TLS.toString()));

describe('routes, compared with recorded ones of Teleport 18', () => {
  it('to a database', async () => {
    const route = { ServiceName: 'pg', Protocol: 'postgres', Username: 'reader', Database: 'main' };
    const { identity } = await bot.issue({ ...deployer, RouteToCluster: 'root.example', RouteToDatabase: route });
    expect(settled(identity)).toEqual(recorded('database'));
  });

  it('to a Kubernetes cluster', async () => {
    const { identity } = await bot.issue({ ...deployer, RouteToCluster: 'root.example', KubernetesCluster: 'k1' });
    expect(settled(identity)).toEqual(recorded('kubernetes'));
  });
});

describe('what a route is checked for', () => {
  it('is whether the Kubernetes cluster is served, whoever may use it', async () => {
    expect(await wireStatus(bot.issue({ ...deployer, KubernetesCluster: 'nope' }))).toEqual(
      recordedError('certs-unknown-kube'),
    );
    cluster.upsertRole({ name: 'nothing' });
    await cluster.upsertBot({ name: 'idle', roles: ['nothing'] });
    using idle = await WireBot.join(cluster, await cluster.createToken({ botName: 'idle' }));
    const { identity } = await idle.issue({ RoleRequests: ['nothing'], KubernetesCluster: 'k1' });
    expect(identity).toMatchObject({ kubernetesCluster: 'k1', kubernetesGroups: [], kubernetesUsers: [] });
  });

  it('is nothing for a database', async () => {
    const route = { ServiceName: 'nope', Protocol: 'junk', Roles: ['writer'] };
    const { identity } = await bot.issue({ ...deployer, RouteToDatabase: route });
    expect(identity.database).toMatchObject({ service: 'nope', protocol: 'junk', roles: ['writer'] });
  });

  it.each([
    [{ KubernetesCluster: 'k1', Usage: 2 }, 'usage:kube'],
    [{ RouteToDatabase: { ServiceName: 'pg', Protocol: 'postgres' }, Usage: 3 }, 'usage:db'],
  ] as const)('leaves a certificate that is good for that only: %o', async (request, usage) => {
    expect((await bot.issue({ ...deployer, ...request })).identity.usage).toEqual([usage]);
  });

  it.each([
    [2, 'missing KubernetesCluster field in a kubernetes-only UserCertsRequest'],
    [3, 'missing ServiceName field in a database-only UserCertsRequest'],
  ] as const)('is a target for usage %i', async (Usage, details) => {
    expect(await wireStatus(bot.issue({ ...deployer, Usage }))).toEqual({ code: 3, details });
  });
});

describe('people', () => {
  it('get routes into their own certificates, which end when they did', async () => {
    const { key, cert } = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 3_600_000 });
    const end = parseTlsIdentity(cert).notAfter;
    using alice = bot.as({ key, cert, identity: parseTlsIdentity(cert), certs: Certs.create() });
    const { identity, certs } = await alice.issue({
      Expires: toTimestamp(end.getTime() + 3_600_000),
      KubernetesCluster: 'k1',
      RouteToDatabase: { ServiceName: 'pg', Protocol: 'postgres' },
    });
    expect(identity).toMatchObject({
      user: 'alice',
      kubernetesCluster: 'k1',
      database: { service: 'pg', protocol: 'postgres' },
      notAfter: end,
    });
    // The host authority is for bots that renew.
    expect(certs.TLSCACerts).toHaveLength(1);
  });

  it('have in them what the recorded one has', async () => {
    const { key, cert } = await cluster.issueUserCredentials({ user: 'alice' });
    using alice = bot.as({ key, cert, identity: parseTlsIdentity(cert), certs: Certs.create() });
    const ours = (await alice.issue()).identity;
    const theirs = parseTlsIdentity(recordedMessage('generate-user-certs-human', Certs).TLS.toString());
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(ours.impersonator?.replace(/^[0-9a-f-]{36}/, 'HOST')).toBe(
      theirs.impersonator?.replace(/^[0-9a-f-]{36}/, 'HOST'),
    );
  });

  it('get none for others that they may not impersonate', async () => {
    cluster.upsertUser({ name: 'carol', roles: ['deployer'] });
    using carol = await userClient(cluster, 'carol');
    const TLSPublicKey = wireKey().tlsPublicKey;
    expect(await wireStatus(carol.call(Auth, 'generateUserCerts', { Username: 'alice', TLSPublicKey }))).toEqual({
      code: 7,
      details: 'access denied: impersonation is not allowed',
    });
  });
});
