import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Event } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import type { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { AuthorityType } from '../pki/cert-authority.ts';
import { Collected } from '../testing/collected.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { recordedMessage, recordedStatus, settled } from '../testing/recorded.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { anonymousClient, userClient, WireBot } from '../testing/wire-bot.ts';
import { WireClient, wireStatus } from '../testing/wire-client.ts';
import type { RotationPhase } from './phases.ts';

const NAME = 'root.example';
const HOUR_MS = 3_600_000;
let clock: FakeClock;
let cluster: DevCluster;
let alice: WireClient;

async function start(dataDir?: string): Promise<void> {
  clock = new FakeClock();
  cluster = await DevCluster.start({ name: NAME, clock, ...(dataDir && { dataDir }) });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  alice = await userClient(cluster, 'alice');
}

const stop = async (): Promise<void> => {
  alice.close();
  await cluster.stop();
};

const authority = (type: AuthorityType): Promise<CertAuthorityV2> =>
  alice.call(Trust, 'getCertAuthority', { type, domain: NAME });

/** Fingerprints of the X.509 certificates of an authority. */
async function keysOf(type: AuthorityType): Promise<{ active: string[]; additional: string[] }> {
  const { Spec } = await authority(type);
  const prints = (pairs: readonly { Cert: Buffer }[] = []) =>
    pairs.map(({ Cert }) => new X509Certificate(Cert).fingerprint256);
  return { active: prints(Spec?.ActiveKeys?.TLS), additional: prints(Spec?.AdditionalTrustedKeys?.TLS) };
}

/** Which authority's certificate has signed what the auth service shows to a new connection. */
function serverSigner(): Promise<string | undefined> {
  const [host, port] = cluster.authAddress.split(':');
  return new Promise((resolve, reject) => {
    const options = { host: host as string, port: Number(port), ca: cluster.hostCaPems, ALPNProtocols: ['h2'] };
    const socket = connect({ ...options, servername: 'teleport.cluster.local' }, () => {
      const shown = socket.getPeerX509Certificate() as X509Certificate;
      const signers = cluster.hostCaPems.map((pem) => new X509Certificate(pem));
      socket.destroy();
      resolve(signers.find(({ publicKey }) => shown.verify(publicKey))?.fingerprint256);
    });
    socket.once('error', reject);
  });
}

async function pingWith(identity: { key: string; cert: string }): Promise<number> {
  using client = new WireClient({ address: cluster.authAddress, ca: cluster.hostCaPems.join(''), identity });
  try {
    await client.call(Auth, 'ping', {});
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

describe('a rotation by hand', () => {
  beforeEach(() => start());
  afterEach(() => stop());

  it('tells watchers what the real one tells, once for each step', async () => {
    const Kinds = [{ Kind: 'cert_authority', Filter: new Map(['db', 'host', 'user'].map((type) => [type, NAME])) }];
    const events = new Collected(alice.stream(Auth, 'watchEvents', { Kinds }));
    expect(settled(await events.next())).toEqual(settled(recordedMessage('rotation/00-init-watch-status', Event)));
    const steps: [string, AuthorityType, RotationPhase][] = [
      ['01', 'db', 'init'],
      ['02', 'db', 'update_clients'],
      ['03', 'db', 'update_servers'],
      ['04', 'db', 'standby'],
      ['05', 'user', 'init'],
      ['06', 'user', 'rollback'],
      ['07', 'user', 'standby'],
      ['08', 'host', 'init'],
      ['09', 'host', 'rollback'],
      ['10', 'host', 'standby'],
    ];
    // The recorded cluster had rotated all three a minute before.
    const before = (event: Event): Event => {
      const { Resource } = event;
      if (Resource?.$case === 'CertAuthority' && Resource.value.Spec?.Rotation?.State === 'in_progress') {
        Resource.value.Spec.Rotation.LastRotated = undefined;
      }
      return event;
    };
    for (const [number, type, phase] of steps) {
      await alice.call(Trust, 'rotateCertAuthority', { type, targetPhase: phase, mode: 'manual' });
      const recorded = recordedMessage(`rotation/${number}-put-cert-authority-${type}-${phase}`, Event);
      expect(settled(before(await events.next())), `${type} ${phase}`).toEqual(settled(before(recorded)));
    }
    events.cancel();
  });

  it('moves the keys, and shows the new server certificate in update_servers only', async () => {
    const start = await keysOf('host');
    const [old] = start.active;
    expect(start.additional).toEqual([]);
    await cluster.rotate('host', 'init');
    const init = await keysOf('host');
    const [next] = init.additional;
    expect(init.active).toEqual([old]);
    expect(next).not.toBe(old);
    expect(await serverSigner()).toBe(old);

    await cluster.rotate('host', 'update_clients');
    expect(await keysOf('host')).toEqual({ active: [next], additional: [old] });
    expect(await serverSigner()).toBe(old);
    await cluster.rotate('host', 'rollback');
    expect(await keysOf('host')).toEqual({ active: [old], additional: [next] });
    expect(await serverSigner()).toBe(old);
    await cluster.rotate('host', 'standby');
    expect(await keysOf('host')).toEqual(start);

    await cluster.rotate('host', 'init');
    await cluster.rotate('host', 'update_clients');
    const [last] = (await keysOf('host')).active;
    await cluster.rotate('host', 'update_servers');
    expect(await keysOf('host')).toEqual({ active: [last], additional: [old] });
    expect(await serverSigner()).toBe(last);
    await cluster.rotate('host', 'standby');
    expect(await keysOf('host')).toEqual({ active: [last], additional: [] });
    expect(await serverSigner()).toBe(last);
  });

  it('answers both certificates, the signing one first, and a pin for each', async () => {
    const [old] = cluster.hostCaPems;
    await cluster.rotate('host', 'init');
    using client = anonymousClient(cluster);
    const authorities = async () => (await client.call(Auth, 'getClusterCACert', {})).TLSCA.toString();
    expect(await authorities()).toBe(cluster.hostCaPems.join('\n'));
    expect(cluster.hostCaPems[0]).toBe(old);
    expect(new Set(cluster.caPins).size).toBe(2);
    await cluster.rotate('host', 'update_clients');
    expect(cluster.hostCaPems[1]).toBe(old);
    expect(await authorities()).toBe(cluster.hostCaPems.join('\n'));
  });

  it('refuses what the dropped generation has issued, on new connections alone', async () => {
    cluster.upsertRole({ name: 'viewer' });
    await cluster.upsertBot({ name: 'ci', roles: ['viewer'] });
    using bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
    const issue = () => bot.issue({ UseRoleRequests: true, RoleRequests: ['viewer'] });
    const first = await issue();
    await cluster.rotate('user', 'init');
    const during = await issue();
    expect(during.certs.TLSCACerts).toHaveLength(2);
    expect(during.certs.SSHCACerts).toHaveLength(2);
    await cluster.rotate('user', 'update_clients');
    const later = await issue();
    await cluster.rotate('user', 'update_servers');
    for (const each of [first, during, later]) expect(await pingWith(each)).toBe(0);
    await cluster.rotate('user', 'standby');
    expect(await pingWith(first)).toBe(14);
    expect(await pingWith(during)).toBe(14);
    expect(await pingWith(later)).toBe(0);
    await bot.client.call(Auth, 'ping', {});
    expect((await issue()).certs.TLSCACerts).toHaveLength(1);
  });

  it('goes from phase to phase in its order only', async () => {
    const rotate = (request: object) =>
      wireStatus(alice.call(Trust, 'rotateCertAuthority', { type: 'jwt', ...request }));
    const bad = (details: string) => ({ code: 3, details });
    expect(await rotate({ type: 'nope' })).toEqual(bad('"nope" authority type is not supported'));
    expect(await rotate({ targetPhase: 'nope' })).toEqual(bad('unsupported phase: "nope"'));
    expect(await rotate({ mode: 'nope' })).toEqual(bad('unsupported mode: "nope"'));
    const grace = (seconds: bigint) => ({ gracePeriod: { seconds, nanos: 0 } });
    expect(await rotate(grace(0n))).toEqual(bad('invalid grace period "0s", provide value > 0'));
    expect(await rotate({ schedule: {} })).toEqual(bad('phase "update_servers" can not be scheduled in the past'));
    expect(await rotate({ targetPhase: 'rollback' })).toEqual(
      bad('can not transition to phase "rollback" from "" phase.'),
    );
    await cluster.rotate('jwt', 'init');
    expect(await rotate({})).toEqual(bad('can not initiate rotation while another is in progress'));
    expect(await rotate({ targetPhase: 'standby' })).toEqual(recordedStatus('rotation/errors-standby-from-init'));
    expect(await rotate({ targetPhase: 'update_servers' })).toEqual(
      bad('can only switch to phase update_servers from update_clients, current phase is init'),
    );
    cluster.upsertRole({ name: 'nothing' });
    cluster.upsertUser({ name: 'bob', roles: ['nothing'] });
    using bob = await userClient(cluster, 'bob');
    expect(await wireStatus(bob.call(Trust, 'rotateCertAuthority', { type: 'jwt' }))).toEqual({
      code: 7,
      details:
        'access denied to perform action "update" on "cert_authority", access denied to perform action "create" on "cert_authority"',
    });
  });

  it('replaces the keys at once without a grace period', async () => {
    const { active } = await keysOf('awsra');
    const inHours = (hours: number) => ({
      seconds: BigInt(Math.floor(clock.now() / 1000) + 3600 * hours),
      nanos: 0,
    });
    const schedule = { updateServers: inHours(1), standby: inHours(2) };
    await alice.call(Trust, 'rotateCertAuthority', { type: 'awsra', gracePeriod: { seconds: 0n, nanos: 0 }, schedule });
    const after = await keysOf('awsra');
    expect(after.additional).toEqual([]);
    expect(after.active).not.toEqual(active);
    expect((await authority('awsra')).Spec?.Rotation).toMatchObject({ State: 'standby', Phase: 'standby' });
  });
});

describe('a rotation by its schedule', () => {
  beforeEach(() => start());
  afterEach(() => stop());

  const phase = async () => (await authority('user')).Spec?.Rotation?.Phase;

  it('takes each step a third of the grace period after the one before', async () => {
    const gracePeriod = { seconds: 3n * 3600n, nanos: 0 };
    await alice.call(Trust, 'rotateCertAuthority', { type: 'user', mode: 'auto', gracePeriod });
    const events = new Collected(alice.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'cert_authority' }] }));
    await events.next();
    for (const next of ['update_clients', 'update_servers', 'standby']) {
      const before = await phase();
      await clock.advance(HOUR_MS - 1);
      expect(await phase()).toBe(before);
      await clock.advance(1);
      expect(await phase()).toBe(next);
      const { Resource } = await events.next();
      expect(Resource?.$case === 'CertAuthority' && Resource.value.Spec?.Rotation?.Phase).toBe(next);
    }
    expect(clock.timers).toBe(0);
    events.cancel();
  });

  it('is held up by a rollback', async () => {
    await alice.call(Trust, 'rotateCertAuthority', { type: 'user', mode: 'auto' });
    await cluster.rotate('user', 'rollback');
    await clock.advance(100 * HOUR_MS);
    expect(await phase()).toBe('rollback');
  });
});

it('leaves no timer behind when the cluster stops', async () => {
  await start();
  await alice.call(Trust, 'rotateCertAuthority', { type: 'user', mode: 'auto' });
  const watch = new Collected(alice.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'lock' }] }));
  await watch.next();
  await cluster.upsertBot({ name: 'ci', roles: [] });
  await cluster.createToken({ botName: 'ci', expiresInMs: HOUR_MS });
  expect(clock.timers).toBe(2);
  await stop();
  expect(clock.timers).toBe(0);
  expect((await watch.status()).code).not.toBe(0);
});

describe('a cluster that is started again', () => {
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    directory = await TemporaryDirectory.create();
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it('goes on with its rotations', async () => {
    await start(directory.path);
    await cluster.rotate('user', 'init');
    await alice.call(Trust, 'rotateCertAuthority', { type: 'db', mode: 'auto' });
    const kept = [await authority('user'), await authority('db')];
    await stop();
    await start(directory.path);
    expect([await authority('user'), await authority('db')]).toEqual(kept);
    await cluster.rotate('user', 'update_clients');
    await clock.advance(10 * HOUR_MS);
    expect((await authority('db')).Spec?.Rotation?.Phase).toBe('update_clients');
    await stop();
  });
});
