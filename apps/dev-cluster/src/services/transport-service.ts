import type { Socket } from 'node:net';
import { TransportServiceDefinition } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { exchangeBytes } from '../proxy/exchange-bytes.ts';
import { dialNode } from '../proxy/node-dialing.ts';
import { type Service, service } from '../rpc/service.ts';

/** Connections through the proxy, for holders of any certificate of its cluster. */
export function transportService(
  context: ClusterContext,
  /** A connection to the auth service of a cluster that can be reached. */
  dialAuth: (cluster: string) => Promise<Socket | undefined>,
): Service {
  return service(TransportServiceDefinition, {
    getClusterDetails: () => ({ details: { fipsEnabled: false } }),

    async *proxyCluster(requests, { signal }) {
      const { cluster, frame: first } = await firstOf(requests);
      const auth = await dialAuth(cluster || context.state.name);
      if (!auth) {
        const name = JSON.stringify(cluster);
        throw notFound(`failed dialing cluster ${name}\n\tcluster ${name} is not found`);
      }
      const payloads = (async function* () {
        if (first) yield first.payload;
        for await (const { frame } of requests) {
          if (!frame)
            throw badParameter(`readfrom ${wayOf(auth)}: failed to receive from source: received invalid frame`);
          yield frame.payload;
        }
      })();
      for await (const payload of exchangeBytes(auth, payloads, { signal })) yield { frame: { payload } };
    },

    async *proxySSH(requests, { signal }) {
      const { dialTarget, frame: first } = await firstOf(requests);
      if (!dialTarget) throw badParameter('first frame must contain a dial target');
      const node = await dialNode(context, dialTarget);
      yield { details: { fipsEnabled: false }, frame: undefined };
      const payloads = (async function* () {
        if (first?.$case === 'ssh') yield first.value.payload;
        // The agent that a client offers beside is not asked for anything here.
        for await (const { frame } of requests) if (frame?.$case === 'ssh') yield frame.value.payload;
      })();
      // As with the real one, the end of what the client says is not the end of the connection.
      for await (const payload of exchangeBytes(node, payloads, { signal, outlivesInput: true })) {
        yield { details: undefined, frame: { $case: 'ssh', value: { payload } } };
      }
    },
  });
}

async function firstOf<T>(requests: AsyncIterable<T>): Promise<T> {
  const { value, done } = await requests[Symbol.asyncIterator]().next();
  if (done) throw new Error('EOF');
  return value;
}

const wayOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `tcp ${localAddress}:${localPort}->${remoteAddress}:${remotePort}`;
