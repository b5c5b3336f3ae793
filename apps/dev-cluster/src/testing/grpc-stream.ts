import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  type GenericDefinition,
  GrpcCode,
  type MethodName,
  type RequestInput,
  type ResponseOf,
  toMethodDefinition,
} from '@teleport-ts/api-types';
import { TransportServiceDefinition } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import { grpcFrame } from './raw-call.ts';
import type { WireStatus } from './wire-client.ts';

/** One call on a connection of a test's own, whatever ALPN name it was made with; a gRPC library always asks for `h2`. */
export class GrpcStream<D extends GenericDefinition, N extends MethodName<D>> {
  /** The messages that have come. */
  readonly received: ResponseOf<D['methods'][N]>[] = [];
  /** How the call ended; code -1 with the reason when the connection broke. */
  readonly status: Promise<WireStatus>;
  /** Told of each message as it comes. */
  onMessage: (message: ResponseOf<D['methods'][N]>) => void = () => {};
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #serialize: (request: unknown) => Buffer;

  constructor(socket: TLSSocket, definition: D, name: N, headers: IncomingHttpHeaders = {}) {
    const method = toMethodDefinition(definition, name);
    const codec = definition.methods[name]?.requestType as unknown as { fromPartial(input: unknown): never };
    this.#serialize = (request) => method.requestSerialize(codec.fromPartial(request));
    this.#session = connect('https://localhost', { createConnection: () => socket });
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': method.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    this.#stream = stream;
    let last: IncomingHttpHeaders = {};
    let broken: string | undefined;
    stream.on('response', (answer) => {
      last = { ...last, ...answer };
    });
    stream.on('trailers', (trailers) => {
      last = { ...last, ...trailers };
    });
    for (const emitter of [stream, this.#session]) {
      emitter.on('error', (error: Error & { code?: string }) => {
        broken ??= error.code ?? error.message;
      });
    }
    let rest = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1);
        const message = method.responseDeserialize(rest.subarray(5, end));
        rest = rest.subarray(end);
        this.received.push(message);
        this.onMessage(message);
      }
    });
    this.status = new Promise((resolve) => {
      const end = (): void => {
        const status = last['grpc-status'];
        this.#session.destroy();
        resolve(
          status === undefined
            ? { code: -1, details: broken ?? 'closed' }
            : { code: Number(status), details: decodeURIComponent(String(last['grpc-message'] ?? '')) },
        );
      };
      // The server's word is the last one, whether this side has ended or not.
      stream.once('end', end);
      stream.once('close', end);
      this.#session.once('close', end);
      socket.once('close', end);
    });
  }

  send(request: RequestInput<D['methods'][N]>, done?: (error?: Error | null) => void): void {
    this.#stream.write(grpcFrame(this.#serialize(request)), done);
  }

  /** Says that no more messages will come. */
  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.close(8);
  }
}

/** A connection to the auth service of a cluster, by `ProxyCluster` on a connection to a proxy. */
export class ClusterConnection extends Duplex {
  /** How the call ended. */
  readonly status: Promise<WireStatus>;
  readonly #call: GrpcStream<typeof TransportServiceDefinition, 'proxyCluster'>;

  constructor(proxy: TLSSocket, cluster: string) {
    super();
    this.#call = new GrpcStream(proxy, TransportServiceDefinition, 'proxyCluster');
    this.#call.onMessage = ({ frame }) => this.push(frame?.payload ?? Buffer.alloc(0));
    this.status = this.#call.status;
    void this.status.then(({ code, details }) => {
      if (code === GrpcCode.OK) this.push(null);
      else this.destroy(new Error(details));
    });
    this.#call.send({ cluster });
  }

  override _read(): void {}

  override _write(payload: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#call.send({ frame: { payload } }, done);
  }

  override _final(done: () => void): void {
    this.#call.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#call.cancel();
    done(error);
  }
}
