import { setMaxListeners } from 'node:events';
import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import type { Lifetime } from '../bot-identity/renewal-policy.ts';
import { nextRenewalAt } from '../bot-identity/renewal-policy.ts';

/** How long calls on a session that is not used any more may still run. */
const DRAIN_MS = 5_000;

/** What a session is made of. */
export interface RoleSessionParts {
  readonly roles: readonly string[];
  readonly life: Lifetime;
  /** Its own cluster. */
  readonly home: string;
  /** Opens a connection with the session's certificate, to its own cluster or to a leaf. */
  readonly connect: (cluster: string) => Promise<Client>;
  /** Told of each connection that is open, to follow what changes there until the signal is aborted. */
  readonly follow: (client: Client, cluster: string, signal: AbortSignal) => void;
}

/**
 * A certificate for a set of roles without any route, and the connections that look-ups are made on: through it the cluster
 * shows what those roles may see. Nothing is issued through it.
 */
export class RoleSession {
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
  /** Milliseconds since 1970; from then on a new session should take its place. */
  readonly staleAtMs: number;
  /** Milliseconds since 1970; from then on the cluster takes it no more. */
  readonly endsAtMs: number;
  readonly #home: string;
  readonly #connect: RoleSessionParts['connect'];
  readonly #follow: RoleSessionParts['follow'];
  readonly #clients = new Map<string, Promise<Client>>();
  readonly #closing = new AbortController();

  constructor(parts: RoleSessionParts, random: number) {
    // As many as there are clusters.
    setMaxListeners(0, this.#closing.signal);
    this.roles = parts.roles;
    this.madeAtMs = parts.life.issuedAtMs;
    this.staleAtMs = nextRenewalAt(parts.life, Number.POSITIVE_INFINITY, random);
    this.endsAtMs = parts.life.expiresAtMs;
    this.#home = parts.home;
    this.#connect = parts.connect;
    this.#follow = parts.follow;
  }

  /** The connection to a cluster, opened once. */
  client(cluster: string): Promise<Client> {
    const known = this.#clients.get(cluster);
    if (known) return known;
    const opening = this.#connect(cluster);
    this.#clients.set(cluster, opening);
    void opening.then(
      async (client) => {
        const { signal } = this.#closing;
        if (signal.aborted) await client.close({ graceMs: 0 });
        else this.#follow(client, cluster, signal);
      },
      () => this.#clients.delete(cluster),
    );
    return opening;
  }

  /** Connects to its own cluster. @throws TeleportError when the cluster does not take it */
  async prove(): Promise<void> {
    await this.client(this.#home);
  }

  /** Calls `run` when the session is closed. */
  onClose(run: () => void): void {
    this.#closing.signal.addEventListener('abort', run, { once: true });
  }

  async close(graceMs: number = DRAIN_MS): Promise<void> {
    this.#closing.abort(new TeleportError('canceled', 'the session is not used any more'));
    const clients = await Promise.allSettled(this.#clients.values());
    const open = clients.flatMap((client) => (client.status === 'fulfilled' ? [client.value] : []));
    await Promise.all(open.map((client) => client.close({ graceMs })));
  }
}
