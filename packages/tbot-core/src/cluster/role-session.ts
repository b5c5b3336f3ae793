import type { Client } from '@teleport-ts/api-client';
import type { Lifetime } from '../bot-identity/renewal-policy.ts';
import { nextRenewalAt } from '../bot-identity/renewal-policy.ts';

/** How long calls on a session that is not used any more may still run. */
const DRAIN_MS = 5_000;

/** What a session is made of. */
export interface RoleSessionParts {
  readonly roles: readonly string[];
  readonly life: Lifetime;
  /** Opens a connection with the session's certificate, to its own cluster or to a leaf. */
  readonly connect: (cluster: string) => Promise<Client>;
}

/**
 * A certificate for a set of roles without any route, and the connections that look-ups are made on: through it the cluster
 * shows what those roles may see. Nothing is issued through it.
 */
export class RoleSession {
  readonly roles: readonly string[];
  /** Milliseconds since 1970; from then on a new session should take its place. */
  readonly staleAtMs: number;
  readonly #connect: (cluster: string) => Promise<Client>;
  readonly #clients = new Map<string, Promise<Client>>();
  #closed = false;

  constructor(parts: RoleSessionParts, random: number) {
    this.roles = parts.roles;
    this.staleAtMs = nextRenewalAt(parts.life, Number.POSITIVE_INFINITY, random);
    this.#connect = parts.connect;
  }

  /** The connection to a cluster, opened once. */
  client(cluster: string): Promise<Client> {
    const known = this.#clients.get(cluster);
    if (known) return known;
    const opening = this.#connect(cluster);
    this.#clients.set(cluster, opening);
    void opening.then(
      async (client) => {
        if (this.#closed) await client.close({ graceMs: 0 });
      },
      () => this.#clients.delete(cluster),
    );
    return opening;
  }

  async close(graceMs: number = DRAIN_MS): Promise<void> {
    this.#closed = true;
    const clients = await Promise.allSettled(this.#clients.values());
    const open = clients.flatMap((client) => (client.status === 'fulfilled' ? [client.value] : []));
    await Promise.all(open.map((client) => client.close({ graceMs })));
  }
}
