import { performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { GrpcCode, type TeleportError } from '@teleport-ts/api-types';
import { callStatus, FAILURE_TRAILER } from '../service/call-status.ts';

/** How many may hear their answer at one time; beyond it a connection is closed without one. */
const MOST_AT_ONCE = 64;
/** How long one may stay. */
const LONGEST_STAY_MS = 10_000;

/**
 * Connections that get no service: of outsiders, and of whoever comes when all places are taken. Every call on them is
 * answered with one and the same failure, by something that knows nothing else: no method, no message is looked at. They
 * take no place from those who are served.
 *
 * gRPC: a "trailers-only" response, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class RefusedConnections {
  readonly #open = new Set<Socket>();

  answer(socket: Socket, failure: TeleportError): void {
    if (this.#open.size >= MOST_AT_ONCE) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    const end = setTimeout(() => socket.destroy(), LONGEST_STAY_MS).unref();
    socket.once('close', () => {
      clearTimeout(end);
      this.#open.delete(socket);
    });
    const headers = trailersOnly(failure);
    const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: 16 } });
    session.on('error', () => socket.destroy());
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.resume();
      stream.respond(headers, { endStream: true });
    });
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

function trailersOnly(failure: TeleportError): Record<string, string | number> {
  const status = callStatus(failure);
  const trailer = status.metadata?.get(FAILURE_TRAILER)[0] as Buffer;
  return {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(status.code ?? GrpcCode.UNKNOWN),
    'grpc-message': percentEncoded(status.details ?? ''),
    [FAILURE_TRAILER]: trailer.toString('base64'),
  };
}

/** As gRPC encodes a message: printable ASCII stays, all else and `%` as bytes in hex. */
function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
