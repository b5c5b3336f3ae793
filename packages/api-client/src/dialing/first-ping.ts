import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { PingDefinition, type ServerInfo, serverInfo } from '../calls/ping.ts';
import type { Connection } from './connection.ts';

const ping = toMethodDefinition(PingDefinition, 'ping');

/**
 * The first call on a connection. It does not say which version we are: a server that refuses it would cut the connection
 * without an answer, and this way it tells its own.
 *
 * @throws TeleportError, or the signal's reason
 */
export function firstPing(connection: Connection, signal: AbortSignal): Promise<ServerInfo> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => call.cancel();
    const call = connection.grpc.makeUnaryRequest(
      ping.path,
      ping.requestSerialize,
      ping.responseDeserialize,
      {},
      new Metadata(),
      (error: ServiceError | null, answer) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) reject(signal.reason);
        else if (error) reject(connection.error(error, ping.path));
        else resolve(serverInfo(answer!));
      },
    );
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
