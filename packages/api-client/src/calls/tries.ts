import { isTeleportError } from '@teleport-ts/api-types';
import { closedError } from '../dialing/connection.ts';
import type { Breaker } from './breaker.ts';
import type { CallEnvironment } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { lateError } from './late-error.ts';
import { backoffMs, type RetryPolicy, retryPolicy } from './retry.ts';
import { isSafeRpc } from './safe-rpcs.ts';

/** The tries of one call from its first failure on: whether there is another one, and when. */
export class Tries {
  /** How many there were. */
  tried = 1;
  readonly #environment: CallEnvironment;
  readonly #rpc: string;
  readonly #options: CallOptions;
  readonly #policy: RetryPolicy | undefined;
  readonly #limitMs: number;
  readonly #endsAt: number;
  #earlier: unknown;

  /**
   * @param startedAt by the environment's clock
   * @param limitMs for all tries together; 0 is no limit
   */
  constructor(environment: CallEnvironment, rpc: string, options: CallOptions, startedAt: number, limitMs: number) {
    this.#environment = environment;
    this.#rpc = rpc;
    this.#options = options;
    this.#limitMs = limitMs;
    this.#endsAt = limitMs > 0 ? startedAt + limitMs : Number.POSITIVE_INFINITY;
    const { retry, idempotent = isSafeRpc(rpc) } = options;
    if (idempotent && retry !== false && (retry || environment.retry)) {
      this.#policy = retryPolicy(retry, environment.retry);
    }
  }

  /** What is left of the time, as the limit of one more try; a call without a limit stays without. */
  remaining(): CallOptions {
    if (this.#endsAt === Number.POSITIVE_INFINITY) return this.#options;
    return { ...this.#options, timeoutMs: Math.max(1, this.#endsAt - this.#environment.clock.now()) };
  }

  /** What the caller is told of the failure of the last try. */
  verdict(error: unknown): unknown {
    if (!isTeleportError(error, 'timeout') || this.tried === 1) return error;
    const isOver = this.#environment.clock.now() >= this.#endsAt || error.cause === undefined;
    return isOver ? lateError(this.#rpc, this.#limitMs, this.#earlier ?? error.cause) : error;
  }

  /**
   * Waits for the time of the next try.
   *
   * @returns false when there is none: then the failure is the call's
   * @throws the reason of the caller's signal; `canceled` when the client is closed
   */
  async another(error: unknown, breaker: Breaker | undefined): Promise<boolean> {
    const { clock, random, budget } = this.#environment;
    const policy = this.#policy;
    if (!policy || this.tried >= policy.attempts) return false;
    if (!isTeleportError(error) || !error.retryable) return false;
    const waitMs = backoffMs(policy, this.tried, random);
    // A try that can only be late is none; the failure says more than the timeout that would come of it.
    if (clock.now() + waitMs >= this.#endsAt || breaker?.isTripped || !budget.spend()) return false;
    this.#earlier = error;
    await this.#wait(waitMs);
    this.tried += 1;
    return true;
  }

  #wait(waitMs: number): Promise<void> {
    const { clock, waits } = this.#environment;
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        waits.delete(wait);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        end();
        reject(signal?.reason);
      };
      const wait = {
        cancel: () => {
          end();
          reject(closedError(this.#rpc));
        },
      };
      const timer = clock.setTimer(
        waitMs,
        () => {
          end();
          resolve();
        },
        { keepAlive: true },
      );
      waits.add(wait);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
