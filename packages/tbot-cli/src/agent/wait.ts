import { type Clock, isTeleportError, systemClock, TeleportError } from '@teleport-ts/api-types';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { socketOf } from '../generate/plan.ts';

export interface WaitOptions {
  /** Default `TBOT_SOCKET`. */
  readonly socket?: string;
  readonly timeoutMs: number;
}

/** What is asked of an agent until it is ready. */
export type WaitingHost = Pick<SocketHost, 'path' | 'status' | 'describe' | 'close'>;

/** First and longest time between two questions, in milliseconds. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
/** Longest wait for one answer, in milliseconds: an agent that starts may accept a connection and not answer yet. */
const ANSWER_MS = 5_000;
/** A socket is made closed and opened a moment later: who is kept out for longer is kept out. */
const REFUSALS_MS = 2_000;

/**
 * Waits until an agent can issue: its socket is there, its bot has an identity that is neither locked nor expired, and the
 * cluster has answered it.
 *
 * @throws TeleportError `timeout` with the last obstacle; `locked` or `expired` when that was it; `access_denied` when this
 * user may not ask
 */
export async function waitForAgent(
  options: WaitOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const host = new SocketHost({ socket: socketOf(options, environment), userAgent: 'tbot' });
  try {
    return await untilReady(host, options.timeoutMs, systemClock);
  } finally {
    await host.close();
  }
}

/** See {@link waitForAgent}. @returns what to print */
export async function untilReady(host: WaitingHost, timeoutMs: number, clock: Clock): Promise<string> {
  const started = clock.now();
  let pauseMs = FIRST_PAUSE_MS;
  let refusedSince: number | undefined;
  for (;;) {
    const leftMs = Math.max(1, timeoutMs - (clock.now() - started));
    const obstacle = await obstacleOf(host, Math.min(leftMs, ANSWER_MS));
    if (!obstacle) return `the agent at ${host.path} is ready\n`;
    if (!isTeleportError(obstacle, 'access_denied')) refusedSince = undefined;
    else refusedSince ??= clock.now();
    if (isHopeless(obstacle) || (refusedSince !== undefined && clock.now() - refusedSince >= REFUSALS_MS))
      throw obstacle;
    if (clock.now() - started + pauseMs >= timeoutMs) throw late(host.path, timeoutMs, obstacle);
    await pause(clock, pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** Why the agent is not ready; undefined when it is. */
async function obstacleOf(host: WaitingHost, timeoutMs: number): Promise<TeleportError | undefined> {
  try {
    const { bot } = await host.status({ timeoutMs });
    if (!bot) return new TeleportError('connection_problem', 'its bot has no identity yet');
    if (bot.state === 'locked') return new TeleportError('locked', 'its bot is locked');
    if (bot.state === 'expired') return new TeleportError('expired', 'the identity of its bot has expired');
    await host.describe({ timeoutMs });
    return undefined;
  } catch (error) {
    if (isTeleportError(error)) return error;
    throw error;
  }
}

/** No agent that starts mends this. */
function isHopeless(error: TeleportError): boolean {
  return isTeleportError(error, 'bad_parameter') || isTeleportError(error, 'not_implemented');
}

function late(path: string, timeoutMs: number, last: TeleportError): TeleportError {
  const code = last.code === 'locked' || last.code === 'expired' ? last.code : 'timeout';
  const message = `the agent at ${path} was not ready within ${timeoutMs / 1000} s: ${last.message}`;
  return new TeleportError(code, message, { cause: last, ...(last.hint !== undefined && { hint: last.hint }) });
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve, { keepAlive: true });
  });
}
