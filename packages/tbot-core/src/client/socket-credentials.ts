import type { CredentialSource } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import { systemClock } from '../clock.ts';
import type { CallOptions, DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import { type KeepingTime, keepRenewing } from './keep-renewing.ts';

/** A host that a client of the cluster can live on: it may know where the cluster is. */
export interface CredentialHost extends DestinationHost {
  /** Where the cluster is, `host:port`, the best first. */
  addresses?(options?: CallOptions): Promise<readonly string[]>;
}

/** What {@link socketCredentials} takes. */
export type SocketCredentialsOptions = KeepingTime;

/**
 * Credentials for `connect` of `@teleport-ts/api-client`: the client takes them from an agent's socket, and moves to each new
 * one as it comes, before the last ends or soon after a rotation. The agent knows the address too. Renewal goes on as long as a
 * client is open, and keeps no process alive.
 *
 * @param host an agent's socket, or any other host
 * @param request what credential, best one of kind `identity` with the roles that the client needs. Default: with all that
 * the host allows
 *
 * @example
 * const host = new SocketHost({ socket: '/run/tbot/ci.sock' });
 * await using client = await connect({ credentials: socketCredentials(host, { kind: 'identity', roles: ['auditor'] }) });
 *
 * `current` throws as `DestinationHost.generateIdentity`.
 */
export function socketCredentials(
  host: CredentialHost,
  request: IdentityRequest = { kind: 'identity' },
  options: SocketCredentialsOptions = {},
): CredentialSource {
  if (request.keys) {
    throw new TeleportError(
      'bad_parameter',
      'a client of the cluster needs the private key, so it takes no public keys',
    );
  }
  return new SocketCredentials(host, request, options);
}

class SocketCredentials implements CredentialSource {
  readonly kind = 'socket';
  readonly #host: CredentialHost;
  readonly #request: IdentityRequest;
  readonly #options: SocketCredentialsOptions;
  readonly #listeners = new Set<() => void>();
  #held: Identity | undefined;
  #asking: Promise<Identity> | undefined;
  #renewing: AbortController | undefined;

  constructor(host: CredentialHost, request: IdentityRequest, options: SocketCredentialsOptions) {
    this.#host = host;
    this.#request = request;
    this.#options = options;
  }

  async current({ signal }: { signal?: AbortSignal } = {}): ReturnType<CredentialSource['current']> {
    const { loadTLS } = await import('@teleport-ts/api-client');
    const { tlsCertificate: cert = '', privateKey: key, authorities } = await this.#identity();
    const ca = tlsCertificatesOf(authorities, 'host');
    return await loadTLS({ cert, key: key!, ca }).current({ ...(signal && { signal }) });
  }

  async addresses({ signal }: { signal?: AbortSignal } = {}): Promise<readonly string[]> {
    const known = await this.#host.addresses?.({ ...(signal && { signal }) });
    if (known && known.length > 0) return known;
    const { proxyAddress } = (await this.#identity()).route ?? {};
    return proxyAddress ? [proxyAddress] : [];
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    if (!this.#renewing) this.#renew();
    return () => {
      this.#listeners.delete(changed);
      if (this.#listeners.size > 0) return;
      this.#renewing?.abort();
      this.#renewing = undefined;
    };
  }

  /** The one that is there, unless it is old: then a new one, one for all who ask at once. */
  #identity(): Promise<Identity> {
    const { clock = systemClock } = this.#options;
    // Who renews says when; alone, a credential is used until it is due.
    const until = this.#renewing ? this.#held?.expires : this.#held?.refreshAt;
    if (this.#held && until && clock.now() < until.getTime()) return Promise.resolve(this.#held);
    this.#asking ??= this.#host
      .generateIdentity(this.#request)
      .then((identity) => {
        this.#held = identity;
        return identity;
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  #renew(): void {
    const controller = new AbortController();
    this.#renewing = controller;
    const { signal } = controller;
    const { logger } = this.#host;
    const keep = async (): Promise<void> => {
      const held = await this.#identity();
      await keepRenewing(this.#host, this.#request, {
        ...this.#options,
        held,
        signal,
        onIdentity: (identity) => {
          this.#held = identity;
          for (const changed of this.#listeners) changed();
        },
        onFailure: ({ code, message }) => {
          logger.warn({ error: message, code }, 'the credential of a client could not be renewed');
        },
      });
    };
    keep().catch((error: unknown) => {
      logger.warn({ error: String(error) }, 'the credential of a client is not renewed');
      if (this.#renewing === controller) this.#renewing = undefined;
    });
  }
}
