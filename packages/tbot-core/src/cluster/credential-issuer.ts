import type { Client } from '@teleport-ts/api-client';
import { isTeleportError, parseSshCertificate, parseTlsIdentity, TeleportError } from '@teleport-ts/api-types';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { refreshAt } from '../bot-identity/renewal-policy.ts';
import type { Clock } from '../clock.ts';
import type { IdentityRequest } from '../destination-host.ts';
import { Identity } from '../identity.ts';
import { RsaKeyPool } from '../keys/rsa-key-pool.ts';
import { waitFor } from '../waiting.ts';
import { certificateRoute, targetRoute } from './certificate-route.ts';
import { checkRequest } from './check-request.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { DialCredential } from './dial.ts';
import { type CertificateRoute, issueImpersonated } from './issue.ts';
import type { RouteKey } from './kept-routes.ts';
import { RolesRefusedError } from './own-role.ts';
import { givenKeys, madeKeys, type RequestedKeys } from './requested-keys.ts';
import { sameTarget, type Target } from './target.ts';
import { TargetFinder } from './target-finder.ts';
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
  readonly request: IdentityRequest;
  readonly roles: readonly string[];
  readonly cluster: string;
  readonly ttlMs: number;
  /** The same at each call. */
  readonly keys: () => Promise<RequestedKeys>;
}

interface Signed {
  readonly certs: Certs;
  readonly askedAtMs: number;
  readonly route?: CertificateRoute | undefined;
}

/**
 * Issues credentials in the name of roles that the bot may impersonate. Warm, one costs one call to the cluster: sessions,
 * routes and authorities are kept, and a route is checked beside the call that uses it. No private key is kept.
 */
export class CredentialIssuer {
  readonly #options: IssuerOptions;
  readonly #targets: TargetFinder;
  readonly #rsaKeys = new RsaKeyPool();

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#targets = new TargetFinder({ ...options, ttlMs: options.defaultTtlMs });
    options.facts.onRoles = (roles) => this.#targets.keepSessions(roles);
  }

  /** @throws TeleportError, see `DestinationHost.generateIdentity` */
  async issue(request: IdentityRequest, signal: AbortSignal): Promise<Identity> {
    checkRequest(request);
    try {
      return await this.#issue(request, signal);
    } catch (error) {
      const named = (request.roles ?? []).length > 0;
      if (named || !(error instanceof RolesRefusedError)) throw error;
      // Those that were chosen here had been taken from the bot meanwhile; which ones it has is known again.
      return await this.#issue(request, signal);
    }
  }

  /** Role sets that a session is kept for. */
  get warmSessions(): number {
    return this.#targets.sessions;
  }

  /** All sessions are replaced as soon as others work. */
  replaceSessions(): void {
    this.#targets.replaceSessions();
  }

  async #issue(request: IdentityRequest, signal: AbortSignal): Promise<Identity> {
    const { facts, defaultTtlMs, random } = this.#options;
    const given = givenKeys(request);
    const choice = Promise.all([facts.chooseRoles(request.roles), facts.chooseCluster(request.cluster)]);
    const [roles, cluster] = await waitFor(choice, signal);
    const authorities = facts.authorities();
    authorities.catch(() => {});
    const ttlMs = request.ttlMs ?? defaultTtlMs;
    // A pair is made once it is known what for: it takes longer than everything else.
    const keys = once(async () => given ?? (await madeKeys(request.kind, this.#rsaKeys, signal)));
    const { certs, askedAtMs, route } = await this.#signRouted({ request, roles, cluster, ttlMs, keys }, signal);
    const { privateKey } = await keys();
    const tls = certs.TLS.length > 0 ? parseTlsIdentity(certs.TLS) : undefined;
    const validity = tls ? { begin: tls.notBefore, end: tls.notAfter } : validityOfSsh(certs);
    const proxyAddress = this.#options.proxyAddress();
    return Identity.create({
      ...(privateKey ? { privateKey } : { publicKeys: request.keys! }),
      ...(tls && { tls, tlsCertificate: certs.TLS.toString('utf8') }),
      ...(certs.SSH.length > 0 && { sshCertificate: certs.SSH.toString('utf8') }),
      authorities: await waitFor(authorities, signal),
      refreshAt: refreshAt({ issuedAtMs: askedAtMs, expiresAtMs: validity.end.getTime() }, random()),
      ttl: ttlDecision(ttlMs, askedAtMs, validity),
      route: { cluster, ...(proxyAddress && { proxyAddress }), ...(route && targetRoute(route)) },
    });
  }

  async close(): Promise<void> {
    this.#rsaKeys.close();
    await this.#targets.close();
  }

  async #signRouted(plan: Plan, signal: AbortSignal): Promise<Signed> {
    const { request, roles, cluster } = plan;
    if (request.kind === 'identity') return await this.#sign(plan, undefined, signal);
    const { kind, name } = request;
    const key = { roles, cluster, kind, name };
    const kept = this.#targets.kept(key);
    if (kept?.fresh) return await this.#signFor(plan, key, kept.target, signal);
    const finding = this.#targets.find(key);
    if (!kept) return await this.#signFor(plan, key, await waitFor(finding, signal), signal);
    // The cluster signs an outdated route without a word, so the answer counts only once the route is known to hold.
    const signing = this.#signFor(plan, key, kept.target, signal);
    signing.catch(() => {});
    const target = await waitFor(finding, signal);
    return await (sameTarget(target, kept.target) ? signing : this.#signFor(plan, key, target, signal));
  }

  async #signFor(plan: Plan, key: RouteKey, target: Target, signal: AbortSignal): Promise<Signed> {
    try {
      return await this.#sign(plan, certificateRoute(plan.request, target), signal);
    } catch (error) {
      if (isTeleportError(error, 'not_found')) this.#targets.forget(key);
      throw error;
    }
  }

  async #sign(plan: Plan, route: CertificateRoute | undefined, signal: AbortSignal): Promise<Signed> {
    const { client, facts, clock, botUser: user } = this.#options;
    const { request, roles, cluster, ttlMs } = plan;
    const { tlsPublicKey, sshPublicKey } = await plan.keys();
    const askedAtMs = clock.now();
    const confined = route !== undefined && request.confined === true;
    const asked = {
      user,
      roles,
      cluster,
      expires: new Date(askedAtMs + ttlMs),
      tlsPublicKey,
      sshPublicKey: confined ? undefined : sshPublicKey,
      route,
      confined,
    };
    return { certs: await issueImpersonated(client(), facts, asked, signal), askedAtMs, route };
  }
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function validityOfSsh({ SSH }: Certs): Validity {
  const certificate = SSH.length > 0 ? parseSshCertificate(SSH.toString('utf8')) : undefined;
  if (certificate?.validBefore) return { begin: certificate.validAfter, end: certificate.validBefore };
  throw new TeleportError('unknown', 'the cluster has answered without a certificate');
}
