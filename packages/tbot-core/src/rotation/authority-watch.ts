import type { Client } from '@teleport-ts/api-client';
import { type Reflector, type ReflectorChange, reflector, watchedCertAuthorities } from '@teleport-ts/api-client/watch';
import type { CertAuthority } from '@teleport-ts/api-types/resources/cert-authority';
import { type Clock, sleep } from '../clock.ts';
import { dialClock } from '../cluster/dial.ts';
import type { CaRotation } from '../destination-host.ts';
import { backoffMs } from '../retry.ts';
import { caRotation, ROTATED_TYPES, rotationStep } from './ca-rotation.ts';

/** Between two watches, where the first one could not be mended by trying again: a lock, a connection that is gone. */
const RETRY = { firstMs: 1_000, maxMs: 60_000, floorMs: 500 };

export interface AuthorityWatchOptions {
  /** The bot's own connection at that moment. */
  readonly client: () => Client;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told when any of the authorities is another one than before. */
  readonly onChange: () => void;
  /** Told of each step of a rotation. */
  readonly onRotation: (rotation: CaRotation) => void;
}

/** How the watch is doing. */
export interface WatchState {
  readonly state: 'starting' | 'healthy' | 'unhealthy';
  /** The last failure; gone when the watch works again. */
  readonly lastError?: string;
  readonly lastErrorAt?: Date;
}

/** What tells two states of an authority apart. */
interface Stamp {
  readonly revision: string;
  readonly step: string;
}

type ItemChange = Extract<ReflectorChange<CertAuthority>, { readonly key: string }>;

const authorities = watchedCertAuthorities(ROTATED_TYPES);

/**
 * Follows the authorities of the cluster and its leaves on the bot's own connection, from one connection to the next, and
 * through restarts and locks of the cluster: what has changed in between is found when it is back.
 */
export class AuthorityWatch {
  readonly #options: AuthorityWatchOptions;
  /** By key of the authority; undefined before the first list. It outlives the connections. */
  #known: Map<string, Stamp> | undefined;
  #syncedSinceMs: number | undefined;
  #failure: { readonly error: string; readonly at: Date } | undefined;
  #copy: Reflector<CertAuthority> | undefined;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: AuthorityWatchOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Since when nothing has been missed, milliseconds since 1970; undefined while something may be. */
  get syncedSinceMs(): number | undefined {
    return this.#syncedSinceMs;
  }

  get status(): WatchState {
    const { error: lastError, at: lastErrorAt } = this.#failure ?? {};
    const failure = { ...(lastError !== undefined && { lastError }), ...(lastErrorAt && { lastErrorAt }) };
    if (this.#syncedSinceMs !== undefined) return { state: 'healthy' };
    return { state: this.#failure ? 'unhealthy' : 'starting', ...failure };
  }

  /** The bot's connection is another one now: the watch moves there. */
  moved(): void {
    void this.#copy?.close();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([this.#copy?.close(), this.#running]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { clock, random } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#follow(() => {
          failures = 0;
        });
      } catch (error) {
        this.#failed(error);
        const waitMs = backoffMs(RETRY, ++failures, random());
        await sleep(clock, waitMs, signal, { keepAlive: false }).catch(() => {});
      }
    }
  }

  /** One connection's watch. It settles when the watch has moved, and rejects when it cannot be mended by itself. */
  async #follow(onSynced: () => void): Promise<void> {
    const { client, clock, random } = this.#options;
    // How long the network may take is up to the machine's time; a lucky draw must not hammer.
    const options = { clock: dialClock(clock), random: () => (1 + random()) / 2, keepAlive: false };
    const copy = reflector(client(), authorities, options);
    this.#copy = copy;
    try {
      for await (const change of copy.changes()) {
        if (change.type === 'synced') {
          this.#synced(copy);
          onSynced();
        } else if (change.type === 'disconnected') this.#failed(change.cause);
        else if (this.#known) this.#changed(this.#known, change);
      }
    } finally {
      this.#syncedSinceMs = undefined;
      await copy.close();
    }
  }

  #synced(copy: Reflector<CertAuthority>): void {
    if (!this.#known) {
      this.#known = new Map(Array.from(copy.values(), (item) => [authorities.key(item), stampOf(item)]));
    }
    for (const key of this.#known.keys()) if (!copy.get(key)) this.#gone(this.#known, key);
    this.#failure = undefined;
    this.#syncedSinceMs ??= this.#options.clock.now();
  }

  #changed(known: Map<string, Stamp>, change: ItemChange): void {
    if (change.type === 'delete') {
      this.#gone(known, change.key);
      return;
    }
    const { now } = change;
    const before = known.get(change.key);
    const stamp = stampOf(now);
    if (before && now.revision !== '' && before.revision === now.revision) return;
    known.set(change.key, stamp);
    this.#options.onChange();
    const rotation = before && before.step !== stamp.step ? caRotation(now) : undefined;
    if (rotation) this.#options.onRotation(rotation);
  }

  #gone(known: Map<string, Stamp>, key: string): void {
    if (known.delete(key)) this.#options.onChange();
  }

  #failed(error: unknown): void {
    this.#syncedSinceMs = undefined;
    if (this.#ending.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#failure = { error: message, at: new Date(this.#options.clock.now()) };
  }
}

function stampOf(authority: CertAuthority): Stamp {
  return { revision: authority.revision, step: rotationStep(authority) };
}
