import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  isTeleportError,
  parseSshPublicKey,
  sshPublicKeyLine,
  type TeleportError,
  verifySshCertificate,
} from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallOptions, CaRotation, IdentityRequest } from '../src/destination-host.ts';
import type { Identity } from '../src/identity.ts';

/** What an identity shows, whichever build of the class it is of. */
type AnyIdentity = Pick<
  Identity,
  | 'privateKey'
  | 'privateKeyPem'
  | 'tlsCertificate'
  | 'sshCertificate'
  | 'authorities'
  | 'roles'
  | 'expires'
  | 'refreshAt'
  | 'ttl'
  | 'serial'
  | 'route'
  | 'tls'
  | 'ssh'
>;

interface AnyHost extends AsyncDisposable {
  generateIdentity(request: IdentityRequest, options?: CallOptions): Promise<AnyIdentity>;
  watchIdentity(request: IdentityRequest, options?: CallOptions): AsyncIterable<AnyIdentity>;
  listenForRotation(options?: CallOptions): AsyncIterable<CaRotation>;
}

/** One implementation of `DestinationHost`, with what moves the world around it. */
export interface HostUnderTest extends AsyncDisposable {
  readonly host: AnyHost;
  /** Another host of the same, which a test may close. */
  another(): Promise<AnyHost>;
  /** The bot's own cluster. */
  readonly cluster: string;
  /** A role that the host allows, beside which `admin` exists and is not allowed. */
  readonly role: string;
  /** Names that exist and that the role sees; absent for a kind that this implementation is not tried with. */
  readonly names: {
    readonly application: string;
    readonly database?: string;
    readonly kubernetes?: string;
  };
  /** Takes a step of a rotation of the cluster's user authority. */
  rotate(phase: CaRotation['phase']): Promise<void>;
  /** Lets time pass while `work` waits. Default: it passes by itself. */
  withTime?<T>(work: Promise<T>): Promise<T>;
}

const HOUR = 3_600_000;

/** What every host does, whatever stands behind it. */
export function destinationHostContract(name: string, start: () => Promise<HostUnderTest>): void {
  describe(`${name} as a DestinationHost`, () => {
    let under: HostUnderTest;

    beforeAll(async () => {
      under = await start();
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    const wait = async <T>(work: Promise<T>): Promise<T> => await (under.withTime?.(work) ?? work);
    const issue = async (request: IdentityRequest) => await wait(under.host.generateIdentity(request));
    const application = (): IdentityRequest => ({ kind: 'application', name: under.names.application });

    async function failure(work: Promise<unknown>): Promise<TeleportError> {
      const error = await wait(work).then(
        () => new Error('it did not fail'),
        (reason: unknown) => reason,
      );
      if (!isTeleportError(error)) throw error;
      return error;
    }

    test('issues certificates for a fresh key, signed by an authority that it names', async () => {
      const [one, other] = [await issue(application()), await issue(application())];
      expect(one.privateKeyPem).not.toBe(other.privateKeyPem);
      expect(one.serial).not.toBe(other.serial);
      const certificate = new X509Certificate(one.tlsCertificate!);
      expect(certificate.checkPrivateKey(one.privateKey!)).toBe(true);
      const users = one.authorities.filter(({ type, cluster }) => type === 'user' && cluster === under.cluster);
      const signers = users.flatMap(({ tlsCertificates }) => tlsCertificates).map((pem) => new X509Certificate(pem));
      expect(signers.some((signer) => certificate.verify(signer.publicKey))).toBe(true);
      expect(one.authorities.some(({ type, cluster }) => type === 'host' && cluster === under.cluster)).toBe(true);
      expect(one.roles).toContain(under.role);
      expect(one.tls.app).toMatchObject({ name: under.names.application, clusterName: under.cluster });
      expect(one.route).toMatchObject({ cluster: under.cluster, application: { name: under.names.application } });
      expect(one.expires.getTime() - one.refreshAt.getTime()).toBeGreaterThan(10 * 60_000);
    });

    test('a plain identity holds both certificates and leads nowhere', async () => {
      const identity = await issue({ kind: 'identity', roles: [under.role] });
      const keys = identity.authorities.flatMap(({ type, sshPublicKeys }) => (type === 'user' ? sshPublicKeys : []));
      expect(keys.some((key) => verifySshCertificate(identity.ssh!, parseSshPublicKey(key)))).toBe(true);
      expect(identity.ssh?.validBefore).toEqual(identity.tls.notAfter);
      expect(identity.route).toMatchObject({ cluster: under.cluster });
      expect([identity.tls.app, identity.tls.database, identity.tls.kubernetesCluster]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });

    test('a database credential is for an RSA key, the account stands in it', async ({ skip }) => {
      const { database: name } = under.names;
      if (name === undefined) return skip();
      const identity = await issue({ kind: 'database', name, username: 'reader', database: 'orders' });
      expect(identity.privateKey?.asymmetricKeyType).toBe('rsa');
      expect(identity.tls.database).toMatchObject({ service: name, user: 'reader', name: 'orders' });
      const protocol = identity.tls.database?.protocol;
      expect(identity.route?.database).toEqual({ name, protocol, username: 'reader', database: 'orders' });
    });

    test('a Kubernetes credential leads to its cluster', async ({ skip }) => {
      const { kubernetes: name } = under.names;
      if (name === undefined) return skip();
      const identity = await issue({ kind: 'kubernetes', name });
      expect(identity.tls.kubernetesCluster).toBe(name);
      expect(identity.route?.kubernetes).toEqual({ name });
    });

    test("takes the caller's keys, and holds none then", async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const tls = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const identity = await issue({ ...application(), keys: { tls, ssh: sshPublicKeyLine(publicKey) } });
      expect([identity.privateKey, identity.privateKeyPem]).toEqual([undefined, undefined]);
      expect(new X509Certificate(identity.tlsCertificate!).checkPrivateKey(privateKey)).toBe(true);
      const tlsOnly = await issue({ ...application(), keys: { tls } });
      expect(tlsOnly.sshCertificate).toBeUndefined();
    });

    test('the lifetime is the one asked for, and one that is too long is cut and says so', async () => {
      expect((await issue({ ...application(), ttlMs: HOUR / 2 })).ttl).toEqual({
        askedMs: HOUR / 2,
        effectiveMs: HOUR / 2,
      });
      const cut = await issue({ ...application(), ttlMs: 5000 * HOUR });
      expect(cut.ttl).toMatchObject({ askedMs: 5000 * HOUR, cutBy: expect.stringMatching(/./) });
      expect(cut.ttl.effectiveMs).toBeLessThan(5000 * HOUR);
    });

    test.each<[string, Partial<IdentityRequest>, string]>([
      ['a role that is not allowed', { roles: ['admin'] }, 'access_denied'],
      ['an unknown application', { kind: 'application', name: 'no-such-application' }, 'not_found'],
      ['an empty name', { kind: 'application', name: '' }, 'bad_parameter'],
      ['an unknown cluster', { cluster: 'no-such-cluster.example' }, 'not_found'],
      ['a lifetime below a minute', { ttlMs: 59_999 }, 'bad_parameter'],
    ])('%s is refused', async (_, change, code) => {
      const request = { ...application(), ...change } as IdentityRequest;
      expect((await failure(under.host.generateIdentity(request))).code).toBe(code);
      const first = under.host.watchIdentity(request)[Symbol.asyncIterator]().next();
      expect((await failure(first)).code).toBe(code);
    });

    test('an abort is the reason that was given', async () => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      await expect(under.host.generateIdentity(application(), { signal })).rejects.toBe(reason);
      for (const iteration of [
        under.host.watchIdentity(application(), { signal }),
        under.host.listenForRotation({ signal }),
      ]) {
        await expect(iteration[Symbol.asyncIterator]().next()).rejects.toBe(reason);
      }
      const later = new AbortController();
      const waiting = under.host.listenForRotation({ signal: later.signal })[Symbol.asyncIterator]().next();
      later.abort(reason);
      await expect(waiting).rejects.toBe(reason);
    });

    test('watching gives one credential at once, and can be left while it waits for the next', async () => {
      const watched = under.host.watchIdentity(application())[Symbol.asyncIterator]();
      const { value: first } = await wait(watched.next());
      expect(first?.tls.app?.name).toBe(under.names.application);
      const next = watched.next();
      expect(await wait(watched.return!())).toEqual({ done: true, value: undefined });
      expect(await wait(next)).toEqual({ done: true, value: undefined });
    });

    test("watching takes the caller's keys too", async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const keys = { tls: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
      const watched = under.host.watchIdentity({ ...application(), keys })[Symbol.asyncIterator]();
      const { value } = await wait(watched.next());
      expect(new X509Certificate(value!.tlsCertificate!).checkPrivateKey(privateKey)).toBe(true);
      await wait(watched.return!());
    });

    test('a closed host ends what waits, and issues nothing more', async () => {
      const host = await under.another();
      const listening = failure(host.listenForRotation()[Symbol.asyncIterator]().next());
      const watching = host.watchIdentity(application())[Symbol.asyncIterator]();
      await wait(watching.next());
      const next = failure(watching.next());
      await wait(Promise.resolve(host[Symbol.asyncDispose]()));
      expect(['canceled', 'connection_problem']).toContain((await listening).code);
      // Not when the next one would be due.
      expect((await next).code).toBe('canceled');
      expect((await failure(host.generateIdentity(application()))).code).toBe('canceled');
      await host[Symbol.asyncDispose]();
    });

    // Last: the authority is another one afterwards.
    test('a rotation is told to who listens, and gives who watches a credential of the new authority', async () => {
      const rotations = under.host.listenForRotation()[Symbol.asyncIterator]();
      const watched = under.host.watchIdentity(application())[Symbol.asyncIterator]();
      const { value: before } = await wait(watched.next());
      const [told, renewed] = [rotations.next(), watched.next()];
      await wait(settled(under.host));
      await wait(under.rotate('init'));
      expect((await wait(told)).value).toMatchObject({ type: 'user', cluster: under.cluster, phase: 'init' });
      await wait(under.rotate('update_clients'));
      expect((await wait(rotations.next())).value).toMatchObject({ type: 'user', phase: 'update_clients' });
      const { value: after } = await wait(renewed);
      expect(signerOf(after!)).not.toBe(signerOf(before!));
      await wait(rotations.return!());
      await wait(watched.return!());
    });
  });
}

/** Streams that were opened before it are at the host when an answer has come back. */
async function settled(host: AnyHost): Promise<void> {
  await host.generateIdentity({ kind: 'identity' });
}

/** Which of its authorities has signed an identity, by fingerprint. */
function signerOf(identity: {
  tlsCertificate?: string;
  authorities: readonly { tlsCertificates: readonly string[] }[];
}): string {
  const certificate = new X509Certificate(identity.tlsCertificate!);
  const signers = identity.authorities.flatMap(({ tlsCertificates }) => tlsCertificates);
  const signer = signers.map((pem) => new X509Certificate(pem)).find(({ publicKey }) => certificate.verify(publicKey));
  return signer?.fingerprint256 ?? 'nobody';
}
