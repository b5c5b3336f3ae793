import { isTeleportError } from '@teleport-ts/api-types';
import type { BotSettings } from '../bot-settings.ts';
import { retry } from '../retry.ts';

/** A cluster that is out of reach at start is tried this often, within about a quarter of a minute. */
const TRIES = { backoff: { firstMs: 1_000, maxMs: 8_000, floorMs: 250 }, attempts: 4 };

/** Repeats what failed because nobody could be reached, and nothing else. */
export function retryConnecting<T>(
  { clock, random, logger }: BotSettings,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return retry(work, {
    ...TRIES,
    clock,
    random,
    signal,
    retryable: (error) => isTeleportError(error) && error.retryable,
    onRetry: (error, waitMs) =>
      logger.warn({ error: (error as Error).message, retryInMs: Math.round(waitMs) }, 'the cluster cannot be reached'),
  });
}
