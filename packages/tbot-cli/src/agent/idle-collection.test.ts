import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collector, collectWhenIdle, LOOK_MS, type ProcessUsage } from './idle-collection.ts';

const MIB = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A process whose usage the test sets. */
function watched(): { usage: { cpuMs: number; heapMib: number }; collected: () => number; [Symbol.dispose](): void } {
  const usage = { cpuMs: 500, heapMib: 30 };
  let collected = 0;
  const collection = collectWhenIdle({
    usage: (): ProcessUsage => ({ cpuMs: usage.cpuMs, heapBytes: usage.heapMib * MIB }),
    collect: () => {
      collected++;
      usage.heapMib = 40;
    },
  });
  return { usage, collected: () => collected, [Symbol.dispose]: () => collection[Symbol.dispose]() };
}

test('collects once after a burst, when it is over', () => {
  using process = watched();
  process.usage.heapMib = 200;
  process.usage.cpuMs += LOOK_MS;
  vi.advanceTimersByTime(LOOK_MS);
  expect(process.collected()).toBe(0);
  vi.advanceTimersByTime(LOOK_MS);
  expect(process.collected()).toBe(1);
  vi.advanceTimersByTime(10 * LOOK_MS);
  expect(process.collected()).toBe(1);
});

test('leaves a heap alone that has not grown by much, also one that stays large after a collection', () => {
  using process = watched();
  process.usage.heapMib = 60;
  vi.advanceTimersByTime(2 * LOOK_MS);
  expect(process.collected()).toBe(0);
  process.usage.heapMib = 90;
  vi.advanceTimersByTime(LOOK_MS);
  expect(process.collected()).toBe(1);
  process.usage.heapMib = 70;
  vi.advanceTimersByTime(5 * LOOK_MS);
  expect(process.collected()).toBe(1);
});

test('stops when it is disposed of', () => {
  const process = watched();
  process[Symbol.dispose]();
  process.usage.heapMib = 500;
  vi.advanceTimersByTime(5 * LOOK_MS);
  expect(process.collected()).toBe(0);
});

test("V8's own collection frees what nobody holds, and is no global afterwards", async () => {
  vi.useRealTimers();
  const collect = collector();
  const nobody = new WeakRef({});
  const held = {};
  const somebody = new WeakRef(held);
  // What a weak reference has shown lives until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(nobody.deref()).toBeUndefined();
  expect(somebody.deref()).toBe(held);
  expect('gc' in globalThis).toBe(false);
});
