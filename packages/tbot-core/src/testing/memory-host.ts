import { generateKeyPairSync } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { Client } from '@teleport-ts/api-client';
import type { FakeCluster } from '@teleport-ts/api-client/testing';
import { TELEPORT_OID, TeleportError } from '@teleport-ts/api-types';
import { refreshAt } from '../bot-identity/renewal-policy.ts';
import { makeKeyPair } from '../client/key-pair.ts';
import { type Clock, sleep, systemClock } from '../clock.ts';
import { checkRequest } from '../cluster/check-request.ts';
import { DEFAULT_CREDENTIAL_TTL_MS, MIN_TTL_MS } from '../config/config.ts';
import {
  type CallOptions,
  type CaRotation,
  CREDENTIAL_KINDS,
  type DestinationHost,
  type IdentityRequest,
  type WatchOptions,
} from '../destination-host.ts';
import { Identity } from '../identity.ts';
import type { TtlDecision } from '../identity-route.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { RotationFeed } from '../rotation/rotation-feed.ts';
import type { AuthorityType } from '../trusted-authority.ts';
import { patience, waitFor } from '../waiting.ts';
import { renewing } from '../watching/renewing.ts';
import { MemoryAuthority } from './memory-authority.ts';
import { memoryCertificates, memoryRoute } from './memory-certificates.ts';
import { MemoryFaults } from './memory-faults.ts';

/** What {@link MemoryHost} takes. */
export interface MemoryHostOptions {
  /** The bot's own cluster. Default `example.com`. */
  readonly cluster?: string;
  /** Leaf clusters that may be named in a request. Default none. */
  readonly leaves?: readonly string[];
  /** Roles that may be asked for, and that are the default. Default `['tester']`. */
  readonly roles?: readonly string[];
  /** Applications, databases and Kubernetes clusters that there are. Default: each that is asked for. */
  readonly names?: readonly string[];
  /** Lifetime of a credential that names none, in milliseconds. Default one hour. */
  readonly ttlMs?: number;
  /** Longest lifetime. Default one day. */
  readonly maxTtlMs?: number;
  /** `host:port` of the proxy that credentials name. Default `proxy.` and the cluster's name, port 443. */
  readonly proxyAddress?: string;
  /** Decides about lifetimes, renewals and delays. Default the machine's. */
  readonly clock?: Clock;
  /** From 0 to below 1, for what is spread out. Default `Math.random`. */
  readonly random?: () => number;
  readonly logger?: Logger;
}

const DAY_MS = 24 * 3_600_000;
const BACKDATE_MS = 60_000;
const TYPES: readonly AuthorityType[] = ['host', 'user', 'db'];
const WHOLE_ROTATION: readonly CaRotation['phase'][] = ['init', 'update_clients', 'update_servers', 'standby'];

/**
 * A host of credentials in memory, for the tests of programs that ask one: no agent, no cluster, no network. Its
 * certificates are real, of authorities of its own, so that TLS servers and clients of a test can be made of them.
 *
 * @example
 * await using host = new MemoryHost();
 * const server = https.createServer(host.serverOptions('localhost'), answer);
 * await myProgram(host);
 * assert.deepEqual(host.requests, [{ kind: 'application', name: 'grafana' }]);
 */
export class MemoryHost implements DestinationHost, AsyncDisposable {
  readonly logger: Logger;
  readonly cluster: string;
  /** All requests so far, those that failed too. */
  readonly requests: IdentityRequest[] = [];
  /** All that was issued. */
  readonly issued: Identity[] = [];
  /** What is to go wrong. */
  readonly faults: MemoryFaults = new MemoryFaults();
  readonly #options: MemoryHostOptions;
  readonly #clock: Clock;
  readonly #authorities: ReadonlyMap<AuthorityType, MemoryAuthority>;
  readonly #rotations = new RotationFeed();
  readonly #closing = new AbortController();
  #api: Promise<FakeCluster> | undefined;

  constructor(options: MemoryHostOptions = {}) {
    const { cluster = 'example.com', clock = systemClock, logger = silentLogger } = options;
    this.logger = logger;
    this.cluster = cluster;
    this.#options = options;
    this.#clock = clock;
    this.#authorities = new Map(TYPES.map((type) => [type, new MemoryAuthority(type, cluster, clock.now())]));
  }

  async generateIdentity(request: IdentityRequest, options: CallOptions = {}): Promise<Identity> {
    using limit = patience(options, 'issuing the credential');
    limit.signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    this.requests.push(request);
    const { error, delayMs } = this.faults.take();
    const until = AbortSignal.any([limit.signal, this.#closing.signal]);
    if (delayMs !== undefined) await sleep(this.#clock, delayMs, until);
    if (error) throw error;
    const identity = await waitFor(this.#issue(request), until);
    this.issued.push(identity);
    return identity;
  }

  watchIdentity(request: IdentityRequest, options: WatchOptions = {}): AsyncIterable<Identity> {
    const { random } = this.#options;
    return renewing(this, request, { ...options, clock: this.#clock, random, over: this.#closing.signal });
  }

  listenForRotation({ signal }: Omit<WatchOptions, 'timeoutMs'> = {}): AsyncIterable<CaRotation> {
    return this.#rotations.listen(signal);
  }

  /** A client of {@link api}, whoever the identity is. */
  async clientForIdentity(_identity: Identity, _options: CallOptions = {}): Promise<Client> {
    this.#closing.signal.throwIfAborted();
    return (await this.api()).connect();
  }

  /** What may be asked for. */
  async describe(): Promise<{
    readonly roles: readonly string[];
    readonly kinds: readonly string[];
    readonly clusters: readonly string[];
    readonly cluster: string;
    readonly proxyAddress: string;
    readonly defaultTtlMs: number;
    readonly minTtlMs: number;
  }> {
    const { leaves = [], ttlMs = DEFAULT_CREDENTIAL_TTL_MS } = this.#options;
    return {
      roles: this.#roles,
      kinds: CREDENTIAL_KINDS,
      clusters: [this.cluster, ...leaves],
      cluster: this.cluster,
      proxyAddress: this.#proxyAddress,
      defaultTtlMs: ttlMs,
      minTtlMs: MIN_TTL_MS,
    };
  }

  /** The cluster that {@link clientForIdentity} leads to: answers what a test tells it to. */
  api(): Promise<FakeCluster> {
    this.#api ??= import('@teleport-ts/api-client/testing').then(
      ({ FakeCluster }) => new FakeCluster({ name: this.cluster, clock: this.#clock }),
    );
    return this.#api;
  }

  /**
   * Rotates an authority and tells those who listen: one step, or all of a rotation in their order.
   *
   * From `init` on the successor is trusted too, from `update_clients` on it signs, with `standby` the old one is gone.
   */
  rotate(type: AuthorityType, phase?: CaRotation['phase']): void {
    for (const step of phase ? [phase] : WHOLE_ROTATION) {
      this.#authorities.get(type)?.rotate(step, this.#clock.now());
      const reason = `the ${type} authority of ${this.cluster} is at ${step}`;
      this.#rotations.tell({ type, cluster: this.cluster, phase: step, reason });
    }
  }

  /** Certificates (PEM) of an authority as it is now: during a rotation those of its successor too. */
  authorities(type: AuthorityType): readonly string[] {
    return this.#authority(type).trusted.tlsCertificates;
  }

  /**
   * Options of a TLS server with a certificate of the host authority, that lets in who shows a credential of this host as the
   * authorities are now. Its clients trust it by the credential's authorities of type `host`.
   */
  serverOptions(
    ...hosts: readonly string[]
  ): Pick<TlsOptions, 'key' | 'cert' | 'ca' | 'requestCert' | 'rejectUnauthorized'> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = this.#clock.now();
    const cert = this.#authority('host').signTls({
      subject: [[TELEPORT_OID.user, hosts[0] ?? 'localhost']],
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + 365 * DAY_MS),
      publicKeyDer: publicKey.export({ type: 'spki', format: 'der' }),
      hosts: hosts.length > 0 ? hosts : ['localhost'],
    });
    const ca = [...this.authorities('user')];
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    return { key, cert, ca, requestCert: true, rejectUnauthorized: true };
  }

  /** Ends all that waits and listens; later calls fail with `canceled`. Safe to call twice. */
  async close(): Promise<void> {
    const closed = new TeleportError('canceled', 'the host has been closed');
    this.#closing.abort(closed);
    this.#rotations.close(closed);
    await (await this.#api)?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #issue(request: IdentityRequest): Promise<Identity> {
    checkRequest(request);
    const roles = this.#chooseRoles(request.roles);
    const cluster = this.#chooseCluster(request.cluster);
    this.#checkName(request);
    const ttl = this.#chooseTtl(request.ttlMs);
    const pair = request.keys ? undefined : await makeKeyPair(request.kind);
    const keys = pair?.publicKeys ?? request.keys ?? {};
    const confined = request.confined === true && request.kind !== 'identity';
    const issuedAtMs = Math.floor(this.#clock.now() / 1000) * 1000;
    const expiresAtMs = issuedAtMs + ttl.effectiveMs;
    const route = memoryRoute(request, cluster, this.#proxyAddress);
    const subject = {
      user: 'bot-test',
      botName: 'test',
      roles,
      cluster: this.cluster,
      route,
      validAfter: new Date(issuedAtMs - BACKDATE_MS),
      validBefore: new Date(expiresAtMs),
    };
    const certified = confined && keys.tls ? { tls: keys.tls } : keys;
    return Identity.create({
      ...(pair ? { privateKey: pair.privateKey } : { publicKeys: keys }),
      ...memoryCertificates(this.#authority('user'), subject, certified),
      authorities: TYPES.map((type) => this.#authority(type).trusted),
      refreshAt: refreshAt({ issuedAtMs, expiresAtMs }, (this.#options.random ?? Math.random)()),
      ttl,
      route,
    });
  }

  #chooseRoles(asked: readonly string[] = []): readonly string[] {
    const refused = asked.filter((role) => !this.#roles.includes(role));
    if (refused.length === 0) return asked.length > 0 ? [...new Set(asked)] : this.#roles;
    const message = `not allowed here: ${refused.map((role) => JSON.stringify(role)).join(', ')}`;
    throw new TeleportError('access_denied', message, { hint: `allowed roles: ${this.#roles.join(', ')}` });
  }

  #chooseCluster(asked: string | undefined): string {
    if (!asked || asked === this.cluster) return this.cluster;
    if (this.#options.leaves?.includes(asked)) return asked;
    throw new TeleportError('not_found', `the cluster ${JSON.stringify(asked)} is not known here`);
  }

  #checkName(request: IdentityRequest): void {
    const { names } = this.#options;
    if (request.kind === 'identity' || !names || names.includes(request.name)) return;
    throw new TeleportError('not_found', `there is no ${request.kind} ${JSON.stringify(request.name)}`);
  }

  #chooseTtl(askedMs = this.#options.ttlMs ?? DEFAULT_CREDENTIAL_TTL_MS): TtlDecision {
    const { maxTtlMs = DAY_MS } = this.#options;
    if (askedMs <= maxTtlMs) return { askedMs, effectiveMs: askedMs };
    return { askedMs, effectiveMs: maxTtlMs, cutBy: 'maxTtlMs of the host' };
  }

  get #roles(): readonly string[] {
    return this.#options.roles ?? ['tester'];
  }

  get #proxyAddress(): string {
    return this.#options.proxyAddress ?? `proxy.${this.cluster}:443`;
  }

  #authority(type: AuthorityType): MemoryAuthority {
    return this.#authorities.get(type)!;
  }
}
