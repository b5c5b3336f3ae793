import { parseSshCertificate, parseTlsIdentity, type TlsIdentity } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { recordedMessage } from '../testing/recorded.ts';
import { userClient, WireBot } from '../testing/wire-bot.ts';
import { wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

const HOUR_MS = 3_600_000;

let cluster: DevCluster;
let clock: FakeClock;
let bot: WireBot;

beforeAll(async () => {
  // Whole seconds, since certificates have no finer ones.
  clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
  cluster = await DevCluster.start({ name: 'root.example', clock });
  cluster.upsertRole({ name: 'deployer' });
  cluster.upsertRole({ name: 'viewer', allow: { logins: ['v'] } });
  cluster.upsertRole({ name: 'short', maxSessionTtlMs: 600_000 });
  cluster.upsertRole({
    name: 'impersonator',
    allow: { impersonate: { users: ['carol'], roles: ['viewer'] }, rules: [{ resources: ['*'], verbs: ['*'] }] },
  });
  cluster.upsertUser({ name: 'alice', roles: ['impersonator'] });
  cluster.upsertUser({ name: 'carol', roles: ['viewer'], traits: { logins: ['c'] } });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer', 'viewer', 'short'] });
  await cluster.addApplication({ name: 'foo' });
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
});

afterAll(async () => {
  bot.client.close();
  await cluster.stop();
});

const roles = (...names: string[]) => ({ UseRoleRequests: true, RoleRequests: names });
const inMs = (ms: number) => ({ Expires: toTimestamp(clock.now() + ms) });
const ttlOf = ({ identity }: { identity: TlsIdentity }): number => identity.notAfter.getTime() - clock.now();

describe('what a certificate says, compared with a recorded one of Teleport 18', () => {
  const variable = { logins: [], notBefore: 0, notAfter: 0, serial: '', botInstanceId: '', app: undefined };

  it('with an application route', async () => {
    const recorded = parseTlsIdentity(recordedMessage('generate-user-certs-app', Certs).TLS.toString());
    const role = recordedMessage('get-role-deployer', RoleV6);
    using admin = await userClient(cluster, 'alice');
    await admin.call(Auth, 'upsertRoleV2', { Role: role });
    const app = { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.example' };
    const { identity, certs } = await bot.issue({ ...roles('deployer'), RouteToApp: app });

    expect({ ...identity, ...variable }).toEqual({ ...recorded, ...variable });
    expect([...identity.logins].sort()).toEqual([...recorded.logins].sort());
    expect({ ...identity.app, sessionId: '' }).toEqual({ ...recorded.app, sessionId: '' });
    expect(identity.app?.sessionId).toMatch(/^[0-9a-f]{64}$/);
    expect(certs.TLSCACerts).toHaveLength(1);
    expect(certs.SSHCACerts).toHaveLength(1);
  });

  it('of a bot that renews, SSH included', async () => {
    const recorded = recordedMessage('generate-user-certs-renewal', Certs);
    await cluster.upsertBot({ name: 'router', roles: [], traits: { logins: ['bot'] } });
    using router = await WireBot.join(cluster, await cluster.createToken({ botName: 'router' }));
    const { identity, certs } = await router.issue();
    expect({ ...identity, ...variable }).toEqual({ ...parseTlsIdentity(recorded.TLS.toString()), ...variable });
    expect(certs.TLSCACerts).toHaveLength(recorded.TLSCACerts.length);
    expect(certs.SSHCACerts).toHaveLength(recorded.SSHCACerts.length);

    const ours = parseSshCertificate(certs.SSH.toString());
    const theirs = parseSshCertificate(recorded.SSH.toString());
    expect(ours.keyId).toBe(theirs.keyId);
    expect(Object.keys(Object.fromEntries(ours.extensions))).toEqual(
      Object.keys(Object.fromEntries(theirs.extensions)),
    );
    expect(certs.SSH.toString().endsWith('\n')).toBe(true);
  });
});

describe('impersonated certificates', () => {
  it('carry the roles, the impersonator and the mark against reissuing', async () => {
    const { identity } = await bot.issue(roles('viewer', 'deployer'));
    expect(identity).toMatchObject({
      user: 'bot-ci',
      impersonator: 'bot-ci',
      disallowReissue: true,
      renewable: false,
      generation: 0,
      botName: 'ci',
      botInstanceId: bot.own.identity.botInstanceId,
    });
    expect([...identity.roles].sort()).toEqual(['deployer', 'viewer']);
  });

  it('may be reissued when that was asked for, but no longer and with no other roles', async () => {
    using output = bot.as(await bot.issue({ ...roles('viewer'), ReissuableRoleImpersonation: true, ...inMs(HOUR_MS) }));
    const again = await output.issue({
      ...inMs(8 * HOUR_MS),
      RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost' },
    });
    expect(ttlOf(again)).toBe(HOUR_MS);
    expect(again.identity).toMatchObject({ roles: ['viewer'], impersonator: 'bot-ci', disallowReissue: false });
    expect(await wireStatus(output.issue(roles('deployer')))).toEqual({
      code: 7,
      details: 'access denied: impersonated roles can not request other roles',
    });
  });

  it('are asked for by role requests alone, too', async () => {
    expect((await bot.issue({ RoleRequests: ['viewer'] })).identity.impersonator).toBe('bot-ci');
  });

  it('need one key only, and come without the other certificate', async () => {
    const { certs } = await bot.issue({ ...roles('viewer'), SSHPublicKey: Buffer.alloc(0) });
    expect(certs.SSH).toHaveLength(0);
    expect(certs.SSHCACerts).toHaveLength(1);
  });

  it('are restricted when that is asked for, and must then have a target', async () => {
    const route = { RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.example' } };
    expect((await bot.issue({ ...roles('viewer'), ...route, Usage: 4 })).identity.usage).toEqual(['usage:apps']);
    expect(await wireStatus(bot.issue({ ...roles('viewer'), Usage: 4 }))).toEqual({
      code: 3,
      details: 'missing app Name field in an app-only UserCertsRequest',
    });
  });
});

describe('how long a certificate lives', () => {
  it.each([
    ['as long as asked', roles('viewer'), 60_000, 60_000],
    ['no longer than the default session limit of a role', roles('viewer'), 200 * HOUR_MS, 30 * HOUR_MS],
    ['no longer than the shortest limit of the roles', roles('viewer', 'short'), HOUR_MS, 600_000],
    ['longer than the certificate of the bot', roles('viewer'), 10 * HOUR_MS, 10 * HOUR_MS],
    ['no longer than a bot role allows', {}, 300 * HOUR_MS, 12 * HOUR_MS],
  ])('%s', async (_what, request, askedMs, expectedMs) => {
    // A renewal counts; a bot of its own keeps the others out of it.
    using fresh = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
    expect(ttlOf(await fresh.issue({ ...request, ...inMs(askedMs) }))).toBe(expectedMs);
  });

  it('is a second for TLS and a minute for SSH', async () => {
    const issued = await bot.issue({ ...roles('viewer'), ...inMs(1000) });
    expect(ttlOf(issued)).toBe(1000);
    const { validBefore } = parseSshCertificate(issued.certs.SSH.toString());
    expect((validBefore?.getTime() ?? 0) - clock.now()).toBe(60_000);
  });

  it('is refused when it would be none', async () => {
    expect((await wireStatus(bot.issue({ ...roles('viewer'), Expires: undefined }))).code).toBe(7);
  });
});

describe('users', () => {
  it('renew their own certificate up to its end', async () => {
    const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'carol', ttlMs: HOUR_MS });
    using carol = bot.as({ key, cert, identity: parseTlsIdentity(cert), certs: Certs.create() });
    expect(cas).toHaveLength(1);
    const renewed = await carol.issue(inMs(10 * HOUR_MS));
    expect(ttlOf(renewed)).toBe(HOUR_MS);
    expect(renewed.identity).toMatchObject({
      user: 'carol',
      roles: ['viewer'],
      traits: { logins: ['c'] },
      renewable: false,
    });
  });

  it('whose certificate was signed for them impersonate nobody, whatever their roles say', async () => {
    const { key, cert } = await cluster.issueUserCredentials({ user: 'alice' });
    using alice = bot.as({ key, cert, identity: parseTlsIdentity(cert), certs: Certs.create() });
    expect(await wireStatus(alice.issue({ Username: 'carol' }))).toEqual({
      code: 7,
      details: 'access denied: impersonated user can not impersonate anyone else',
    });
  });
});

describe('sessions of applications', () => {
  it('are stored even when the call fails later, one for each call', async () => {
    using admin = await userClient(cluster, 'alice');
    const count = async () => (await admin.call(Auth, 'listAppSessions', { user: 'bot-ci' })).sessions.length;
    const before = await count();
    const route = { RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.example' } };
    await bot.issue({ ...roles('viewer'), ...route });
    await wireStatus(bot.issue({ ...roles('viewer'), ...route, RouteToCluster: 'nope' }));
    expect(await count()).toBe(before + 2);
  });
});
