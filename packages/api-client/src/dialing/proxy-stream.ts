import { Duplex } from 'node:stream';
import { type ClientDuplexStream, connectivityState, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { DialStage } from './dial-attempt.ts';
import { DialError } from './dial-failure.ts';
import type { Route } from './route.ts';

/** A method of the proxy's gRPC service whose messages carry the bytes of a connection. */
export interface CarryingMethod<Request, Response> {
  readonly definition: MethodDefinition<Request, Response>;
  /** Says where the connection goes. */
  readonly first: Request;
  wrap(payload: Buffer): Request;
  /** The bytes in an answer, if there are any. */
  unwrap(answer: Response): Uint8Array | undefined;
}

/**
 * A byte stream carried by a stream of the proxy's gRPC service. The connection to the proxy is its own and ends with it.
 *
 * @param outer the way to the proxy's gRPC service
 * @throws DialError of the connection to the proxy
 */
export async function openProxyStream<Request, Response>(
  outer: Route,
  method: CarryingMethod<Request, Response>,
  options: ConnectionOptions,
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Promise<ProxyStream<Request, Response>> {
  const connection = new Connection(outer, options);
  try {
    await ready(connection, method.definition.path, signal);
  } catch (error) {
    reached(connection.stage);
    await connection.close(0);
    throw error;
  }
  return new ProxyStream(connection, method);
}

/** Settles when the connection is there; grpc-js's own waiting goes on after a failure. */
function ready(connection: Connection, rpc: string, signal: AbortSignal): Promise<void> {
  const channel = connection.grpc.getChannel();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    const done = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (signal.aborted) return;
      if (state === connectivityState.READY) done(resolve);
      else if (state === connectivityState.TRANSIENT_FAILURE) done(() => reject(lost(connection, rpc)));
      else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    look();
  });
}

function lost(connection: Connection, rpc: string, status = { code: 14, details: 'the connection failed' }): DialError {
  return new DialError({ stage: connection.stage, error: connection.error(status, rpc) });
}

/** See {@link openProxyStream}. Emits `answer` at the first message of the proxy, whatever is in it. */
export class ProxyStream<Request, Response> extends Duplex {
  readonly #connection: Connection;
  readonly #method: CarryingMethod<Request, Response>;
  readonly #call: ClientDuplexStream<Request, Response>;

  constructor(connection: Connection, method: CarryingMethod<Request, Response>) {
    super();
    this.#connection = connection;
    this.#method = method;
    const { path, requestSerialize, responseDeserialize } = method.definition;
    const call = connection.grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call = call;
    call.once('data', () => this.emit('answer'));
    call.on('data', (answer: Response) => {
      const payload = method.unwrap(answer);
      if (payload && payload.length > 0 && !this.push(payload)) call.pause();
    });
    call.on('error', (error: ServiceError) => this.destroy(lost(connection, path, error)));
    call.on('end', () => {
      this.push(null);
    });
    call.write(method.first);
  }

  override _read(): void {
    this.#call.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#call.write(this.#method.wrap(chunk), done);
  }

  override _final(done: () => void): void {
    this.#call.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#call.cancel();
    void this.#connection.close(0).then(() => done(error));
  }
}
