import { status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@teleport-ts/api-types';
import { closedError } from '../dialing/connection.ts';
import type { CallOptions } from './call-options.ts';
import type { CallTargets } from './call-target.ts';
import { lateError } from './late-error.ts';
import { readableStatus } from './readable-status.ts';
import { callDeadline, callMetadata, refusedCall } from './unary.ts';

/** A call with many answers on its way. */
interface ServerStream<Response> {
  /** Asks the server for more only as the reader takes them. */
  readonly answers: AsyncIterable<Response>;
  /** What the failure of reading them means. */
  failure(error: unknown): unknown;
  /** To be called when nobody reads any more, whatever the reason; ends the call. */
  end(): void;
}

/**
 * One request, many answers, one try. Not a generator: each that stands between a reader and grpc-js takes three turns of
 * the microtask queue for every answer.
 *
 * @param opened called when the server has accepted the call, before its first answer
 */
export function serverStreamCall<Request, Response>(
  targets: CallTargets,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: CallOptions,
  opened: () => void,
): ServerStream<Response> {
  const { signal, timeoutMs } = options;
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
    callDeadline(timeoutMs),
  );
  const onAbort = (): void => call.cancel();
  // The status of a call that was left early comes when nobody reads any more.
  call.on('error', () => {});
  call.once('metadata', opened);
  if (options.keepAlive === false && target.inBackground) target.inBackground(call);
  else target.calls.add(call);
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    answers: call,
    failure(error) {
      if (signal?.aborted) return signal.reason;
      const ended = readableStatus(error as Error);
      if (timeoutMs && ended.code === status.DEADLINE_EXCEEDED) {
        return lateError(method.path, timeoutMs, target.lastFailure);
      }
      return target.error(ended, method.path);
    },
    end() {
      signal?.removeEventListener('abort', onAbort);
      target.finished(call);
      call.cancel();
    },
  };
}
