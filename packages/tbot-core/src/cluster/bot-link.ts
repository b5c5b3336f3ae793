import type { Client } from '@teleport-ts/api-client';
import type { BotIdentity } from '../bot-identity/bot-identity.ts';

/** How long calls on a connection that has been replaced may still run. */
const DRAIN_MS = 30_000;

/** Opens a connection with an identity of the bot. */
export type OpenConnection = (identity: BotIdentity, signal?: AbortSignal) => Promise<Client>;

/** The bot's own connection. It is replaced whenever the identity is, without failing a call that is on its way. */
export class BotLink {
  readonly #open: OpenConnection;
  readonly #draining = new Set<Promise<void>>();
  #client: Client;
  #closed = false;

  private constructor(open: OpenConnection, client: Client) {
    this.#open = open;
    this.#client = client;
  }

  /** @param signal gives up opening this first connection */
  static async open(open: OpenConnection, identity: BotIdentity, signal?: AbortSignal): Promise<BotLink> {
    return new BotLink(open, await open(identity, signal));
  }

  /** The connection for the next call; to be asked anew for every call. */
  get client(): Client {
    return this.#client;
  }

  /** Opens a connection with `identity`; once it has answered it takes the place of the old one, which drains. */
  async replace(identity: BotIdentity): Promise<void> {
    const next = await this.#open(identity);
    if (this.#closed) return await next.close({ graceMs: 0 });
    const old = this.#client;
    this.#client = next;
    const drained = old.close({ graceMs: DRAIN_MS }).catch(() => {});
    this.#draining.add(drained);
    void drained.then(() => this.#draining.delete(drained));
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    await this.#client.close({ graceMs });
    if (graceMs === 0) return;
    await Promise.all(this.#draining);
  }
}
