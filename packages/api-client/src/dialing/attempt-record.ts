import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import type { Logger } from '../logger.ts';
import { dialChannel } from '../status/diagnostics.ts';
import type { DialAttempt, DialMethod, DialStage } from './dial-attempt.ts';
import { type Scope, scope } from './scope.ts';

interface RecordOptions {
  readonly source: CredentialSource;
  /** Longest time for one attempt, in milliseconds. */
  readonly attemptMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs the attempts of one dial, each within its limit, and keeps a record of those that failed. */
export class AttemptRecord {
  readonly failed: DialAttempt[] = [];
  readonly #options: RecordOptions;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** Gives what the attempt gives; undefined when it failed, which is recorded, or was called off, which is not. */
  async attempt<T>(
    { method, address }: { readonly method: DialMethod; readonly address: string },
    signal: AbortSignal,
    run: (limit: Scope, reached: (stage: DialStage) => void) => Promise<T>,
  ): Promise<T | undefined> {
    if (signal.aborted) return undefined;
    const { clock, attemptMs, logger, source } = this.#options;
    const started = performance.now();
    const limit = scope(clock, attemptMs, signal);
    let stage: DialStage = 'dns';
    publish({ event: 'start', method, address });
    try {
      const result = await run(limit, (reached) => {
        stage = reached;
      });
      publish({ event: 'end', method, address, durationMs: performance.now() - started });
      return result;
    } catch (cause) {
      const durationMs = performance.now() - started;
      // One that was called off because all the time is up has failed, and says where it hung.
      const isLate = signal.aborted && isTimeout(signal.reason);
      if (signal.aborted && !isLate) {
        publish({ event: 'error', method, address, stage, durationMs, code: 'canceled' });
        return undefined;
      }
      const error = attemptError(cause, limit.timedOut || isLate, address, isLate ? durationMs : attemptMs);
      this.failed.push({ method, address, credential: source.kind, stage, error, durationMs });
      logger.debug({ method, address, stage, code: error.code, durationMs }, error.message);
      publish({ event: 'error', method, address, stage, durationMs, code: error.code });
      return undefined;
    } finally {
      limit.end();
    }
  }
}

function publish(message: Parameters<typeof dialChannel.publish>[0]): void {
  if (dialChannel.hasSubscribers) dialChannel.publish(message);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

function attemptError(cause: unknown, isLate: boolean, address: string, limitMs: number): TeleportError {
  if (isLate) {
    return new TeleportError('timeout', `${address} gave no answer within ${Math.round(limitMs)} ms`, {
      cause,
      hint: 'is there a route to it? Does a firewall drop packets?',
    });
  }
  if (isTeleportError(cause)) return cause;
  return new TeleportError('unknown', cause instanceof Error ? cause.message : String(cause), { cause });
}
