import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { backoffMs, retry } from './retry.ts';

/** Runs every timer at once and remembers the waits. */
function impatientClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const clock: Clock = {
    now: () => 0,
    setTimer(delayMs, run) {
      waits.push(delayMs);
      queueMicrotask(run);
      return { cancel: () => {} };
    },
  };
  return { clock, waits };
}

describe('backoffMs', () => {
  it('spreads over the whole range, doubles, and stays under the cap', () => {
    const backoff = { firstMs: 1000, maxMs: 5000 };
    expect(backoffMs(backoff, 1, 0)).toBe(0);
    expect(backoffMs(backoff, 1, 0.5)).toBe(500);
    expect(backoffMs(backoff, 3, 0.5)).toBe(2000);
    expect(backoffMs(backoff, 4, 0.5)).toBe(2500);
    expect(backoffMs(backoff, 4000, 0.999)).toBeLessThan(5000);
    expect(backoffMs({ ...backoff, floorMs: 200 }, 1, 0)).toBe(200);
  });
});

describe('retry', () => {
  const options = { backoff: { firstMs: 100, maxMs: 1000 }, random: () => 0.5, retryable: () => true };

  it('returns the first success', async () => {
    const { clock, waits } = impatientClock();
    let calls = 0;
    const work = async (): Promise<string> => {
      if (++calls < 3) throw new Error('away');
      return 'here';
    };
    expect(await retry(work, { ...options, attempts: 5, clock })).toBe('here');
    expect(waits).toEqual([50, 100]);
  });

  it('ends with the last failure when the tries are used up or the failure is final', async () => {
    const { clock, waits } = impatientClock();
    let calls = 0;
    const fail = async (): Promise<never> => {
      throw new Error(`no ${++calls}`);
    };
    await expect(retry(fail, { ...options, attempts: 3, clock })).rejects.toThrow('no 3');
    await expect(retry(fail, { ...options, attempts: 3, clock, retryable: () => false })).rejects.toThrow('no 4');
    expect(waits).toHaveLength(2);
  });

  it('stops waiting when it is aborted', async () => {
    const controller = new AbortController();
    const clock: Clock = { now: () => 0, setTimer: () => ({ cancel: () => {} }) };
    const running = retry(() => Promise.reject(new Error('away')), {
      ...options,
      attempts: 3,
      clock,
      signal: controller.signal,
      onRetry: () => queueMicrotask(() => controller.abort(new Error('enough'))),
    });
    await expect(running).rejects.toThrow('enough');
  });
});
