import { type ErrorCode, TeleportError } from '@teleport-ts/api-types';
import type { Identity } from '@teleport-ts/tbot-core/client';
import { expect, test } from 'vitest';
import { issueCredential } from './issue.ts';

/** A clock that is only moved by who sleeps on it, and by calls that take their time. */
class TestClock {
  ms = 0;
  readonly now = (): number => this.ms;
  readonly sleep = async (ms: number): Promise<void> => {
    this.ms += ms;
  };
}

const identity = {} as Identity;
const request = { kind: 'application', name: 'foo' } as const;

/** A host that fails with these codes, one after the other, then issues. */
function failing(codes: readonly ErrorCode[], clock: TestClock, callMs = 10) {
  const timeouts: (number | undefined)[] = [];
  const host = {
    timeouts,
    generateIdentity: async (_: unknown, options?: { timeoutMs?: number }): Promise<Identity> => {
      timeouts.push(options?.timeoutMs);
      clock.ms += callMs;
      const code = codes[timeouts.length - 1];
      if (code) throw new TeleportError(code, `try ${timeouts.length}`);
      return identity;
    },
  };
  return host;
}

const outcome = (running: Promise<Identity>): Promise<unknown> => running.catch((error: Error) => error.message);

test('without --wait a failure is a failure', async () => {
  const clock = new TestClock();
  const host = failing(['not_found'], clock);
  expect(await outcome(issueCredential(host, { request, timeoutMs: 1000, wait: false }, { clock }))).toBe('try 1');
  expect(host.timeouts).toEqual([1000]);
});

test('with it what may be there soon is asked for again, ever less often, each try with the time that is left', async () => {
  const clock = new TestClock();
  const host = failing(['connection_problem', 'not_found', 'limit_exceeded', 'not_found'], clock);
  const told: string[] = [];
  const onWait = ({ message }: Error): void => void told.push(message);
  expect(await issueCredential(host, { request, timeoutMs: 10_000, wait: true }, { clock, onWait })).toBe(identity);
  expect(host.timeouts).toEqual([10_000, 9_890, 9_680, 9_270, 8_460]);
  expect(told).toEqual(['try 1']);
});

test('what no time mends ends it at once', async () => {
  for (const code of ['access_denied', 'bad_parameter', 'expired', 'locked', 'unknown'] as const) {
    const clock = new TestClock();
    const host = failing(['not_found', code], clock);
    expect(await outcome(issueCredential(host, { request, timeoutMs: 10_000, wait: true }, { clock }))).toBe('try 2');
  }
});

test('when the time is up the last reason is told, and no longer waited than asked', async () => {
  const clock = new TestClock();
  const host = failing(Array(100).fill('not_found'), clock);
  const message = await outcome(issueCredential(host, { request, timeoutMs: 10_000, wait: true }, { clock }));
  expect(message).toBe(`try ${host.timeouts.length}`);
  expect(clock.ms).toBe(10_000);
  const slow = failing(['not_found', 'timeout'], clock, 100);
  expect(await outcome(issueCredential(slow, { request, timeoutMs: 1000, wait: true }, { clock }))).toBe('try 1');
});
