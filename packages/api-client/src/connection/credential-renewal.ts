import type { TeleportError } from '@teleport-ts/api-types';
import type { Clock, Timer } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import { expiringFrom, nextLookAt, nextWordAt } from '../credentials/expiry-schedule.ts';
import type { KeptCredential } from '../credentials/kept-credential.ts';
import { PathWatcher } from '../credentials/path-watcher.ts';
import { closedError } from '../dialing/connection.ts';
import type { Logger } from '../logger.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { LiveConnection } from './live-connection.ts';
import { asTeleportError } from './redial.ts';

const POLL_MS = 60_000;
/** A set of files is written one by one: how long to wait for the others. */
const DEBOUNCE_MS = 250;
const LONGEST_DEBOUNCE_MS = 1_000;
/** When to look again after a look that failed. */
const SOON_MS = 60_000;

type Outcome = 'changed' | 'same';

/** How a client notices that its credential has changed. */
export interface ReloadOptions {
  /**
   * How often the files of the credential are looked at even though nothing was heard of a change, in milliseconds.
   * Default 60,000; 0 is never. A credential that comes from a function is asked for so often only if this is given.
   */
  readonly pollMs?: number;
  /** Watch the folders of the files. Default true. */
  readonly watch?: boolean;
}

/** What {@link CredentialRenewal} takes. */
export interface CredentialRenewalOptions {
  readonly kept: KeptCredential;
  readonly live: LiveConnection;
  /** `false`: the credential is only looked at when a connection is made, and when it is asked for. */
  readonly reload: ReloadOptions | false;
  readonly clock: Clock;
  readonly status: StatusHub;
  readonly logger: Logger;
}

/**
 * Keeps a client's connection on the newest credential: notices that there is another one, checks it as a whole, and lets
 * the connection be made anew. One that is of no use is reported, and the old one stays. When nobody renews it in time,
 * calls are refused from its end on, and one look a minute goes on.
 */
export class CredentialRenewal {
  readonly #options: CredentialRenewalOptions;
  readonly #watcher: PathWatcher | undefined;
  readonly #closing = new AbortController();
  #deafen: (() => void) | undefined;
  #timer: Timer | undefined;
  #debounce: { readonly timer: Timer; readonly since: number } | undefined;
  #looking: Promise<Outcome> | undefined;
  /** Fingerprint of the credential that sessions are made with. */
  #used: string | undefined;
  /** The latest look failed, so the next one comes soon. */
  #failing = false;
  /** What was last said of the life of the credential, and of a new one that is of no use: each is said once. */
  #saidOfLife: string | undefined;
  #saidOfFailure: string | undefined;

  constructor(options: CredentialRenewalOptions) {
    const { live, kept, reload } = options;
    this.#options = options;
    this.#used = live.used?.fingerprint;
    if (live.used) kept.worked(live.used);
    live.onSession = () => this.#noteUsed();
    if (reload !== false && reload.watch !== false) this.#watcher = new PathWatcher(() => this.#heard());
  }

  /** Begins; settles when the files are watched. */
  async start(): Promise<void> {
    if (this.#options.reload !== false) this.#deafen = this.#options.kept.onChange(() => this.#heard());
    this.#checkLife();
    this.#arm();
    await this.#follow();
    // What was written between the dial and now was heard by nobody.
    if (this.#watcher && this.#options.kept.paths().length > 0) this.#heard();
  }

  /**
   * Looks now. `changed` means that new calls use the new credential.
   *
   * @throws TeleportError when there is a new one that cannot be used; the old one stays
   */
  async reload(): Promise<Outcome> {
    // One that runs may have read the old one.
    await this.#looking?.catch(() => {});
    this.#failing = true;
    return this.#look();
  }

  close(): void {
    this.#closing.abort(closedError());
    this.#deafen?.();
    this.#timer?.cancel();
    this.#debounce?.timer.cancel();
    this.#watcher?.close();
  }

  /** Something has changed; it may go on changing for a moment. */
  #heard(): void {
    if (this.#closing.signal.aborted) return;
    const { clock } = this.#options;
    const since = this.#debounce?.since ?? clock.now();
    this.#debounce?.timer.cancel();
    const delayMs = Math.max(0, Math.min(DEBOUNCE_MS, since + LONGEST_DEBOUNCE_MS - clock.now()));
    const timer = clock.setTimer(delayMs, () => {
      this.#debounce = undefined;
      if (this.#looking) this.#heard();
      else void this.#look().catch(() => {});
    });
    this.#debounce = { timer, since };
  }

  #look(): Promise<Outcome> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
      this.#checkLife();
      this.#arm();
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<Outcome> {
    const { kept, live, clock } = this.#options;
    const { signal } = this.#closing;
    const before = this.#used;
    let set: CredentialSet | undefined;
    try {
      set = await kept.newest({ signal });
      await this.#follow();
      signal.throwIfAborted();
      if (set.fingerprint === this.#used) {
        this.#failing = false;
        this.#saidOfFailure = undefined;
        return 'same';
      }
      set.assertValidAt(clock.now());
      kept.forgive();
      await live.renew();
      return this.#used === before ? 'same' : 'changed';
    } catch (error) {
      signal.throwIfAborted();
      const cause = asTeleportError(error);
      if (!set) await this.#follow();
      else if (!cause.retryable) kept.refused(set);
      // What may pass is tried again by the connection itself, with the new one.
      if (!set || !cause.retryable) this.#failed(cause);
      throw error;
    }
  }

  /** A session came up: whatever it was made with is the credential now. */
  #noteUsed(): void {
    const { kept, live, status, logger } = this.#options;
    const { used } = live;
    live.refuse(undefined);
    if (!used || used.fingerprint === this.#used) return;
    this.#used = used.fingerprint;
    kept.worked(used);
    this.#failing = false;
    this.#saidOfLife = undefined;
    this.#saidOfFailure = undefined;
    const { notAfter, origin } = used;
    status.emit({ type: 'credentials', event: 'reloaded', ...(notAfter && { notAfter }) });
    logger.info({ origin, notAfter }, 'the credential was reloaded');
    this.#arm();
  }

  /** Files that are being written look damaged for a moment, so it is only said when it was not the first look. */
  #failed(cause: TeleportError): void {
    if (!this.#failing) {
      this.#failing = true;
      this.#heard();
      return;
    }
    if (this.#saidOfFailure === cause.message) return;
    this.#saidOfFailure = cause.message;
    const { status, logger } = this.#options;
    status.emit({ type: 'credentials', event: 'invalid', cause });
    logger.warn({ code: cause.code, hint: cause.hint }, `the new credential cannot be used: ${cause.message}`);
  }

  /** Says that the credential is about to end, or has ended; in the latter case calls are refused. */
  #checkLife(): void {
    const { live, clock, status, logger } = this.#options;
    const { used } = live;
    if (!used?.notAfter || this.#closing.signal.aborted) return;
    const now = clock.now();
    const { notAfter, fingerprint } = used;
    const expired = now >= notAfter.getTime() ? expiredError(used, now) : undefined;
    if (expired) live.refuse(expired);
    const event = expired
      ? 'expired'
      : now >= (expiringFrom(used) ?? Number.POSITIVE_INFINITY)
        ? 'expiring'
        : undefined;
    if (event === undefined || this.#saidOfLife === `${event} ${fingerprint}`) return;
    this.#saidOfLife = `${event} ${fingerprint}`;
    status.emit({ type: 'credentials', event, notAfter, ...(expired && { cause: expired }) });
    logger.warn(
      { origin: used.origin, notAfter },
      event === 'expired' ? 'the credential has expired' : 'the credential expires soon',
    );
  }

  /** Sets the timer for the next look. */
  #arm(): void {
    this.#timer?.cancel();
    if (this.#closing.signal.aborted) return;
    const { clock, live } = this.#options;
    const now = clock.now();
    const { used } = live;
    const looks = this.#looksByItself;
    const at = used && (looks ? nextLookAt(used, now) : nextWordAt(used, now));
    const delays = [
      at === undefined ? undefined : at - now,
      this.#pollMs,
      looks && this.#failing ? SOON_MS : undefined,
    ];
    const delayMs = Math.min(...delays.map((delay) => delay || Number.POSITIVE_INFINITY));
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.setTimer(delayMs, () => {
      if (looks && !this.#looking) void this.#look().catch(() => {});
      else {
        this.#checkLife();
        this.#arm();
      }
    });
  }

  /** Whether there is anything new to be seen without being told to look. */
  get #looksByItself(): boolean {
    return this.#options.reload !== false && !this.#options.kept.constant;
  }

  get #pollMs(): number | undefined {
    const { reload, kept } = this.#options;
    if (reload === false || kept.constant) return undefined;
    return reload.pollMs ?? (kept.paths().length > 0 ? POLL_MS : undefined);
  }

  async #follow(): Promise<void> {
    await this.#watcher?.follow(this.#options.kept.paths());
  }
}

function expiredError(set: CredentialSet, nowMs: number): TeleportError | undefined {
  try {
    set.assertValidAt(nowMs);
    return undefined;
  } catch (error) {
    return asTeleportError(error);
  }
}
