import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { PingResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';
import type { KeyAndCert } from './pki.ts';

/** What a hostile server does with a call. */
export interface HostileAnswer {
  /** Response headers; none is an answer of trailers alone. */
  readonly headers?: Readonly<Record<string, string | number>>;
  /** The body, in the pieces in which it is sent. */
  readonly body: readonly Uint8Array[];
  readonly trailers?: Readonly<Record<string, string>>;
  /** How it ends: as it should, without trailers, by a reset with that code, or with the connection. */
  readonly end: 'trailers' | 'bare' | 'cut' | { readonly reset: number } | { readonly garbage: Uint8Array };
}

/**
 * An auth service that answers `Ping` as it should and everything else as it is told. TLS and HTTP/2 are two servers with a
 * pipe between them, so that bytes that are no HTTP/2 can be put in.
 */
export class HostileServer implements AsyncDisposable {
  answer: HostileAnswer | undefined;
  readonly #tls: TlsServer;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();

  private constructor(certificate: KeyAndCert) {
    this.#http2 = createServer({ maxSendHeaderBlockLength: 1_000_000 });
    this.#http2.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/proto.AuthService/Ping') ping(stream);
      else this.#misbehave(stream);
    });
    this.#http2.on('sessionError', () => {});
    this.#tls = createTlsServer({ ...certificate, ALPNProtocols: ['h2'] }, (outer) => {
      const inner = connect((this.#http2.address() as AddressInfo).port, '127.0.0.1');
      this.#sockets.add(outer);
      outer.on('error', () => inner.destroy()).on('close', () => this.#sockets.delete(outer) && inner.destroy());
      inner.on('error', () => outer.destroy()).on('close', () => outer.end());
      outer.pipe(inner);
      inner.pipe(outer, { end: false });
    });
    this.#tls.on('tlsClientError', () => {});
  }

  static async start(certificate: KeyAndCert): Promise<HostileServer> {
    const server = new HostileServer(certificate);
    await new Promise<void>((resolve) => server.#http2.listen(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => server.#tls.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#tls.address() as AddressInfo).port}`;
  }

  #misbehave(stream: ServerHttp2Stream): void {
    const answer = this.answer;
    if (!answer) return;
    const { headers, body, trailers, end } = answer;
    if (end === 'trailers') stream.on('wantTrailers', () => attempt(() => stream.sendTrailers(trailers ?? {})));
    if (!headers) {
      attempt(() =>
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true }),
      );
      return;
    }
    if (attempt(() => stream.respond(headers, { waitForTrailers: end === 'trailers' }))) {
      stream.close(2);
      return;
    }
    for (const part of body) attempt(() => stream.write(part));
    if (end === 'trailers' || end === 'bare') stream.end();
    else if (end === 'cut') for (const socket of this.#sockets) socket.destroy();
    else if ('reset' in end) stream.close(end.reset);
    else for (const socket of this.#sockets) attempt(() => socket.end(end.garbage));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#tls.close(resolve));
    await new Promise((resolve) => this.#http2.close(resolve));
  }
}

/** Whether Node itself refuses to send this. */
function attempt(send: () => unknown): boolean {
  try {
    send();
    return false;
  } catch {
    return true;
  }
}

function ping(stream: ServerHttp2Stream): void {
  const answer = PingResponse.fromPartial({ ClusterName: 'root.test', ServerVersion: '18.0.0' });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end(framed(PingResponse.encode(answer).finish()));
}

/** A gRPC message: a flag, its length, itself. */
export function framed(message: Uint8Array, length: number = message.length, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}
