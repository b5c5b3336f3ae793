import type { Connection } from '../dialing/connection.ts';

/** How long unary calls on a connection that has been replaced may still run. */
const DRAIN_MS = 30_000;

/** The connection that new calls use. It can be replaced while calls are on their way: they finish on the old one. */
export class LiveConnection {
  /** To be asked anew for every call. */
  current: Connection;
  readonly #draining = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(first: Connection) {
    this.current = first;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Puts a connection that has answered a call in the place of the current one, which drains. */
  replace(next: Connection): void {
    const old = this.current;
    this.current = next;
    const drained = old.close(DRAIN_MS).finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
  }

  /** Lets running calls finish for that long, then ends them; settles when no socket is left. Safe to call twice. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= Promise.all([this.current.close(graceMs), ...this.#draining]).then(() => {});
    return this.#closing;
  }
}
