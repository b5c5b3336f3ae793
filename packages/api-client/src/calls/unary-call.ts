import { isTeleportError, type MethodDefinition, type TeleportError } from '@teleport-ts/api-types';
import { type CallTrace, traceCall } from '../status/call-trace.ts';
import { type CallEnvironment, leaveBreaker } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { callOverHttp, fallbackFor } from './http-fallback.ts';
import { retryPolicy } from './retry.ts';
import { Tries } from './tries.ts';
import { unaryCall } from './unary.ts';

const noOptions: CallOptions = {};

/**
 * One request, one answer, with all that a client does about failures: the circuit breaker around the tries, a second
 * factor, the fallback to an older endpoint. A call that succeeds at once passes through none of it but the breaker.
 */
export async function callUnary<Request, Response>(
  environment: CallEnvironment,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: CallOptions = noOptions,
): Promise<Response> {
  options.signal?.throwIfAborted();
  if (options.retry) retryPolicy(options.retry);
  const { targets, limit, clock, budget, breakers } = environment;
  const breaker = breakers.unary;
  const entered = breaker?.enter(method.path) ?? 0;
  const startedAt = clock.now();
  const trace = traceCall(method.path);
  budget.earn();
  try {
    const answer = await unaryCall(targets.current, method, request, limit, options);
    trace?.end();
    breaker?.passed(entered);
    return answer;
  } catch (error) {
    trace?.failed(error);
    const call = { environment, method, request, options, startedAt, trace };
    try {
      const answer = await afterFailure(call, error);
      breaker?.passed(entered);
      return answer;
    } catch (last) {
      leaveBreaker(breaker, entered, last, options.signal);
      throw last;
    }
  }
}

interface FailedCall<Request, Response> {
  readonly environment: CallEnvironment;
  readonly method: MethodDefinition<Request, Response>;
  readonly request: Request;
  readonly options: CallOptions;
  readonly startedAt: number;
  readonly trace: CallTrace | undefined;
}

async function afterFailure<Request, Response>(
  { environment, method, request, options, startedAt, trace }: FailedCall<Request, Response>,
  first: unknown,
): Promise<Response> {
  const { targets, limit, mfa, breakers } = environment;
  const tries = new Tries(environment, method.path, options, startedAt, options.timeoutMs ?? limit.limitMs);
  let error = first;
  let headers: CallOptions['metadata'];
  for (;;) {
    if (isTeleportError(error, 'not_implemented')) {
      const fallback = fallbackFor(method.path);
      if (fallback) return (await callOverHttp(fallback, environment, error, tries.remaining())) as Response;
    }
    if (mfa && !headers && isTeleportError(error, 'mfa_required')) {
      const { mfaHeaders } = await import('./mfa-ceremony.ts');
      headers = await mfaHeaders(environment, mfa, error as TeleportError, promptOptions(tries, options));
      tries.tried += 1;
    } else if (!(await tries.another(error, breakers.unary))) throw tries.verdict(error);
    trace?.again(tries.tried);
    try {
      const answer = await unaryCall(targets.current, method, request, limit, {
        ...(headers && options.timeoutMs === undefined ? options : tries.remaining()),
        ...(headers && { metadata: headers }),
      });
      trace?.end();
      return answer;
    } catch (cause) {
      trace?.failed(cause);
      error = cause;
    }
  }
}

/** A person takes longer than a server: only a limit that the caller named holds for both. */
function promptOptions(tries: Tries, options: CallOptions): CallOptions {
  return options.timeoutMs === undefined ? options : tries.remaining();
}
