import { type ClientUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import { type MethodDefinition, TeleportError } from '@teleport-ts/api-types';
import { type Connection, closedError } from '../dialing/connection.ts';
import type { CallLimit } from './call-limit.ts';
import type { CallOptions } from './call-options.ts';

const noOptions: CallOptions = {};

/** One request, one answer. Kept thin: this is all that stands between a caller and grpc-js. */
export function unaryCall<Request, Response>(
  connection: Connection,
  method: MethodDefinition<Request, Response>,
  request: Request,
  limit: CallLimit,
  options: CallOptions = noOptions,
): Promise<Response> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (connection.closed) return Promise.reject(closedError(method.path));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => call.cancel();
    const call: ClientUnaryCall = connection.grpc.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      callMetadata(connection, options),
      callDeadline(timeoutMs),
      (error, response) => {
        connection.finished(call);
        const isLate = limit.stop(call);
        signal?.removeEventListener('abort', onAbort);
        if (error === null) resolve(response as Response);
        else if (signal?.aborted) reject(signal.reason);
        else if (isLate || (timeoutMs && error.code === status.DEADLINE_EXCEEDED)) {
          reject(lateError(method.path, timeoutMs ?? limit.limitMs));
        } else reject(connection.error(error, method.path));
      },
    );
    connection.calls.add(call);
    if (timeoutMs === undefined) limit.start(call);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The headers of a call; shared where it has none of its own, since grpc-js copies them. */
export function callMetadata(connection: Connection, { metadata }: CallOptions): Metadata {
  if (!metadata) return connection.metadata;
  const own = connection.metadata.clone();
  for (const [key, value] of Object.entries(metadata)) own.set(key, value);
  return own;
}

/** The deadline of a call that names a limit; 0 is none. */
export function callDeadline(timeoutMs: number | undefined): { deadline?: number } {
  if (timeoutMs === undefined || !(timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY)) return {};
  return { deadline: Date.now() + timeoutMs };
}

/** The error of a call that took too long. */
export function lateError(rpc: string, timeoutMs: number): TeleportError {
  return new TeleportError('timeout', `no answer within ${timeoutMs} ms`, { rpc, retryable: true });
}
