import { status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@teleport-ts/api-types';
import { closedError } from '../dialing/connection.ts';
import type { CallOptions } from './call-options.ts';
import type { CallTargets } from './call-target.ts';
import { lateError } from './late-error.ts';
import { readableStatus } from './readable-status.ts';
import { callDeadline, callMetadata, refusedCall } from './unary.ts';

/**
 * One request, many answers, one try. The call starts when the first answer is asked for; the server is asked for more only
 * as the reader takes them. Leaving the loop ends the call.
 *
 * @param opened called when the server has accepted the call, before its first answer
 */
export async function* serverStreamCall<Request, Response>(
  targets: CallTargets,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: CallOptions = {},
  opened: () => void = () => {},
): AsyncGenerator<Response, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const target = targets.current;
  if (target.closed) throw closedError(method.path);
  if (target.refusal) throw refusedCall(target.refusal, method.path);
  const call = target.grpc.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    callMetadata(target, options),
    callDeadline(options.timeoutMs),
  );
  const onAbort = (): void => call.cancel();
  // The status of a call that was left early comes when nobody reads any more.
  call.on('error', () => {});
  call.once('metadata', opened);
  target.calls.add(call);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const answer of call) yield answer as Response;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const { timeoutMs } = options;
    const ended = readableStatus(error as Error);
    if (timeoutMs && ended.code === status.DEADLINE_EXCEEDED) {
      throw lateError(method.path, timeoutMs, target.lastFailure);
    }
    throw target.error(ended, method.path);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    target.finished(call);
    call.cancel();
  }
}
