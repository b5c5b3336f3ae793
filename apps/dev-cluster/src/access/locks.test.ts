import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { LockTarget } from '@teleport-ts/api-types/resources/lock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { LockFields } from '../state/locks.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { HandMadeCertificates } from '../testing/hand-made-certificates.ts';
import { rawCall } from '../testing/raw-call.ts';
import { userClient, WireBot, wireKey } from '../testing/wire-bot.ts';
import { WireClient, type WireCredentials, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let clock: FakeClock;
let cluster: DevCluster;
let alice: WireClient;
let host: WireCredentials;

beforeAll(async () => {
  clock = new FakeClock(Date.now());
  cluster = await DevCluster.start({ name: 'root.test', clock });
  cluster.upsertRole({
    name: 'boss',
    allow: { rules: [{ resources: ['*'], verbs: ['*'] }], nodeLabels: { '*': '*' }, logins: ['root'] },
  });
  cluster.upsertUser({ name: 'alice', roles: ['boss'] });
  cluster.addNode({ id: 'n1', hostname: 'node-1' });
  const users = await HandMadeCertificates.of(cluster, 'alice');
  const hosts = await HandMadeCertificates.of(cluster, 'alice', 'host');
  const identity = users.issue({
    ...{ user: 'alice', roles: ['boss'], logins: ['root'] },
    ...{ mfaVerified: 'mfa-1', device: { id: 'device-1', assetTag: 'a', credentialId: 'c' } },
    activeRequests: ['request-1'],
  });
  alice = new WireClient({ address: cluster.authAddress, ca: cluster.hostCaPems.join(''), identity });
  host = hosts.issue({ user: 'h1.root.test', roles: ['Node'] });
});

afterAll(async () => {
  alice.close();
  await cluster.stop();
});

async function locked<T>(fields: LockFields, work: () => Promise<T>): Promise<T> {
  const name = cluster.lock(fields);
  try {
    return await work();
  } finally {
    cluster.unlock(name);
  }
}

const denied = { code: 7, details: 'access denied' };
/** Without a check of the server: OpenSSL sends every certificate along that it knows of the host's authority. */
const pingAsHost = async (): Promise<unknown> => {
  const { code, message } = await rawCall({
    ...{ address: cluster.authAddress, path: '/proto.AuthService/Ping', body: Buffer.alloc(5), identity: host },
  });
  return { code, details: message };
};
const ping = (client: WireClient): Promise<unknown> => client.call(Auth, 'ping', {});

describe('a lock', () => {
  it.each<[LockTarget]>([
    [{ user: 'alice' }],
    [{ role: 'boss' }],
    [{ mfaDevice: 'mfa-1' }],
    [{ device: 'device-1' }],
    [{ accessRequest: 'request-1' }],
    [{ user: 'somebody', role: 'boss' }],
  ])('on %o refuses every new call of a user', async (target) => {
    expect(await locked(target, () => wireStatus(ping(alice)))).toEqual(denied);
    await ping(alice);
  });

  it.each<[LockTarget]>([
    [{ login: 'root' }],
    [{ windowsDesktop: 'alice' }],
    [{ serverId: 'alice' }],
    [{ user: 'bob' }],
    [{ mfaDevice: 'mfa-2' }],
  ])('on %o is nothing to a user who calls', async (target) => {
    await locked(target, () => ping(alice));
  });

  it.each<[LockTarget]>([[{ serverId: 'h1' }], [{ serverId: 'h1.root.test' }]])(
    'on %o refuses every new call of a host',
    async (target) => {
      expect(await locked(target, pingAsHost)).toEqual(denied);
      expect(await pingAsHost()).toMatchObject({ code: 0 });
    },
  );

  it('on a login or on a node changes nothing in what is listed', async () => {
    const list = () => alice.call(Auth, 'listUnifiedResources', { Kinds: ['node'], Limit: 5, IncludeLogins: true });
    const before = await list();
    expect(before.Resources.map(({ Logins }) => Logins)).toEqual([['root']]);
    expect(await locked({ login: 'root' }, list)).toEqual(before);
    expect(await locked({ serverId: 'n1' }, list)).toEqual(before);
  });

  it('on nobody and nothing is none', () => {
    expect(() => cluster.lock({ message: 'why not' })).toThrow('at least one target field must be set');
  });

  it('leaves a call that is under way alone', async () => {
    const { timers } = clock;
    cluster.faults.next('Ping', { delayMs: 1000 });
    const running = ping(alice);
    while (clock.timers === timers) await new Promise((resolve) => setImmediate(resolve));
    await locked({ user: 'alice' }, async () => {
      expect(await wireStatus(ping(alice))).toEqual(denied);
      await clock.advance(1000);
      expect(await running).toMatchObject({ ClusterName: 'root.test' });
    });
  });

  it('refuses certificates, and says so to whom it does not concern', async () => {
    cluster.upsertRole({ name: 'locked-role', allow: { impersonate: { roles: ['out'] } } });
    cluster.upsertRole({ name: 'out' });
    await cluster.upsertBot({ name: 'ci', roles: ['out'] });
    using bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
    const issue = () => bot.issue({ UseRoleRequests: true, RoleRequests: ['out'] });
    const target = { role: 'out', message: 'under review' };
    expect(await locked(target, () => wireStatus(issue()))).toEqual({
      code: 7,
      details: 'lock targeting Role:"out" is in force: under review',
    });
    await issue();
    expect(await locked({ login: 'root', windowsDesktop: 'out' }, issue)).toBeDefined();
  });

  it('is found by each of its targets, and told of in the words of the API', async () => {
    const fields = {
      ...{ user: 'a', role: 'b', login: 'c', serverId: 'd', mfaDevice: 'e', windowsDesktop: 'f' },
      ...{ accessRequest: 'g', device: 'h' },
    };
    const Target = {
      ...{ User: 'a', Role: 'b', Login: 'c', ServerID: 'd', MFADevice: 'e', WindowsDesktop: 'f' },
      ...{ AccessRequest: 'g', Device: 'h' },
    };
    await locked(fields, async () => {
      for (const [field, value] of Object.entries(Target)) {
        const { Locks } = await alice.call(Auth, 'getLocks', { Targets: [{ [field]: value }] });
        expect(Locks).toMatchObject([{ Spec: { Target } }]);
      }
    });
  });
});

it('a certificate of before a lock is good again after it', async () => {
  using bob = await boss();
  const { tlsPublicKey } = wireKey();
  const Expires = toTimestamp(clock.now() + 60_000);
  const issue = () => bob.call(Auth, 'generateUserCerts', { Username: 'bob', Expires, TLSPublicKey: tlsPublicKey });
  expect(await locked({ user: 'bob' }, () => wireStatus(issue()))).toEqual(denied);
  expect((await issue()).TLS.length).toBeGreaterThan(0);
});

async function boss(): Promise<WireClient> {
  cluster.upsertUser({ name: 'bob', roles: ['boss'] });
  return userClient(cluster, 'bob');
}
