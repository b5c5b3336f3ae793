import { type ClientUnaryCall, type Metadata, type requestCallback, status } from '@grpc/grpc-js';
import { type MethodDefinition, TeleportError } from '@teleport-ts/api-types';
import { closedError } from '../dialing/connection.ts';
import type { CallLimit } from './call-limit.ts';
import type { CallOptions } from './call-options.ts';
import type { CallTarget } from './call-target.ts';
import { lateError } from './late-error.ts';
import { readableStatus } from './readable-status.ts';

const noOptions: CallOptions = {};

/** One request, one answer, one try. Kept thin: all that stands between a caller and grpc-js when nothing goes wrong. */
export function unaryCall<Request, Response>(
  target: CallTarget,
  method: MethodDefinition<Request, Response>,
  request: Request,
  limit: CallLimit,
  options: CallOptions = noOptions,
): Promise<Response> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (target.closed) return Promise.reject(closedError(method.path));
  if (target.refusal) return Promise.reject(refusedCall(target.refusal, method.path));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => call.cancel();
    const onAnswer: requestCallback<Response> = (error, response) => {
      target.finished(call);
      const isLate = limit.stop(call);
      signal?.removeEventListener('abort', onAbort);
      if (error === null) resolve(response as Response);
      else if (signal?.aborted) reject(signal.reason);
      else if (isLate) reject(lateError(method.path, limit.limitMs, target.lastFailure));
      else if (timeoutMs && error.code === status.DEADLINE_EXCEEDED) {
        reject(lateError(method.path, timeoutMs, target.lastFailure));
      } else reject(target.error(readableStatus(error), method.path));
    };
    const { path, requestSerialize, responseDeserialize } = method;
    const metadata = callMetadata(target, options);
    const call: ClientUnaryCall = withoutStack(() =>
      target.grpc.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        callDeadline(timeoutMs),
        onAnswer,
      ),
    );
    target.calls.add(call);
    if (timeoutMs === undefined) limit.start(call);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** grpc-js takes the stack of every call, through all that was awaited, for errors that nobody gets to see. */
function withoutStack<T>(run: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The error of a call that is not sent. */
export function refusedCall(cause: TeleportError, rpc: string): TeleportError {
  const { code, message, hint, retryable } = cause;
  return new TeleportError(code, message, { rpc, cause, retryable, ...(hint !== undefined && { hint }) });
}

/** The headers of a call; shared where it has none of its own, since grpc-js copies them. */
export function callMetadata(target: CallTarget, { metadata }: CallOptions): Metadata {
  if (!metadata) return target.metadata;
  const own = target.metadata.clone();
  for (const [key, value] of Object.entries(metadata)) own.set(key, value);
  return own;
}

/** The deadline of a call that names a limit; 0 is none. */
export function callDeadline(timeoutMs: number | undefined): { deadline?: number } {
  if (timeoutMs === undefined || !(timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY)) return {};
  return { deadline: Date.now() + timeoutMs };
}
