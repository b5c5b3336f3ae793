import type { Client } from '@teleport-ts/api-client';
import {
  formatGoDuration,
  isTeleportError,
  parseSshCertificate,
  parseTlsIdentity,
  TeleportError,
} from '@teleport-ts/api-types';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { refreshAt } from '../bot-identity/renewal-policy.ts';
import type { Clock } from '../clock.ts';
import { MIN_TTL_MS } from '../config/config.ts';
import type { IdentityRequest } from '../destination-host.ts';
import { Identity } from '../identity.ts';
import type { ApplicationRoute } from '../identity-route.ts';
import { consumerKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import { waitFor } from '../waiting.ts';
import { findApplication } from './application-route.ts';
import { ApplicationRoutes, type RouteKey } from './application-routes.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { DialCredential } from './dial.ts';
import { issueImpersonated } from './issue.ts';
import { type RequestedKeys, requestedKeys } from './requested-keys.ts';
import { namePredicate } from './resource-name.ts';
import { RoleSession } from './role-session.ts';
import { RoleSessions } from './role-sessions.ts';
import { ttlDecision, type Validity } from './ttl-decision.ts';

export interface IssuerOptions {
  /** The bot's own connection at that moment. */
  readonly client: () => Client;
  readonly botUser: string;
  readonly facts: ClusterFacts;
  /** `host:port` of the proxy's web address; empty when it is not known. */
  readonly proxyAddress: () => string;
  /** Opens a connection with a session's certificate, to the bot's own cluster or to a leaf by name. */
  readonly dial: (credential: DialCredential, leaf: string | undefined) => Promise<Client>;
  readonly defaultTtlMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** One credential on its way. */
interface Plan {
  readonly roles: readonly string[];
  readonly cluster: string;
  readonly name: string;
  readonly expires: Date;
  readonly keys: RequestedKeys;
}

interface Signed {
  readonly certs: Certs;
  readonly route: ApplicationRoute;
}

/**
 * Issues credentials in the name of roles that the bot may impersonate. Warm, one costs one call to the cluster: sessions,
 * routes and authorities are kept, and a route is checked beside the call that uses it. No private key is kept.
 */
export class CredentialIssuer {
  readonly #options: IssuerOptions;
  readonly #sessions: RoleSessions;
  readonly #routes: ApplicationRoutes;

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#sessions = new RoleSessions(options.clock, (roles) => this.#openSession(roles));
    this.#routes = new ApplicationRoutes(options.clock);
  }

  /** @throws TeleportError, see `DestinationHost.generateIdentity` */
  async issue(request: IdentityRequest, signal: AbortSignal): Promise<Identity> {
    const { facts, clock, defaultTtlMs } = this.#options;
    checkRequest(request);
    const [roles, cluster, keys] = await waitFor(
      Promise.all([facts.chooseRoles(request.roles), facts.chooseCluster(request.cluster), requestedKeys(request)]),
      signal,
    );
    const authorities = facts.authorities();
    authorities.catch(() => {});
    const askedMs = request.ttlMs ?? defaultTtlMs;
    const nowMs = clock.now();
    const plan: Plan = { roles, cluster, name: nameOf(request), expires: new Date(nowMs + askedMs), keys };
    const { certs, route } = await this.#signRouted(plan, signal);
    const tls = certs.TLS.length > 0 ? parseTlsIdentity(certs.TLS) : undefined;
    const validity = tls ? { begin: tls.notBefore, end: tls.notAfter } : validityOfSsh(certs);
    const proxyAddress = this.#options.proxyAddress();
    return Identity.create({
      ...(keys.privateKey ? { privateKey: keys.privateKey } : { publicKeys: request.keys! }),
      ...(tls && { tls, tlsCertificate: certs.TLS.toString('utf8') }),
      ...(certs.SSH.length > 0 && { sshCertificate: certs.SSH.toString('utf8') }),
      authorities: await waitFor(authorities, signal),
      refreshAt: refreshAt({ issuedAtMs: nowMs, expiresAtMs: validity.end.getTime() }, this.#options.random()),
      ttl: ttlDecision(askedMs, nowMs, validity),
      route: { cluster, ...(proxyAddress && { proxyAddress }), application: route },
    });
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }

  async #signRouted(plan: Plan, signal: AbortSignal): Promise<Signed> {
    const kept = this.#routes.get(plan);
    if (kept?.fresh) return await this.#sign(plan, kept.route, signal);
    const asking = this.#routes.ask(plan, () => this.#lookUp(plan));
    if (!kept) return await this.#sign(plan, await waitFor(asking, signal), signal);
    // The cluster signs an outdated route without a word, so the answer counts only once the route is known to hold.
    const signing = this.#sign(plan, kept.route, signal);
    signing.catch(() => {});
    const route = await waitFor(asking, signal);
    if (route.publicAddress === kept.route.publicAddress) return await signing;
    return await this.#sign(plan, route, signal);
  }

  async #sign(
    { roles, cluster, expires, keys }: Plan,
    application: ApplicationRoute,
    signal: AbortSignal,
  ): Promise<Signed> {
    const { client, botUser: user } = this.#options;
    const { tlsPublicKey, sshPublicKey } = keys;
    const request = { user, roles, cluster, expires, tlsPublicKey, sshPublicKey, application };
    const certs = await this.#namingRoles(roles, issueImpersonated(client(), request, signal));
    return { certs, route: application };
  }

  /** A session that the cluster does not take any more is made anew, once. */
  async #lookUp(key: RouteKey): Promise<ApplicationRoute> {
    const session = await this.#sessions.get(key.roles);
    try {
      return await this.#find(session, key);
    } catch (error) {
      if (!isSessionRefused(error)) throw error;
      await this.#sessions.drop(session);
      return await this.#find(await this.#sessions.get(key.roles), key);
    }
  }

  async #find(session: RoleSession, { name, cluster, roles }: RouteKey): Promise<ApplicationRoute> {
    return await findApplication(await session.client(cluster), name, { cluster, roles });
  }

  async #openSession(roles: readonly string[]): Promise<RoleSession> {
    const { client, botUser, facts, clock, defaultTtlMs, dial, random } = this.#options;
    const nowMs = clock.now();
    const pair = await generateKeyPair(consumerKeyAlgorithm('session'));
    const expires = new Date(nowMs + defaultTtlMs);
    const request = { user: botUser, roles, cluster: facts.cluster, expires, tlsPublicKey: pair.tlsPublicKey };
    const certs = await this.#namingRoles(roles, issueImpersonated(client(), request));
    const tlsCertificate = certs.TLS.toString('utf8');
    const life = { issuedAtMs: nowMs, expiresAtMs: parseTlsIdentity(tlsCertificate).notAfter.getTime() };
    const connect = async (cluster: string): Promise<Client> => {
      const tlsAuthorities = tlsCertificatesOf(await facts.authorities(), 'host');
      const credential = { tlsCertificate, privateKey: pair.privateKey, tlsAuthorities };
      return await dial(credential, cluster === facts.cluster ? undefined : cluster);
    };
    return new RoleSession({ roles, life, connect }, random());
  }

  /** The cluster names all asked roles when one of them offends; the bot's own role tells which. */
  async #namingRoles<T>(roles: readonly string[], work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isTeleportError(error, 'access_denied') && /role impersonation/.test(error.message)) {
        await this.#options.facts.checkRoles(roles, error);
      }
      throw error;
    }
  }
}

function nameOf(request: IdentityRequest): string {
  return request.kind === 'application' ? request.name : '';
}

function checkRequest(request: IdentityRequest): void {
  if (request.kind !== 'application') {
    throw new TeleportError(
      'bad_parameter',
      `credentials of kind ${JSON.stringify(request.kind)} are not issued here`,
      {
        hint: 'supported kinds: application',
      },
    );
  }
  namePredicate('application', request.name);
  const { ttlMs } = request;
  if (ttlMs === undefined) return;
  if (!Number.isFinite(ttlMs)) throw new TeleportError('bad_parameter', 'the ttl is not a number');
  if (ttlMs < MIN_TTL_MS) {
    const message = `the ttl ${formatGoDuration(ttlMs)} is below the shortest lifetime, ${formatGoDuration(MIN_TTL_MS)}`;
    throw new TeleportError('bad_parameter', message, { hint: 'ask for at least 1m' });
  }
}

/** What says that a session, and not the thing that was looked for, is the trouble. */
function isSessionRefused(error: unknown): boolean {
  if (!isTeleportError(error)) return false;
  return (
    error.code === 'access_denied' ||
    error.code === 'expired' ||
    (error.code === 'connection_problem' && !error.retryable)
  );
}

function validityOfSsh({ SSH }: Certs): Validity {
  const certificate = SSH.length > 0 ? parseSshCertificate(SSH.toString('utf8')) : undefined;
  if (certificate?.validBefore) return { begin: certificate.validAfter, end: certificate.validBefore };
  throw new TeleportError('unknown', 'the cluster has answered without a certificate');
}
