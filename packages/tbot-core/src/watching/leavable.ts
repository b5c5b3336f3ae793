import { TeleportError } from '@teleport-ts/api-types';
import { endingWith } from './ending.ts';

/**
 * An iteration that can be left at any moment: a generator alone would hear of `return` only when what it waits for has
 * come. Each loop over it runs `start` anew.
 *
 * @param outer one or several, each of which ends the iteration, which then rejects with the signal's reason
 * @param start makes the generator, which must reject soon after its signal is aborted
 */
export function leavable<T>(
  outer: AbortSignal | undefined | readonly (AbortSignal | undefined)[],
  start: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
      const ending = endingWith([outer].flat());
      const generator = start(ending.signal);
      let left = false;
      const over: IteratorResult<T, undefined> = { done: true, value: undefined };
      const next = async (): Promise<IteratorResult<T, undefined>> => {
        try {
          const result = await generator.next();
          if (result.done) ending[Symbol.dispose]();
          return result.done || left ? over : result;
        } catch (error) {
          ending[Symbol.dispose]();
          if (left) return over;
          throw error;
        }
      };
      return {
        next: () => (left ? Promise.resolve(over) : next()),
        return: async () => {
          left = true;
          ending.end(new TeleportError('canceled', 'the reader has left'));
          ending[Symbol.dispose]();
          await generator.return().catch(() => {});
          return over;
        },
      };
    },
  };
}
