import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import type { WireCredentials } from './wire-client.ts';

/** What came back for the bytes of a {@link rawCall}. */
export interface RawAnswer {
  readonly httpStatus: number | undefined;
  /** `grpc-status`, from wherever it stood; absent when the answer has none. */
  readonly code: number | undefined;
  readonly message: string | undefined;
  /** How the stream or the connection broke, if it did. */
  readonly broken: string | undefined;
}

/** One POST to a gRPC server with a body of one's own: what no gRPC library would send. */
export function rawCall(options: {
  readonly address: string;
  readonly path: string;
  readonly body: Buffer;
  readonly identity?: WireCredentials;
  readonly headers?: OutgoingHttpHeaders;
}): Promise<RawAnswer> {
  const { address, path, body, identity, headers } = options;
  const [host, port] = address.split(':') as [string, string];
  const session = connect(`https://${address}`, {
    createConnection: () =>
      connectTls({
        ...{ host, port: Number(port), servername: 'teleport.cluster.local', ALPNProtocols: ['h2'] },
        // Whom one talks to is not the question here.
        rejectUnauthorized: false,
        ...(identity && { key: identity.key, cert: identity.cert }),
      }),
  });
  return new Promise((resolve) => {
    let answer: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let trailers: IncomingHttpHeaders = {};
    let broken: string | undefined;
    const end = (): void => {
      const status = trailers['grpc-status'] ?? answer['grpc-status'];
      const message = trailers['grpc-message'] ?? answer['grpc-message'];
      resolve({
        httpStatus: answer[':status'],
        code: status === undefined ? undefined : Number(status),
        message: message === undefined ? undefined : decodeURIComponent(String(message)),
        broken,
      });
      session.destroy();
    };
    const note = (error: Error): void => {
      broken ??= error.message;
    };
    session.on('error', note);
    session.once('close', end);
    const request = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      version: '18.0.0',
      ...headers,
    });
    request.on('response', (received) => {
      answer = received;
    });
    request.on('trailers', (received) => {
      trailers = received;
    });
    request.on('error', note);
    request.once('close', end);
    request.resume();
    request.setTimeout(10_000, () => request.destroy(new Error('no answer')));
    request.end(body);
  });
}

/** A gRPC message frame: a flag, the length, the message. */
export function grpcFrame(
  message: Buffer,
  { flag = 0, length = message.length }: { flag?: number; length?: number } = {},
): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
