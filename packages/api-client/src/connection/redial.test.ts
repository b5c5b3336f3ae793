import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { Redial } from './redial.ts';

const passing = new TeleportError('connection_problem', 'nobody listens', { retryable: true });
const lasting = new TeleportError('access_denied', 'not you', { retryable: false });
const closed = new TeleportError('canceled', 'closed');

/** A redial whose attempts end when and as the test says. */
class Attempts {
  readonly clock = new FakeClock(0);
  readonly waits: { attempt: number; delayMs: number }[] = [];
  dialed: string[] = [];
  begun = 0;
  random = 1 - Number.EPSILON;
  #end: ((outcome: string | Error) => void) | undefined;
  readonly redial = new Redial<string>({
    dial: (signal) =>
      new Promise((resolve, reject) => {
        this.begun += 1;
        this.#end = (outcome) => (typeof outcome === 'string' ? resolve(outcome) : reject(outcome));
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    onDialed: (dialed) => this.dialed.push(dialed),
    onWait: ({ attempt, delayMs }) => this.waits.push({ attempt, delayMs }),
    clock: this.clock,
    random: () => this.random,
  });

  async end(outcome: string | Error): Promise<void> {
    this.#end?.(outcome);
    await this.clock.advance(0);
  }
}

test('asked: one attempt, whose outcome is told', async () => {
  const it = new Attempts();
  const asked = it.redial.now();
  await it.clock.advance(0);
  await it.end('one');
  await asked;
  expect(it).toMatchObject({ dialed: ['one'], waits: [], begun: 1 });
  const again = it.redial.now();
  const refused = expect(again).rejects.toBe(lasting);
  await it.clock.advance(0);
  await it.end(lasting);
  await refused;
  expect(it.redial.running).toBe(false);
  expect(it.clock.timers).toBe(0);
});

test('lost: waits with full jitter under a doubling limit, for ever', async () => {
  const it = new Attempts();
  it.redial.lost(passing);
  for (let count = 0; count < 9; count += 1) {
    await it.clock.advance(30_000);
    await it.end(passing);
  }
  expect(it.waits.map(({ delayMs }) => delayMs)).toEqual([
    499, 999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999, 29_999,
  ]);
  expect(it.waits.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  it.random = 0;
  await it.clock.advance(30_000);
  await it.end('back');
  expect(it.dialed).toEqual(['back']);
  expect(it.clock.timers).toBe(0);
});

test('who asks while one is under way gets the next one, all of them the same', async () => {
  const it = new Attempts();
  const first = it.redial.now();
  await it.clock.advance(0);
  const later = Promise.all([it.redial.now(), it.redial.now()]);
  await it.end('old credential');
  await first;
  expect(it.begun).toBe(2);
  await it.end('new credential');
  await later;
  expect(it).toMatchObject({ dialed: ['old credential', 'new credential'], begun: 2 });
});

test('who asks cuts a wait short', async () => {
  const it = new Attempts();
  it.redial.lost(passing);
  await it.clock.advance(0);
  const asked = it.redial.now();
  await it.clock.advance(0);
  await it.end('now');
  await asked;
  expect(it).toMatchObject({ begun: 1, dialed: ['now'] });
  expect(it.clock.timers).toBe(0);
});

test('one that comes back by itself needs no attempt, unless one was asked for', async () => {
  const it = new Attempts();
  it.redial.lost(passing);
  await it.clock.advance(0);
  it.redial.recovered();
  await it.clock.advance(60_000);
  expect(it).toMatchObject({ begun: 0, dialed: [] });
  expect(it.redial.running).toBe(false);
  it.redial.lost(passing);
  await it.clock.advance(500);
  expect(it.begun).toBe(1);
});

test('a failure that no retry mends ends it until it is lost again', async () => {
  const it = new Attempts();
  it.redial.lost(passing);
  await it.clock.advance(500);
  await it.end(lasting);
  await it.clock.advance(600_000);
  expect(it.begun).toBe(1);
  it.redial.lost(passing);
  await it.clock.advance(500);
  expect(it.begun).toBe(2);
});

test('closing ends waits and attempts, and refuses who asks', async () => {
  const waiting = new Attempts();
  waiting.redial.lost(passing);
  await waiting.clock.advance(0);
  await waiting.redial.close(closed);
  expect(waiting.clock.timers).toBe(0);
  const dialing = new Attempts();
  const asked = [dialing.redial.now(), dialing.redial.now()];
  await dialing.clock.advance(0);
  const both = Promise.all(asked.map((one) => expect(one).rejects.toBe(closed)));
  await dialing.redial.close(closed);
  await both;
  await expect(dialing.redial.now()).rejects.toBe(closed);
  dialing.redial.lost(passing);
  await dialing.clock.advance(600_000);
  expect(dialing).toMatchObject({ begun: 1, dialed: [] });
  expect(dialing.clock.timers).toBe(0);
});
