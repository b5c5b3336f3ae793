import { isTeleportError, parseTlsIdentity, TeleportError } from '@teleport-ts/api-types';
import {
  type BotStatus,
  backoffMs,
  type Clock,
  type Destination,
  type Logger,
  type RunningBot,
  sleep,
} from '@teleport-ts/tbot-core';
import { CallFailure } from './service/call-failure.ts';

/** Waits between two tries to start with a stored identity. */
const BACKOFF = { firstMs: 2000, maxMs: 60_000, floorMs: 1000 };

export interface BotSupervisorOptions {
  /** One try to start the bot. */
  start: (signal: AbortSignal) => Promise<RunningBot>;
  store: Destination;
  clock: Clock;
  random: () => number;
  logger: Logger;
}

/** What the certificate in the store says about the bot. */
type StoredIdentity = Pick<BotStatus, 'botName' | 'botInstanceId' | 'cluster' | 'generation' | 'expires'>;

type State =
  | { phase: 'starting' }
  | { phase: 'waiting'; error: TeleportError; errorAt: Date; nextTry: Date }
  | { phase: 'running'; bot: RunningBot }
  | { phase: 'ended'; error: TeleportError | undefined };

/**
 * Brings the bot up and keeps hold of it. An agent that has an identity but cannot reach the cluster waits for it; one
 * that would have to join, or is refused, ends at once.
 */
export class BotSupervisor {
  readonly #options: BotSupervisorOptions;
  readonly #stop = new AbortController();
  readonly #ended: (error: TeleportError | undefined) => void;
  #state: State = { phase: 'starting' };
  /** What the identity on disk says, while no bot can. */
  #stored: StoredIdentity | undefined;
  #retrying: Promise<void> = Promise.resolve();

  /** Settles when it is over: with what ended the bot, or undefined after `close`. Never rejects. */
  readonly closed: Promise<TeleportError | undefined>;

  constructor(options: BotSupervisorOptions) {
    this.#options = options;
    let end: (error: TeleportError | undefined) => void = () => {};
    this.closed = new Promise((resolve) => {
      end = resolve;
    });
    this.#ended = (error) => {
      this.#state = { phase: 'ended', error };
      end(error);
    };
  }

  /**
   * Resolves when the bot runs, or when it can only wait for the cluster.
   *
   * @throws what no waiting mends
   */
  async start(): Promise<'running' | 'waiting'> {
    this.#stored = await storedIdentity(this.#options.store);
    try {
      await this.#take(await this.#options.start(this.#stop.signal));
      return 'running';
    } catch (error) {
      if (this.#stop.signal.aborted || !this.#worthWaiting(error)) throw error;
      this.#retrying = this.#retry(error as TeleportError);
      return 'waiting';
    }
  }

  #worthWaiting(error: unknown): boolean {
    const alive = this.#stored !== undefined && this.#stored.expires.getTime() > this.#options.clock.now();
    return alive && isTeleportError(error) && error.retryable;
  }

  async #retry(first: TeleportError): Promise<void> {
    const { start, clock, random, logger } = this.#options;
    let error = first;
    for (let attempt = 1; ; attempt++) {
      const waitMs = backoffMs(BACKOFF, attempt, random());
      const nowMs = clock.now();
      this.#state = { phase: 'waiting', error, errorAt: new Date(nowMs), nextTry: new Date(nowMs + waitMs) };
      logger.warn(
        { err: error, wait_ms: Math.round(waitMs), identity_ends: this.#stored?.expires.toISOString() },
        'the cluster cannot be reached; the stored identity is kept, and another try follows',
      );
      try {
        await sleep(clock, waitMs, this.#stop.signal);
        await this.#take(await start(this.#stop.signal));
        logger.info({}, 'the cluster is back');
        return;
      } catch (next) {
        if (this.#stop.signal.aborted) return;
        if (!this.#worthWaiting(next)) {
          this.#ended(this.#verdict(next));
          return;
        }
        error = next as TeleportError;
      }
    }
  }

  #verdict(error: unknown): TeleportError {
    const over = this.#stored && this.#stored.expires.getTime() <= this.#options.clock.now();
    if (isTeleportError(error) && !(over && error.retryable)) return error;
    return new TeleportError(
      over ? 'expired' : 'unknown',
      over ? 'the identity of the bot has ended while the cluster was away' : String(error),
      {
        ...(over ? { hint: 'the bot must join again: make a new token and start the agent with it' } : {}),
        cause: error,
      },
    );
  }

  /** @throws when it was stopped while the bot came up */
  async #take(bot: RunningBot): Promise<void> {
    if (this.#stop.signal.aborted) {
      await bot.close({ graceMs: 0 });
      throw this.#stop.signal.reason;
    }
    this.#state = { phase: 'running', bot };
    // Never rejects, by its contract.
    void bot.closed.then((error) => this.#ended(error));
  }

  /** The bot that can issue. @throws TeleportError `connection_problem` while there is none */
  bot(): RunningBot {
    const state = this.#state;
    if (state.phase === 'running') return state.bot;
    if (state.phase === 'waiting') {
      const retryAfterMs = Math.max(0, state.nextTry.getTime() - this.#options.clock.now());
      throw new CallFailure('connection_problem', `the agent cannot reach its cluster: ${state.error.message}`, {
        retryable: true,
        retryAfterMs,
        ...(state.error.hint === undefined ? {} : { hint: state.error.hint }),
      });
    }
    if (state.phase === 'ended' && state.error) throw state.error;
    throw new CallFailure('connection_problem', 'the agent is stopping', { retryable: true, retryAfterMs: 1000 });
  }

  /** How the bot is, also while it waits; undefined when there is nothing to tell. */
  status(): BotStatus | undefined {
    const state = this.#state;
    if (state.phase === 'running') return state.bot.status();
    if (state.phase !== 'waiting' || !this.#stored) return undefined;
    return {
      state: 'degraded',
      address: '',
      serverVersion: '',
      ...this.#stored,
      lastError: state.error.message,
      lastErrorAt: state.errorAt,
      warmSessions: 0,
      authorityWatch: { state: 'starting' },
    };
  }

  /** Whether credentials can be issued, as far as the agent knows. */
  get isServing(): boolean {
    const state = this.#state;
    return state.phase === 'running' && !['locked', 'expired'].includes(state.bot.status().state);
  }

  async close(graceMs: number): Promise<void> {
    const state = this.#state;
    this.#stop.abort(new DOMException('the agent is stopping', 'AbortError'));
    if (state.phase === 'running') await state.bot.close({ graceMs });
    await this.#retrying;
    if (this.#state.phase !== 'ended') this.#ended(undefined);
  }
}

async function storedIdentity(store: Destination): Promise<StoredIdentity | undefined> {
  const certificate = (await store.read('tlscert'))?.toString('utf8');
  if (!certificate?.trim()) return undefined;
  try {
    const { botName, botInstanceId, teleportCluster, generation, notAfter } = parseTlsIdentity(certificate);
    return {
      botName: botName ?? '',
      botInstanceId: botInstanceId ?? '',
      cluster: teleportCluster ?? '',
      generation: generation ?? 0,
      expires: notAfter,
    };
  } catch {
    return undefined;
  }
}
