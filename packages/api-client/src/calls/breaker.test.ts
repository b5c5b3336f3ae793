import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { Breaker, type BreakerOptions } from './breaker.ts';

const gone = new TeleportError('connection_problem', 'nobody listens at 127.0.0.1:1');

function start(options?: BreakerOptions) {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  const changes: string[] = [];
  const breaker = new Breaker({
    clock,
    random: () => 0,
    ...(options && { options }),
    onChange: (state, until) => changes.push(until ? `${state} ${until.toISOString()}` : state),
  });
  return {
    clock,
    changes,
    breaker,
    pass: (times = 1) => {
      for (let time = 0; time < times; time += 1) breaker.passed(breaker.enter('/x/Y'));
    },
    fail: (times = 1) => {
      for (let time = 0; time < times; time += 1) breaker.failed(breaker.enter('/x/Y'), gone);
    },
  };
}

describe('standby', () => {
  test('nine failures go, the tenth trips', () => {
    const { breaker, changes, fail } = start();
    fail(9);
    expect(changes).toEqual([]);
    fail();
    expect(changes).toEqual(['tripped 2026-01-01T00:01:00.000Z']);
    expect(breaker.isTripped).toBe(true);
  });

  test('nine failures of ten trip, eight do not', () => {
    const eight = start();
    eight.pass(2);
    eight.fail(8);
    expect(eight.changes).toEqual([]);
    const nine = start();
    nine.pass(1);
    nine.fail(9);
    expect(nine.changes).toHaveLength(1);
  });

  test('failures count together for a minute', async () => {
    const { clock, changes, fail } = start();
    fail(9);
    await clock.advance(60_000);
    fail(9);
    expect(changes).toEqual([]);
  });

  test('what the caller gave up neither counts as a failure nor as a call', () => {
    const { breaker, changes, fail } = start();
    for (let time = 0; time < 100; time += 1) breaker.abandoned(breaker.enter('/x/Y'));
    expect(changes).toEqual([]);
    fail(10);
    expect(changes).toHaveLength(1);
  });

  test('what began before a change does not count after it', async () => {
    const { breaker, clock, changes, fail } = start();
    const early = [breaker.enter('/x/Y')];
    fail(9);
    expect(changes).toHaveLength(1);
    await clock.advance(60_000);
    for (const generation of early) breaker.passed(generation);
    breaker.passed(breaker.enter('/x/Y'));
    expect(changes.at(-1)).toBe('recovering');
  });
});

describe('tripped', () => {
  test('refuses calls, and says until when and why', async () => {
    const { breaker, clock, fail } = start();
    fail(10);
    await clock.advance(1_500);
    expect(() => breaker.enter('/proto.AuthService/Ping')).toThrow(
      expect.objectContaining({
        code: 'connection_problem',
        rpc: '/proto.AuthService/Ping',
        retryable: true,
        cause: gone,
        message:
          'too many calls have failed: none is sent until 2026-01-01T00:01:00.000Z (59 s); the last failure: nobody listens at 127.0.0.1:1',
      }),
    );
  });

  test('lasts up to a seventh less, so that clients do not come back together', async () => {
    const clock = new FakeClock(0);
    const breaker = new Breaker({ clock, random: () => 1 });
    for (let time = 0; time < 10; time += 1) breaker.failed(breaker.enter('/x/Y'), gone);
    await clock.advance(51_428);
    expect(breaker.isTripped).toBe(true);
    await clock.advance(1);
    expect(breaker.isTripped).toBe(false);
  });

  test('does not last for ever when the clock is set back', () => {
    let now = 1_000_000_000;
    const clock = { now: () => now, setTimer: () => ({ cancel: () => {} }) };
    const breaker = new Breaker({ clock, random: () => 0 });
    for (let time = 0; time < 10; time += 1) breaker.failed(breaker.enter('/x/Y'), gone);
    now = 0;
    expect(breaker.isTripped).toBe(false);
  });
});

describe('recovering', () => {
  const recovering = async () => {
    const it = start();
    it.fail(10);
    await it.clock.advance(60_000);
    it.changes.length = 0;
    return it;
  };

  test('three successes in a row end it', async () => {
    const { changes, pass, fail } = await recovering();
    pass(2);
    expect(changes).toEqual(['recovering']);
    pass();
    expect(changes).toEqual(['recovering', 'standby']);
    fail(9);
    expect(changes).toHaveLength(2);
  });

  test('45 % of at least three calls trip it again', async () => {
    const { changes, pass, fail } = await recovering();
    fail(1);
    pass(1);
    expect(changes).toEqual(['recovering']);
    fail(1);
    expect(changes).toEqual(['recovering', 'tripped 2026-01-01T00:02:00.000Z']);
  });
});

test('other numbers hold as well', async () => {
  const { clock, changes, pass, fail } = start({ minCalls: 3, failureShare: 0.5, trippedMs: 1_000, recoveryCalls: 1 });
  pass(1);
  fail(2);
  await clock.advance(1_000);
  pass(1);
  expect(changes).toEqual(['tripped 2026-01-01T00:00:01.000Z', 'recovering', 'standby']);
});
