import { type ServiceError, status } from '@grpc/grpc-js';
import type { MethodDefinition } from '@teleport-ts/api-types';
import type { LiveConnection } from '../connection/live-connection.ts';
import { closedError } from '../dialing/connection.ts';
import type { CallOptions } from './call-options.ts';
import { callDeadline, callMetadata, lateError } from './unary.ts';

/**
 * One request, many answers. The call starts when the first answer is asked for; the server is asked for more only as the
 * reader takes them. Leaving the loop ends the call.
 */
export async function* serverStreamCall<Request, Response>(
  live: LiveConnection,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: CallOptions = {},
): AsyncGenerator<Response, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const connection = live.current;
  if (connection.closed) throw closedError(method.path);
  const call = connection.grpc.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    callMetadata(connection, options),
    callDeadline(options.timeoutMs),
  );
  const onAbort = (): void => call.cancel();
  // The status of a call that was left early comes when nobody reads any more.
  call.on('error', () => {});
  connection.calls.add(call);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const answer of call) yield answer as Response;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (!isStatus(error)) throw error;
    const { timeoutMs } = options;
    if (timeoutMs && error.code === status.DEADLINE_EXCEEDED) throw lateError(method.path, timeoutMs);
    throw connection.error(error, method.path);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    connection.finished(call);
    call.cancel();
  }
}

function isStatus(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number';
}
