import { expect, test } from 'vitest';
import { openedLater } from './opened-later.ts';

/** Gives numbers; `left` tells whether who read them has gone. */
async function* numbers(events: string[]): AsyncGenerator<number> {
  try {
    for (let next = 1; ; next++) yield next;
  } finally {
    events.push('left');
  }
}

function source(events: string[]): AsyncIterable<number> {
  return openedLater(async () => {
    events.push('opened');
    return numbers(events);
  });
}

test('each loop opens a source of its own, and leaving it leaves that', async () => {
  const events: string[] = [];
  const iterable = source(events);
  expect(events).toEqual([]);
  for (const last of [1, 2]) {
    for await (const number of iterable) if (number === last) break;
  }
  expect(events).toEqual(['opened', 'left', 'opened', 'left']);
});

test('who leaves before the first step has opened nothing', async () => {
  const events: string[] = [];
  const iterator = source(events)[Symbol.asyncIterator]();
  expect(await iterator.return!()).toEqual({ done: true, value: undefined });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(events).toEqual([]);
});

test('a source that cannot be opened is an error of the first step, and can be left', async () => {
  const iterator = openedLater(async (): Promise<AsyncIterable<number>> => {
    throw new Error('closed');
  })[Symbol.asyncIterator]();
  await expect(iterator.next()).rejects.toThrow('closed');
  expect(await iterator.return!()).toEqual({ done: true, value: undefined });
});
