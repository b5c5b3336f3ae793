import { performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { GrpcCode, type TeleportError } from '@teleport-ts/api-types';
import { callStatus, FAILURE_TRAILER } from '../service/call-status.ts';

/** How long a caller that gets no service may stay. */
const LONGEST_STAY_MS = 10_000;

/**
 * Answers every call on a connection with one and the same failure, and knows nothing else: no method, no message is
 * looked at. For outsiders, and for whoever comes when all connections are taken.
 *
 * gRPC: a "trailers-only" response, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function answerOnly(socket: Socket, failure: TeleportError): void {
  const status = callStatus(failure);
  const trailer = status.metadata?.get(FAILURE_TRAILER)[0] as Buffer;
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(status.code ?? GrpcCode.UNKNOWN),
    'grpc-message': percentEncoded(status.details ?? ''),
    [FAILURE_TRAILER]: trailer.toString('base64'),
  };
  const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: 16 } });
  const end = setTimeout(() => socket.destroy(), LONGEST_STAY_MS);
  end.unref();
  session.on('error', () => socket.destroy());
  socket.once('close', () => clearTimeout(end));
  session.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume();
    stream.respond(headers, { endStream: true });
  });
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
