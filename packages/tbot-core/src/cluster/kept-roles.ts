import type { Clock, Timer } from '../clock.ts';
import { Kept } from '../kept.ts';

/** Between two polls of the bot's own role, up to a tenth less. Nothing tells of a change of a role. */
export const ROLE_POLL_MS = 30_000;
const JITTER = 0.1;
/** What is older than this was not polled in time: the cluster is asked before it is used. */
const TRUST_MS = 2 * ROLE_POLL_MS;
/** When nobody has asked for this long, nobody is polled for. */
const IDLE_MS = 10 * 60_000;

export interface KeptRolesOptions {
  /** Asks the cluster. */
  readonly fetch: () => Promise<readonly string[]>;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * The roles that the bot may impersonate, polled slowly in the background while somebody asks for them, so that a warm
 * request waits for nobody.
 */
export class KeptRoles {
  /** Told when the cluster names other roles than before. */
  onChange: ((roles: readonly string[]) => void) | undefined;
  readonly #options: KeptRolesOptions;
  readonly #kept: Kept<readonly string[]>;
  #last: readonly string[] | undefined;
  #usedAtMs = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: KeptRolesOptions) {
    this.#options = options;
    this.#kept = new Kept(options.clock, TRUST_MS, () => this.#fetch());
  }

  /** What the cluster said within the last minute; polled at half of that. */
  get(): Promise<readonly string[]> {
    this.#usedAtMs = this.#options.clock.now();
    this.#plan();
    return this.#kept.get();
  }

  /** What the cluster says now. */
  refresh(): Promise<readonly string[]> {
    return this.#kept.refresh();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #fetch(): Promise<readonly string[]> {
    const roles = await this.#options.fetch();
    const before = this.#last;
    this.#last = roles;
    if (before && JSON.stringify(before) !== JSON.stringify(roles)) this.onChange?.(roles);
    return roles;
  }

  #plan(): void {
    if (this.#timer || this.#closed) return;
    const { clock, random } = this.#options;
    this.#timer = clock.setTimer(ROLE_POLL_MS * (1 - JITTER * random()), () => {
      this.#timer = undefined;
      if (clock.now() - this.#usedAtMs > IDLE_MS) return;
      this.#plan();
      // A failure shows when somebody needs an answer.
      this.refresh().catch(() => {});
    });
  }
}
