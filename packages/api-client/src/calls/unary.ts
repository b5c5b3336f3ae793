import type { ClientUnaryCall, Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@teleport-ts/api-types';
import { type Connection, closedError } from '../dialing/connection.ts';
import type { CallOptions } from './call-options.ts';

const noOptions: CallOptions = {};

/** One request, one answer. Kept thin: this is all that stands between a caller and grpc-js. */
export function unaryCall<Request, Response>(
  connection: Connection,
  method: MethodDefinition<Request, Response>,
  request: Request,
  defaultTimeoutMs: number,
  options: CallOptions = noOptions,
): Promise<Response> {
  const { signal } = options;
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
      callLimit(options.timeoutMs ?? defaultTimeoutMs),
      (error, response) => {
        connection.finished(call);
        signal?.removeEventListener('abort', onAbort);
        if (error === null) resolve(response as Response);
        else reject(signal?.aborted ? signal.reason : connection.error(error, method.path));
      },
    );
    connection.calls.add(call);
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

/** The deadline of a call; 0 is none. */
export function callLimit(timeoutMs: number): { deadline?: number } {
  return timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY ? { deadline: Date.now() + timeoutMs } : {};
}
