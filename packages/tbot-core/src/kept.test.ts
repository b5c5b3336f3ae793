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

  it('gives what it has at once, however old, and fetches the next beside it', async () => {
    const clock = new FakeClock(0);
    let fetches = 0;
    const kept = new Kept(clock, 1_000, async () => ++fetches);
    expect(await kept.soon()).toBe(1);
    await clock.advance(5_000);
    expect(await kept.soon()).toBe(1);
    await clock.advance(0);
    expect([await kept.soon(), fetches]).toEqual([2, 2]);
  });

  it('forgets, also what is on its way', async () => {
    const answers: ((value: string) => void)[] = [];
    const kept = new Kept(new FakeClock(0), 1_000, () => new Promise<string>((resolve) => answers.push(resolve)));
    const early = kept.get();
    kept.forget();
    const late = kept.get();
    answers[0]!('old');
    expect(await early).toBe('old');
    const joined = kept.get();
    answers[1]!('new');
    expect(await Promise.all([late, joined, kept.get()])).toEqual(['new', 'new', 'new']);
    expect(answers).toHaveLength(2);
  });

  it('asks how long a value may be kept that was asked for then', async () => {
    const clock = new FakeClock(0);
    let fetches = 0;
    let watchedSinceMs = Number.POSITIVE_INFINITY;
    const kept = new Kept(
      clock,
      (fetchedAtMs) => (fetchedAtMs >= watchedSinceMs ? 60_000 : 1_000),
      async () => ++fetches,
    );
    await kept.get();
    watchedSinceMs = 500;
    await clock.advance(1_000);
    expect(await kept.get()).toBe(2);
    await clock.advance(59_000);
    expect(await kept.get()).toBe(2);
  });
});
