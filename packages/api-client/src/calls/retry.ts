import { TeleportError } from '@teleport-ts/api-types';
import type { RetryOptions } from './call-options.ts';

/** A {@link RetryOptions} with nothing left open. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

const DEFAULT: RetryPolicy = { attempts: 5, baseMs: 100, capMs: 5_000 };

/**
 * What is asked for, over what the client does otherwise.
 *
 * @throws TeleportError `bad_parameter` naming what makes no sense
 */
export function retryPolicy(options: RetryOptions | undefined, otherwise: RetryPolicy = DEFAULT): RetryPolicy {
  if (!options) return otherwise;
  const { attempts = otherwise.attempts, baseMs = otherwise.baseMs, capMs = otherwise.capMs } = options;
  if (!(Number.isInteger(attempts) && attempts >= 1)) throw senseless('attempts', attempts, 'a whole number from 1 on');
  if (!(baseMs >= 0 && Number.isFinite(baseMs))) throw senseless('baseMs', baseMs, 'a time in milliseconds');
  if (!(capMs >= 0 && Number.isFinite(capMs))) throw senseless('capMs', capMs, 'a time in milliseconds');
  return { attempts, baseMs, capMs };
}

/**
 * How long to wait before the next try, in milliseconds: anything between nothing and a bound that doubles from try to try
 * ("full jitter"), so that callers that failed together do not come back together.
 *
 * @param tried how many tries there were, from 1
 * @param random from 0 to below 1
 */
export function backoffMs({ baseMs, capMs }: RetryPolicy, tried: number, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** (tried - 1));
}

function senseless(name: string, value: unknown, wanted: string): TeleportError {
  return new TeleportError('bad_parameter', `retry.${name} is ${String(value)}; it must be ${wanted}`);
}
