import { Duplex } from 'node:stream';
import { type ClientDuplexStream, connectivityState, type ServiceError } from '@grpc/grpc-js';
import { toMethodDefinition } from '@teleport-ts/api-types';
import {
  ProxyClusterRequest,
  ProxyClusterResponse,
} from '@teleport-ts/api-types/proto/teleport/transport/v1/transport';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { DialStage } from './dial-attempt.ts';
import { DialError } from './dial-failure.ts';
import type { Route } from './route.ts';

/** The one method that is needed, apart from its service. */
const definition = {
  name: 'TransportService',
  fullName: 'teleport.transport.v1.TransportService',
  methods: {
    proxyCluster: {
      name: 'ProxyCluster',
      requestType: ProxyClusterRequest as typeof ProxyClusterRequest,
      requestStream: true,
      responseType: ProxyClusterResponse as typeof ProxyClusterResponse,
      responseStream: true,
    },
  },
} as const;
const proxyCluster = toMethodDefinition(definition, 'proxyCluster');

/**
 * A byte stream to the auth service of a cluster, carried by a stream of the proxy's gRPC service. The connection to the
 * proxy is its own and ends with it.
 *
 * @param outer the way to the proxy, with `teleport-proxy-ssh-grpc`
 * @param cluster its own cluster or one of its leaves
 * @throws DialError of the connection to the proxy
 */
export async function openClusterStream(
  outer: Route,
  cluster: string,
  options: ConnectionOptions,
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Promise<Duplex> {
  const connection = new Connection(outer, options);
  try {
    await ready(connection, signal);
  } catch (error) {
    reached(connection.stage);
    await connection.close(0);
    throw error;
  }
  return new ClusterStream(connection, cluster);
}

/** Settles when the connection is there; grpc-js's own waiting goes on after a failure. */
function ready(connection: Connection, signal: AbortSignal): Promise<void> {
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
      else if (state === connectivityState.TRANSIENT_FAILURE) done(() => reject(lost(connection)));
      else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    look();
  });
}

function lost(connection: Connection, status = { code: 14, details: 'the connection failed' }): DialError {
  const told = connection.error(status, proxyCluster.path);
  return new DialError({ stage: connection.stage, error: told });
}

class ClusterStream extends Duplex {
  readonly #connection: Connection;
  readonly #call: ClientDuplexStream<ProxyClusterRequest, ProxyClusterResponse>;

  constructor(connection: Connection, cluster: string) {
    super();
    this.#connection = connection;
    const { path, requestSerialize, responseDeserialize } = proxyCluster;
    const call = connection.grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call = call;
    call.on('data', ({ frame }: ProxyClusterResponse) => {
      if (frame && frame.payload.length > 0 && !this.push(frame.payload)) call.pause();
    });
    call.on('error', (error: ServiceError) => this.destroy(lost(connection, error)));
    call.on('end', () => {
      this.push(null);
    });
    call.write({ cluster, frame: undefined });
  }

  override _read(): void {
    this.#call.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#call.write({ cluster: '', frame: { payload: chunk } }, done);
  }

  // The proxy takes it as the end of both directions.
  override _final(done: () => void): void {
    this.#call.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#call.cancel();
    void this.#connection.close(0).then(() => done(error));
  }
}
