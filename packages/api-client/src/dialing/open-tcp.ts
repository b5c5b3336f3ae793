import { connect, isIP, type Socket } from 'node:net';
import type { DialStage } from './dial-attempt.ts';

/**
 * A TCP connection. The signal ends it only while it is being made.
 *
 * @param host name or IP address
 * @throws what the socket failed of, or the signal's reason
 */
export function openTcp(
  host: string,
  port: number,
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    reached(isIP(host) ? 'tcp' : 'dns');
    const socket = connect({ host, port, noDelay: true });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail).off('connect', onConnect);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    socket.once('lookup', (error) => reached(error ? 'dns' : 'tcp'));
    socket.once('error', fail).once('connect', onConnect);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
