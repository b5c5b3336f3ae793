import { PingRequest, PingResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';

/** The one method that every caller may call; apart from its service, which would bring in all its messages. */
export const PingDefinition = {
  name: 'AuthService',
  fullName: 'proto.AuthService',
  methods: {
    ping: {
      name: 'Ping',
      requestType: PingRequest as typeof PingRequest,
      requestStream: false,
      responseType: PingResponse as typeof PingResponse,
      responseStream: false,
    },
  },
} as const;

/** What an auth service says of itself. */
export interface ServerInfo {
  /** The version of Teleport that it runs, such as `18.0.0`. */
  readonly version: string;
  readonly clusterName: string;
  /** `host:port` of the cluster's proxy; empty when it has none. */
  readonly proxyPublicAddress: string;
}

/** The part of the answer that programs ask for. */
export function serverInfo(answer: PingResponse): ServerInfo {
  return {
    version: answer.ServerVersion,
    clusterName: answer.ClusterName,
    proxyPublicAddress: answer.ProxyPublicAddr,
  };
}
