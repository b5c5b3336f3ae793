import type { Socket } from 'node:net';
import { TransportServiceDefinition } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { type Service, service } from '../rpc/service.ts';

/** Connections through the proxy, for holders of any certificate of its cluster. */
export function transportService(
  { state }: ClusterContext,
  /** A connection to the auth service of a cluster that can be reached. */
  dialAuth: (cluster: string) => Promise<Socket | undefined>,
): Service {
  return service(TransportServiceDefinition, {
    getClusterDetails: () => ({ details: { fipsEnabled: false } }),

    async *proxyCluster(requests, { signal }) {
      const first = await firstOf(requests);
      const socket = await dialAuth(first.cluster || state.name);
      if (!socket) throw notFound(`failed dialing cluster ${JSON.stringify(first.cluster)}`);
      if (first.frame) socket.write(first.frame.payload);
      const payloads = (async function* () {
        for await (const { frame } of requests) {
          if (!frame) throw badParameter('received invalid frame');
          yield frame.payload;
        }
      })();
      for await (const payload of exchange(socket, payloads, signal)) yield { frame: { payload } };
    },
  });
}

async function firstOf<T>(requests: AsyncIterable<T>): Promise<T> {
  const { value, done } = await requests[Symbol.asyncIterator]().next();
  if (done) throw new Error('failed receiving first frame\n\tEOF');
  return value;
}

/**
 * Writes what comes into a connection and gives what it answers, both at the pace of who reads. The end of one way is the
 * end of both.
 */
async function* exchange(
  socket: Socket,
  incoming: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const end = (): void => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  let failure: unknown;
  let isOver = false;
  const finish = (error?: unknown): void => {
    failure ??= isOver ? undefined : error;
    isOver = true;
    socket.destroy();
  };
  const writing = (async () => {
    for await (const bytes of incoming) {
      if (!socket.write(bytes)) await drained(socket);
      if (socket.destroyed) return;
    }
  })();
  writing.then(() => finish(), finish);
  try {
    for await (const bytes of socket as AsyncIterable<Buffer>) yield bytes;
  } catch {
    // It broke; that is an end like any other.
  } finally {
    isOver = true;
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
  if (failure) throw failure;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
