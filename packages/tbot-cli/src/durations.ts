import { parseGoDuration } from '@teleport-ts/api-types';
import { UsageError } from './exit.ts';

/**
 * The milliseconds of a duration that an option names. Zero and less are refused: nothing that takes one could succeed.
 *
 * @throws UsageError naming the option
 */
export function durationOf(option: string, text: string): number {
  let ms: number;
  try {
    ms = parseGoDuration(text);
  } catch {
    throw new UsageError(`${option} ${JSON.stringify(text)} is not a duration`, 'write it as 90s, 10m or 1h30m');
  }
  if (ms <= 0) throw new UsageError(`${option} must be more than zero`);
  return ms;
}
