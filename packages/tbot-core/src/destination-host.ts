import type { Client } from '@teleport-ts/api-client';
import type { Identity } from './identity.ts';
import type { Logger } from './logger.ts';

/** What every call that waits takes last. */
export interface CallOptions {
  /** Gives up when aborted; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Longest wait of the whole call, in milliseconds. Above it the call fails with code `timeout`. */
  readonly timeoutMs?: number;
}

/** What an iteration that goes on until it is left takes last. */
export interface WatchOptions extends CallOptions {
  /** Longest time of one try to get a credential, in milliseconds, not of the iteration. Default 60,000. */
  readonly timeoutMs?: number;
  /** Whether the process lives on for what comes next. Default true. */
  readonly keepAlive?: boolean;
}

/** The public halves of a key pair that a caller made itself. Each certificate is issued only if its key is there. */
export interface PublicKeys {
  /** PEM block `PUBLIC KEY` (SubjectPublicKeyInfo), for the X.509 certificate. */
  readonly tls?: string;
  /** Line of authorized_keys, for the SSH certificate. */
  readonly ssh?: string;
}

/** What all requests for a credential have in common. */
export interface CommonIdentityRequest {
  /** Roles that the credential shall hold. Default: what the host allows. */
  readonly roles?: readonly string[];
  /** Wanted lifetime in milliseconds, at least one minute. Default: the host's. Cut to the host's cap, never refused for length. */
  readonly ttlMs?: number;
  /** Cluster that the credential is for: the bot's own (default) or a leaf that it knows. */
  readonly cluster?: string;
  /** The caller's own public keys. Without them the host makes a pair, and the identity holds its private key. */
  readonly keys?: PublicKeys;
  /**
   * The certificate may be used for its kind alone (Teleport's certificate usage), and no SSH certificate comes with it.
   * Without it a certificate is also good for whatever else its roles may do. For kind `identity` it means nothing.
   * Default false. On a socket the agent decides it, not the caller.
   */
  readonly confined?: boolean;
}

/** Asks for SSH and X.509 certificates for the roles, which lead to nothing in particular. */
export interface PlainIdentityRequest extends CommonIdentityRequest {
  readonly kind: 'identity';
}

/** Asks for a certificate for one application behind the cluster's proxy. */
export interface ApplicationIdentityRequest extends CommonIdentityRequest {
  readonly kind: 'application';
  /** Exact name of the application; never a pattern, never part of a query. */
  readonly name: string;
}

/** What requests for a resource have in common that the cluster's discovery may have found under a shorter name. */
export interface DiscoverableIdentityRequest extends CommonIdentityRequest {
  /**
   * Whether the credential may be for a resource of that full name, asked where it differs from the name that was asked
   * for. Default: yes. On a socket the agent decides it, not the caller.
   */
  readonly admitsName?: (fullName: string) => boolean;
}

/** Asks for a certificate for one database behind the cluster's proxy. */
export interface DatabaseIdentityRequest extends DiscoverableIdentityRequest {
  readonly kind: 'database';
  /**
   * Name of the database resource (`service` in a `tbot.yaml`), or the one that a single database was discovered by; never a
   * pattern, never part of a query.
   */
  readonly name: string;
  /** Account to log in as. Default: whichever the client names. */
  readonly username?: string;
  /** Database within the server. Default: whichever the client names. */
  readonly database?: string;
}

/** Asks for a certificate for one Kubernetes cluster behind the cluster's proxy. */
export interface KubernetesIdentityRequest extends DiscoverableIdentityRequest {
  readonly kind: 'kubernetes';
  /** Name of the Kubernetes cluster, or the one that a single cluster was discovered by; never a pattern, never part of a query. */
  readonly name: string;
}

/** A request for one credential. */
export type IdentityRequest =
  | PlainIdentityRequest
  | ApplicationIdentityRequest
  | DatabaseIdentityRequest
  | KubernetesIdentityRequest;

/** What a credential can be for. */
export type CredentialKind = IdentityRequest['kind'];

/** All that a credential can be for. */
export const CREDENTIAL_KINDS: readonly CredentialKind[] = ['identity', 'application', 'database', 'kubernetes'];

/** A step of a rotation of one of the cluster's authorities. */
export interface CaRotation {
  /** In the cluster's terms. */
  readonly type: 'host' | 'user' | 'db';
  /** Name of the cluster that the authority belongs to. */
  readonly cluster: string;
  readonly phase: 'init' | 'update_clients' | 'update_servers' | 'rollback' | 'standby';
  /** What it means for a holder of credentials, for people. */
  readonly reason: string;
  /** When the old authority goes away, as far as the cluster has said: what was issued before should be renewed until then. */
  readonly deadline?: Date;
}

/**
 * What an output is written against: something that issues credentials. The bot in the process is one, `SocketHost` over
 * an agent's unix socket another (RFD "Machine ID Dynamic Credential API", its Host interface).
 *
 * @example
 * async function newest(host: DestinationHost): Promise<Identity> {
 *   return await host.generateIdentity({ kind: 'application', name: 'grafana' }, { timeoutMs: 10_000 });
 * }
 */
export interface DestinationHost {
  /**
   * Issues one credential.
   *
   * @throws TeleportError `not_found` (target or cluster unknown, or invisible to the roles), `access_denied` (role
   * or name outside the limits), `bad_parameter` (ttl below a minute, empty name), `connection_problem` (agent or
   * cluster out of reach), `timeout`, `limit_exceeded`, `expired`, `locked`.
   */
  generateIdentity(request: IdentityRequest, options?: CallOptions): Promise<Identity>;
  /**
   * Issues a credential and a new one before each ends, or as soon as a rotation asks for it, each for a fresh key pair
   * unless the request brings keys. A failed renewal is tried again as long as the last credential lives.
   *
   * @throws TeleportError, out of the iteration: a first failure as {@link generateIdentity}, later one that no try mends,
   * or the last one when the credential has ended meanwhile
   */
  watchIdentity(request: IdentityRequest, options?: WatchOptions): AsyncIterable<Identity>;
  /**
   * Tells of every step of a rotation of the cluster's authorities, from now on until it is left or aborted.
   *
   * @throws TeleportError, out of the iteration, when the host is closed or out of reach
   */
  listenForRotation(options?: Omit<WatchOptions, 'timeoutMs'>): AsyncIterable<CaRotation>;
  /**
   * A client of the cluster that the identity is for, in the identity's name.
   *
   * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate, else as `connect` of
   * `@teleport-ts/api-client`
   */
  clientForIdentity(identity: Identity, options?: CallOptions): Promise<Client>;
  readonly logger: Logger;
}
