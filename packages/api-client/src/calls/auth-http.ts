import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TeleportError } from '@teleport-ts/api-types';
import { DialError } from '../dialing/dial-failure.ts';
import { handshake } from '../dialing/handshake.ts';
import type { Route } from '../dialing/route.ts';
import { AUTH_SERVER_NAME } from '../dialing/target.ts';

const HANDSHAKE_MS = 10_000;
const MAX_BYTES = 1024 * 1024;

/** What the HTTP API of an auth service answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Asks the HTTP API of old, which shares its port and its TLS with gRPC; the protocol that TLS chooses tells them apart.
 * A connection of its own each time: it is asked once in the life of a client.
 *
 * @param signal must be aborted in the end, lest a silent server is waited for
 */
export async function authHttpGet(route: Route, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  const { set, ca } = await route.credential(signal);
  const { host, port, address } = route;
  const open = async (): Promise<TLSSocket> => {
    const raw = route.open ? await route.open(signal, () => {}) : connect({ host, port });
    const alpn = [...route.alpn.slice(0, -1), 'http/1.1'];
    return handshake(raw, { address, used: set, ca, alpn, timeoutMs: route.handshakeMs ?? HANDSHAKE_MS, signal });
  };
  const socket = await open().catch((error) => {
    throw error instanceof DialError ? error.failure.error : error;
  });
  try {
    return await get(socket, path, signal);
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new TeleportError('connection_problem', `${address} gave no answer to GET ${path}`, {
      cause,
      retryable: true,
    });
  } finally {
    socket.destroy();
  }
}

async function get(socket: TLSSocket, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asking = request({
      path,
      headers: { host: AUTH_SERVER_NAME, accept: 'application/json', connection: 'close' },
      createConnection: () => socket,
      signal,
    });
    asking.on('error', reject);
    asking.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
        if (body.length > MAX_BYTES) response.destroy(new Error('the answer is too large'));
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body });
      });
      // An answer that breaks off has no end and no error.
      response.on('close', () => reject(new Error('the answer broke off')));
    });
    asking.end();
  });
}
