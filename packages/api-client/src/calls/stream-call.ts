import type { MethodDefinition } from '@teleport-ts/api-types';
import { traceCall } from '../status/call-trace.ts';
import { type CallEnvironment, leaveBreaker } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { retryPolicy } from './retry.ts';
import { serverStreamCall } from './server-stream.ts';
import { Tries } from './tries.ts';

/**
 * One request, many answers, with the circuit breaker around the opening of the stream. It is tried again only as long as
 * nothing has come of it: what the reader has had cannot be taken back.
 */
export async function* callServerStream<Request, Response>(
  environment: CallEnvironment,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: CallOptions = {},
): AsyncGenerator<Response, void, undefined> {
  options.signal?.throwIfAborted();
  if (options.retry) retryPolicy(options.retry);
  const { targets, clock, budget, breakers } = environment;
  const breaker = breakers.streams;
  const entered = breaker?.enter(method.path) ?? 0;
  const trace = traceCall(method.path);
  const startedAt = clock.now();
  budget.earn();
  let tries: Tries | undefined;
  let isOpen = false;
  const opened = (): void => {
    if (isOpen) return;
    isOpen = true;
    breaker?.passed(entered);
  };
  try {
    for (;;) {
      try {
        const stream = serverStreamCall(targets, method, request, tries?.remaining() ?? options, opened);
        try {
          for await (const answer of stream.answers) {
            opened();
            yield answer;
          }
        } catch (error) {
          throw stream.failure(error);
        } finally {
          stream.end();
        }
        opened();
        trace?.end();
        return;
      } catch (error) {
        trace?.failed(error);
        if (isOpen) throw error;
        tries ??= new Tries(environment, method.path, options, startedAt, options.timeoutMs ?? 0);
        if (!(await tries.another(error, breaker))) throw tries.verdict(error);
        trace?.again(tries.tried);
      }
    }
  } catch (error) {
    if (!isOpen) leaveBreaker(breaker, entered, error, options.signal);
    isOpen = true;
    throw error;
  } finally {
    // Left by the reader.
    if (!isOpen) breaker?.abandoned(entered);
    trace?.left();
  }
}
