import type { Duplex } from 'node:stream';
import { toMethodDefinition } from '@teleport-ts/api-types';
import {
  ProxyClusterRequest,
  ProxyClusterResponse,
} from '@teleport-ts/api-types/proto/teleport/transport/v1/transport';
import type { ConnectionOptions } from './connection.ts';
import type { DialStage } from './dial-attempt.ts';
import { openProxyStream } from './proxy-stream.ts';
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
 * A byte stream to the auth service of a cluster, carried by a stream of the proxy's gRPC service. The proxy takes the end
 * of what is written as the end of both directions.
 *
 * @param outer the way to the proxy's gRPC service
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
  const method = {
    definition: proxyCluster,
    first: { cluster, frame: undefined },
    wrap: (payload: Buffer) => ({ cluster: '', frame: { payload } }),
    unwrap: ({ frame }: ProxyClusterResponse) => frame?.payload,
  };
  return await openProxyStream(outer, method, options, signal, reached);
}
