import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, it } from 'vitest';
import { Kept } from './kept.ts';

describe('Kept', () => {
  it('fetches once for all who ask, and again when the value is old', async () => {
    const clock = new FakeClock(0);
    let fetches = 0;
    const kept = new Kept(clock, 1_000, async () => ++fetches);
    expect(await Promise.all([kept.get(), kept.get(), kept.refresh()])).toEqual([1, 1, 1]);
    await clock.advance(999);
    expect(await kept.get()).toBe(1);
    await clock.advance(1);
    expect(await Promise.all([kept.get(), kept.get()])).toEqual([2, 2]);
    expect(await kept.refresh()).toBe(3);
    expect(await kept.get()).toBe(3);
  });

  it('does not remember a failure', async () => {
    let fetches = 0;
    const kept = new Kept(new FakeClock(0), 1_000, async () => {
      if (++fetches === 1) throw new Error('away');
      return fetches;
    });
    await expect(Promise.all([kept.get(), kept.get()])).rejects.toThrow('away');
    expect(await kept.get()).toBe(2);
  });

  it('counts the age from when it was asked for, not from the answer', async () => {
    const clock = new FakeClock(0);
    let fetches = 0;
    const kept = new Kept(clock, 1_000, async () => {
      fetches++;
      await clock.advance(900);
      return fetches;
    });
    await kept.get();
    await clock.advance(100);
    expect(await kept.get()).toBe(2);
  });
});
