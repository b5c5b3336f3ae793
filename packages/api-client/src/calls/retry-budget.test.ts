import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

const spent = (budget: RetryBudget): number => {
  let count = 0;
  while (budget.spend()) count += 1;
  return count;
};

test('holds so many tries, and more come by the call and by the second', async () => {
  const clock = new FakeClock();
  const budget = new RetryBudget(clock, { burst: 20 });
  expect(spent(budget)).toBe(20);
  for (let call = 0; call < 100; call += 1) budget.earn();
  expect(spent(budget)).toBe(10);
  await clock.advance(5_000);
  expect(spent(budget)).toBe(5);
  await clock.advance(3_600_000);
  for (let call = 0; call < 1_000; call += 1) budget.earn();
  expect(spent(budget)).toBe(20);
});

test('a clock that is set back brings nothing and breaks nothing', () => {
  let now = 1_000_000;
  const budget = new RetryBudget({ now: () => now, setTimer: () => ({ cancel: () => {} }) }, { burst: 2 });
  expect(spent(budget)).toBe(2);
  now = 0;
  expect(spent(budget)).toBe(0);
  now = 1_000;
  expect(spent(budget)).toBe(1);
});
