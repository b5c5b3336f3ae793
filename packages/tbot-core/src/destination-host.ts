import type { Identity } from './identity.ts';
import type { Logger } from './logger.ts';

/** What every call that waits takes last. */
export interface CallOptions {
  /** Gives up when aborted; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Longest wait of the whole call, in milliseconds. Above it the call fails with code `timeout`. */
  readonly timeoutMs?: number;
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
}

/** Asks for a certificate for one application behind the cluster's proxy. */
export interface ApplicationIdentityRequest extends CommonIdentityRequest {
  readonly kind: 'application';
  /** Exact name of the application; never a pattern, never part of a query. */
  readonly name: string;
}

/** A request for one credential. */
export type IdentityRequest = ApplicationIdentityRequest;

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
   * @throws TeleportError `not_found` (application or cluster unknown, or invisible to the roles), `access_denied` (role
   * or name outside the limits), `bad_parameter` (ttl below a minute, empty name), `connection_problem` (agent or
   * cluster out of reach), `timeout`, `limit_exceeded`, `expired`, `locked`.
   */
  generateIdentity(request: IdentityRequest, options?: CallOptions): Promise<Identity>;
  readonly logger: Logger;
}
