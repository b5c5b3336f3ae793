import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { Duplex } from 'node:stream';
import { errorFromStatus, TeleportError } from '@teleport-ts/api-types';
import { ProxySSHRequest, ProxySSHResponse } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport';
import { GrpcMessageReader, grpcMessage } from './grpc-messages.ts';
import type { ProxySession } from './proxy-session.ts';

/** The method that carries a connection to a node. */
export const PROXY_SSH = '/teleport.transport.v1.TransportService/ProxySSH';
/** The most bytes in one message; the proxy takes 4 MiB. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

/** Whom a connection is for. */
export interface ConnectionTarget {
  /** `host:port` */
  readonly hostPort: string;
  readonly cluster: string;
  readonly userAgent: string;
}

/**
 * The bytes of a connection to a node, carried by a stream of the proxy's gRPC service; the session is its own and ends
 * with it. Emits `answer` when the node is reached, and `over` when the proxy ends it in order. The end of what is written is told to the proxy, which keeps it to itself.
 */
export class ProxiedConnection extends Duplex {
  readonly #session: ProxySession;
  readonly #call: ClientHttp2Stream;
  readonly #messages = new GrpcMessageReader();
  #isOver = false;
  #status: { readonly code: number; readonly message: string } | undefined;

  constructor(session: ProxySession, { hostPort, cluster, userAgent }: ConnectionTarget) {
    super();
    this.#session = session;
    const call = session.http2.request(
      {
        ':method': 'POST',
        ':path': PROXY_SSH,
        te: 'trailers',
        'content-type': 'application/grpc',
        'user-agent': userAgent,
      },
      { endStream: false },
    );
    this.#call = call;
    call.on('response', (headers) => this.#onHeaders(headers));
    call.on('trailers', (headers) => this.#onStatus(headers));
    call.on('data', (chunk: Buffer) => this.#onData(chunk));
    // What is wrong is told at the end: a status may still come, and the session knows more.
    call.on('error', () => {});
    // The proxy's end of the stream ends it, although this end is open still; without one it is closed.
    call.once('end', () => this.#onEnd()).once('close', () => this.#onEnd());
    call.write(encode({ dialTarget: { hostPort, cluster }, frame: undefined }));
  }

  override _read(): void {
    this.#call.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    let start = 0;
    const next = (error?: Error | null): void => {
      if (error || start >= chunk.length) {
        done(error);
        return;
      }
      const payload = chunk.subarray(start, start + MAX_PAYLOAD_BYTES);
      start += payload.length;
      this.#call.write(encode({ dialTarget: undefined, frame: { $case: 'ssh', value: { payload } } }), next);
    };
    next();
  }

  override _final(done: () => void): void {
    this.#call.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#call.closed) this.#call.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
    done(error);
  }

  #onHeaders(headers: IncomingHttpHeaders): void {
    const http = Number(headers[':status']);
    if (http !== 200) {
      this.#status = { code: 14, message: `the proxy answered with HTTP status ${http}` };
    } else this.#onStatus(headers);
  }

  #onStatus(headers: IncomingHttpHeaders): void {
    const code = headers['grpc-status'];
    if (code === undefined) return;
    this.#status = { code: Number(code), message: percentDecoded(String(headers['grpc-message'] ?? '')) };
  }

  #onData(chunk: Buffer): void {
    try {
      for (const message of this.#messages.push(chunk)) {
        const { frame } = ProxySSHResponse.decode(message);
        this.emit('answer');
        const payload = frame?.$case === 'ssh' ? Buffer.from(frame.value.payload) : undefined;
        if (payload && payload.length > 0 && !this.push(payload)) this.#call.pause();
      }
    } catch (cause) {
      const broken = new TeleportError('unknown', 'the proxy sent a message that cannot be read', { cause });
      this.destroy(cause instanceof TeleportError ? cause : broken);
    }
  }

  #onEnd(): void {
    if (this.destroyed || this.#isOver) return;
    this.#isOver = true;
    if (this.#status?.code === 0) {
      this.emit('over');
      this.push(null);
    } else if (this.#status) this.destroy(errorFromStatus({ ...this.#status, rpc: PROXY_SSH }));
    else this.destroy(this.#session.failure());
  }
}

function encode(request: ProxySSHRequest): Buffer {
  return grpcMessage(ProxySSHRequest.encode(request).finish());
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
