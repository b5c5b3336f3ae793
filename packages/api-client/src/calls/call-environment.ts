import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import type { StatusHub } from '../status/status-hub.ts';
import { Breaker, type BreakerOptions, breakerNumbers } from './breaker.ts';
import { CallLimit } from './call-limit.ts';
import type { RetryOptions } from './call-options.ts';
import type { CallTargets, Cancelable } from './call-target.ts';
import type { MfaPrompt } from './mfa-prompt.ts';
import { type RetryPolicy, retryPolicy } from './retry.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

const CALL_MS = 60_000;

/** How all calls of a client are made: a part of what `connect` takes. */
export interface CallPolicy {
  /**
   * How calls that only read, and those marked `idempotent`, are tried again when the failure may pass; `false` for one try.
   * Default: 5 tries, waits of up to 100 ms at first and 5 seconds at most, and a budget that all calls share.
   */
  readonly retry?: (RetryOptions & { readonly budget?: RetryBudgetOptions }) | false;
  /** When calls are no longer sent because too many have failed; `false` for never. Default: Teleport's own numbers. */
  readonly breaker?: BreakerOptions | false;
  /** Asked for a second factor when the cluster wants one. Default: the call fails with `mfa_required`. */
  readonly mfa?: MfaPrompt;
  readonly timeouts?: { readonly callMs?: number };
  /** For waits between tries, from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** What all calls of a client share. */
export interface CallEnvironment {
  readonly targets: CallTargets;
  readonly clock: Clock;
  readonly random: () => number;
  /** The limit of calls that name none. */
  readonly limit: CallLimit;
  readonly retry: RetryPolicy | undefined;
  readonly budget: RetryBudget;
  readonly breakers: { readonly unary?: Breaker; readonly streams?: Breaker };
  readonly mfa: MfaPrompt | undefined;
  /** What waits for its next try; closing the client ends the waits. */
  readonly waits: Set<Cancelable>;
}

/** @throws TeleportError `bad_parameter` naming what makes no sense; before anything is dialed */
export function checkCallPolicy({ retry, breaker }: CallPolicy): void {
  retryPolicy(retry || undefined);
  breakerNumbers(breaker || {});
}

/** Puts together what all calls of a client share. */
export function callEnvironment(
  policy: CallPolicy,
  { targets, clock, status }: { targets: CallTargets; clock: Clock; status: StatusHub },
): CallEnvironment {
  const { retry, breaker, mfa, timeouts, random = Math.random } = policy;
  const breakerFor = (endpoint: 'unary' | 'streams'): Breaker =>
    new Breaker({
      clock,
      random,
      options: breaker || {},
      onChange: (state, until) => status.emit({ type: 'breaker', endpoint, state, ...(until && { until }) }),
    });
  return {
    targets,
    clock,
    random,
    limit: new CallLimit(timeouts?.callMs ?? CALL_MS, clock),
    retry: retry === false ? undefined : retryPolicy(retry),
    budget: new RetryBudget(clock, retry ? retry.budget : undefined),
    breakers: breaker === false ? {} : { unary: breakerFor('unary'), streams: breakerFor('streams') },
    mfa,
    waits: new Set(),
  };
}

/** Tells the breaker how a call has failed in the end. */
export function leaveBreaker(
  breaker: Breaker | undefined,
  generation: number,
  error: unknown,
  signal: AbortSignal | undefined,
): void {
  if (!breaker) return;
  if (signal?.aborted || !isTeleportError(error) || isOwnMatter(error)) breaker.abandoned(generation);
  else if (isBreakage(error)) breaker.failed(generation, error);
  else breaker.passed(generation);
}

/** The client is closed, its credential has ended, or a person has not answered: nothing that the cluster did. */
function isOwnMatter({ code, cause }: TeleportError): boolean {
  return code === 'expired' || (code === 'canceled' && cause === undefined) || isTeleportError(cause, 'mfa_required');
}

/** Whether a failure says that the cluster, or the way to it, does not work: what Teleport's own clients count. */
function isBreakage({ cause }: TeleportError): boolean {
  const status = (cause as { code?: unknown } | undefined)?.code;
  // Canceled by the server, Unknown, DeadlineExceeded, Unavailable.
  if (typeof status === 'number') return status === 1 || status === 2 || status === 4 || status === 14;
  // No status came: the connection failed, for whatever reason, or time ran out.
  return true;
}
