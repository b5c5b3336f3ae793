import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { type Clock, sleep, type Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { backoffMs } from '../retry.ts';
import { isUntrusted, ROTATION_LAG_MS } from '../rotation/untrusted.ts';
import type { BotIdentity } from './bot-identity.ts';
import { isGenerationMismatch, judgeRenewalFailure } from './failure-verdict.ts';
import type { PreparedRenewal } from './renew.ts';
import { nextRenewalAt } from './renewal-policy.ts';

/** Between two tries of a renewal that failed. */
const RETRY = { firstMs: 1_000, maxMs: 60_000, floorMs: 500 };

/** Past this part of the life nothing but the life itself counts any more: a broken disk does not hold a renewal up. */
const URGENT_PART = 0.85;

/** A refused ping is asked again after this: one refusal may be an accident, two are a lock. */
export const LOCK_CHECK_MS = 1_000;

/** What the keeper does to the world. */
export interface KeeperSteps {
  /** Makes ready a renewal on the connection that was opened with `identity`. */
  prepare(identity: BotIdentity): Promise<PreparedRenewal>;
  /** Notes on disk that the successor of `identity` is about to be asked for. */
  note(identity: BotIdentity): Promise<void>;
  /** Puts an identity on disk; whole and safe there when it resolves. */
  save(identity: BotIdentity): Promise<void>;
  /** Opens the connection with an identity and puts it in the place of the old one. */
  adopt(identity: BotIdentity): Promise<void>;
  /** Asks the cluster anything at all. */
  ping(): Promise<unknown>;
  /** Joins with a token that the identity was not made with; undefined when there is none. */
  rejoin(identity: BotIdentity): Promise<BotIdentity | undefined>;
}

export interface KeeperOptions {
  readonly steps: KeeperSteps;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Told once, when nothing helps any more. */
  readonly onEnd: (error: TeleportError) => void;
}

/** The last failure of a renewal. */
export interface KeeperFailure {
  readonly message: string;
  readonly at: Date;
}

/**
 * Keeps the bot's own identity alive. Renewals go one at a time; a successor is on disk before it is used, and is kept in
 * memory until it is, since the server has counted it and gives no second answer.
 */
export class IdentityKeeper {
  readonly #options: KeeperOptions;
  #identity: BotIdentity;
  #successor: { readonly identity: BotIdentity; saved: boolean } | undefined;
  #flight: Promise<void> | undefined;
  #timer: Timer | undefined;
  #nextAtMs: number | undefined;
  #failures = 0;
  #lastFailure: KeeperFailure | undefined;
  #end: TeleportError | undefined;
  readonly #stop = new AbortController();

  /**
   * @param identity the one that the connection was opened with
   * @param saved whether it is on disk; if not, that is what the first renewal sees to
   */
  constructor(identity: BotIdentity, saved: boolean, options: KeeperOptions) {
    this.#identity = identity;
    this.#options = options;
    if (!saved) this.#successor = { identity, saved };
  }

  /** The identity in use. */
  get identity(): BotIdentity {
    return this.#identity;
  }

  get renewing(): boolean {
    return this.#flight !== undefined;
  }

  get lastFailure(): KeeperFailure | undefined {
    return this.#lastFailure;
  }

  /** What ended it. */
  get end(): TeleportError | undefined {
    return this.#end;
  }

  get nextRenewal(): Date | undefined {
    return this.#nextAtMs === undefined ? undefined : new Date(this.#nextAtMs);
  }

  /** Plans the next renewal by the identity's life. */
  schedule(): void {
    const { clock, intervalMs, random } = this.#options;
    const renewalAtMs = nextRenewalAt(this.#identity.life, intervalMs, random());
    this.#planAt(this.#successor ? clock.now() + RETRY.firstMs : renewalAtMs);
  }

  /**
   * Renews now, or joins the renewal that is on its way.
   *
   * @throws TeleportError the failure, after it has been judged: the next try is planned, or the bot has ended
   */
  renew(): Promise<void> {
    if (this.#end) return Promise.reject(this.#end);
    if (this.#stop.signal.aborted) return Promise.reject(new TeleportError('canceled', 'the bot is closed'));
    this.#flight ??= this.#run().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  /** Ends the loop. A renewal that is on its way is waited for: its answer must not be lost. */
  async close(): Promise<void> {
    this.#stop.abort(new TeleportError('canceled', 'the bot is closed'));
    this.#timer?.cancel();
    await this.#flight?.catch(() => {});
  }

  /** Asks twice whether the cluster refuses everything, which means a lock. */
  async everythingRefused(): Promise<boolean> {
    if (!(await this.#pingRefused())) return false;
    await sleep(this.#options.clock, LOCK_CHECK_MS, this.#stop.signal).catch(() => {});
    return await this.#pingRefused();
  }

  /** Judges a refusal that another call met, e.g. of an application's certificate. */
  async examine(error: TeleportError): Promise<void> {
    if (this.#end || this.#stop.signal.aborted || !(await this.everythingRefused())) return;
    this.#conclude(
      judgeRenewalFailure({ error, expired: false, everythingRefused: true }, this.#identity.tls.user).error,
    );
  }

  async #run(): Promise<void> {
    this.#timer?.cancel();
    this.#nextAtMs = undefined;
    try {
      await this.#renewOnce();
      this.#settled();
    } catch (cause) {
      const failure = await this.#failed(asTeleportError(cause));
      if (failure) throw failure;
    }
  }

  #settled(): void {
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.schedule();
  }

  async #renewOnce(): Promise<void> {
    const { steps, logger } = this.#options;
    if (!this.#successor) {
      const prepared = await steps.prepare(this.#identity);
      await this.#unlessUrgent(steps.note(this.#identity), 'the renewal cannot be noted in the store');
      this.#successor = { identity: await prepared.send(), saved: false };
    }
    await this.#takeOver(this.#successor);
    const { tls } = this.#identity;
    logger.info({ generation: tls.generation, expires: tls.notAfter }, 'renewed the identity of the bot');
  }

  async #takeOver(successor: { readonly identity: BotIdentity; saved: boolean }): Promise<void> {
    const { steps } = this.#options;
    if (!successor.saved) {
      await this.#unlessUrgent(
        steps.save(successor.identity),
        'the new identity cannot be saved, it is kept in memory',
      );
      successor.saved = true;
    }
    await steps.adopt(successor.identity);
    this.#identity = successor.identity;
    this.#successor = undefined;
  }

  async #unlessUrgent(work: Promise<void>, what: string): Promise<void> {
    try {
      await work;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new TeleportError('unknown', `${what}: ${reason}`, { cause, retryable: true });
      if (!this.#urgent()) throw error;
      this.#options.logger.error(
        { error: error.message },
        'going on without the store: if the agent stops now, it needs a new token',
      );
    }
  }

  #urgent(): boolean {
    const { issuedAtMs, expiresAtMs } = this.#identity.life;
    return this.#options.clock.now() > issuedAtMs + (expiresAtMs - issuedAtMs) * URGENT_PART;
  }

  /** Plans the next try, joins anew, or ends; gives the error to show, or undefined when joining anew has helped. */
  async #failed(error: TeleportError): Promise<TeleportError | undefined> {
    if (this.#stop.signal.aborted) return error;
    const { clock } = this.#options;
    const expired = !this.#identity.validAt(clock.now());
    const refused = error.code === 'access_denied' && !isGenerationMismatch(error) && !isUntrusted(error);
    const everythingRefused = refused && (await this.everythingRefused());
    const isNew = clock.now() < this.#identity.life.issuedAtMs + ROTATION_LAG_MS;
    const fresh = this.#successor !== undefined || isNew;
    const judged = judgeRenewalFailure({ error, expired, everythingRefused, fresh }, this.#identity.tls.user);
    if (judged.verdict === 'rejoin') return await this.#rejoin(judged.error);
    this.#lastFailure = { message: judged.error.message, at: new Date(clock.now()) };
    if (judged.verdict === 'stop') this.#conclude(judged.error);
    else this.#planRetry(error);
    return judged.error;
  }

  /** The way out for an identity that is over: a token that it was not made with. */
  async #rejoin(ended: TeleportError): Promise<TeleportError | undefined> {
    const { steps, logger } = this.#options;
    try {
      const identity = await steps.rejoin(this.#identity);
      if (!identity) {
        this.#conclude(ended);
        return ended;
      }
      this.#successor = { identity, saved: false };
      await this.#takeOver(this.#successor);
      logger.info({ generation: identity.tls.generation }, 'the identity of the bot had ended; it has joined anew');
      this.#settled();
      return undefined;
    } catch (cause) {
      const error = asTeleportError(cause);
      if (error.retryable || this.#successor) this.#planRetry(error);
      else this.#conclude(error);
      return error;
    }
  }

  #planRetry(error: TeleportError): void {
    const { clock, random, logger } = this.#options;
    this.#lastFailure = { message: error.message, at: new Date(clock.now()) };
    const waitMs = backoffMs(RETRY, ++this.#failures, random());
    const fields = { error: error.message, retryInMs: Math.round(waitMs), expires: this.#identity.tls.notAfter };
    logger.warn(fields, 'the identity of the bot could not be renewed');
    this.#planAt(clock.now() + waitMs);
  }

  #conclude(error: TeleportError): void {
    if (this.#end) return;
    this.#end = error;
    this.#lastFailure = { message: error.message, at: new Date(this.#options.clock.now()) };
    this.#timer?.cancel();
    this.#nextAtMs = undefined;
    this.#options.onEnd(error);
  }

  async #pingRefused(): Promise<boolean> {
    try {
      await this.#options.steps.ping();
      return false;
    } catch (error) {
      if (isUntrusted(error)) return false;
      return isTeleportError(error, 'access_denied') || isTeleportError(error, 'locked');
    }
  }

  #planAt(atMs: number): void {
    if (this.#stop.signal.aborted) return;
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#nextAtMs = atMs;
    this.#timer = clock.setTimer(Math.max(0, atMs - clock.now()), () => {
      this.renew().catch(() => {});
    });
  }
}

function asTeleportError(error: unknown): TeleportError {
  return isTeleportError(error)
    ? error
    : new TeleportError('unknown', error instanceof Error ? error.message : String(error), { cause: error });
}
