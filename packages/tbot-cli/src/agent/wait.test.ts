import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/api-types/testing';
import type { AgentDescription, AgentStatus } from '@teleport-ts/tbot-core/client';
import { expect, test } from 'vitest';
import { untilReady, type WaitingHost } from './wait.ts';

const SOCKET = '/run/tbot.sock';
const noSocket = new TeleportError('connection_problem', `there is no socket at ${SOCKET}`, {
  hint: 'start the agent',
});

/** An agent that is in the given state at each question, and stays in the last one. */
function agent(...states: readonly (string | TeleportError)[]): WaitingHost & { asked: number } {
  const host = {
    path: SOCKET,
    asked: 0,
    async status(): Promise<AgentStatus> {
      const state = states[Math.min(host.asked++, states.length - 1)]!;
      if (state instanceof TeleportError) throw state;
      return { bot: state === 'none' ? undefined : { state } } as unknown as AgentStatus;
    },
    describe: async () => ({}) as AgentDescription,
    close: async () => {},
  };
  return host;
}

/** Lets time run until it is over. */
async function outcome(host: WaitingHost, timeoutMs = 10_000): Promise<{ told: unknown; afterMs: number }> {
  const clock = new FakeClock();
  const started = clock.now();
  let over = false;
  const told = untilReady(host, timeoutMs, clock)
    .catch((error: unknown) => error)
    .finally(() => {
      over = true;
    });
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!over) await clock.advance(50);
  }
  return { told: await told, afterMs: clock.now() - started };
}

test('an agent that is ready is not waited for', async () => {
  const { told, afterMs } = await outcome(agent('running'));
  expect(told).toBe(`the agent at ${SOCKET} is ready\n`);
  expect(afterMs).toBe(0);
});

test('the socket, the identity, and the end of a lock are waited for', async () => {
  const host = agent(noSocket, noSocket, 'none', 'locked', 'expired', 'renewing');
  expect((await outcome(host)).told).toContain('is ready');
  expect(host.asked).toBe(6);
});

test('an agent that knows itself but cannot reach its cluster is not ready', async () => {
  const refusals = [noSocket, noSocket];
  const host = { ...agent('degraded') };
  host.describe = async () => {
    const refusal = refusals.pop();
    if (refusal) throw refusal;
    return {} as AgentDescription;
  };
  expect((await outcome(host)).told).toContain('is ready');
  expect(refusals).toEqual([]);
});

test.each([
  [noSocket, 'timeout', `there is no socket at ${SOCKET}`],
  ['none', 'timeout', 'its bot has no identity yet'],
  ['locked', 'locked', 'its bot is locked'],
  ['expired', 'expired', 'the identity of its bot has expired'],
])('too late says what was in the way: %s', async (state, code, why) => {
  const { told, afterMs } = await outcome(agent(state), 3000);
  expect(told).toMatchObject({ code });
  expect(String(told)).toContain(`the agent at ${SOCKET} was not ready within 3 s: ${why}`);
  expect(afterMs).toBeLessThanOrEqual(3000);
});

test('who is refused for a moment waits, who is refused for good is told', async () => {
  const refused = new TeleportError('access_denied', 'may not connect');
  expect((await outcome(agent(refused, 'running'))).told).toContain('is ready');
  const { told, afterMs } = await outcome(agent(refused), 60_000);
  expect(told).toBe(refused);
  expect(afterMs).toBeLessThan(4000);
});

test('what no agent mends is told at once', async () => {
  const wrong = new TeleportError('bad_parameter', `${SOCKET} is not a socket`);
  expect(await outcome(agent(wrong))).toEqual({ told: wrong, afterMs: 0 });
});
