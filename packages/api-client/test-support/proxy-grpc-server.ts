import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { toServiceDefinition } from '@teleport-ts/api-types';
import type {
  ProxyClusterRequest,
  ProxyClusterResponse,
} from '@teleport-ts/api-types/proto/teleport/transport/v1/transport';
import { TransportServiceDefinition } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import type { KeyAndCert } from './pki.ts';

/** A stream to the auth service of a cluster, as the proxy sees it. */
export type ClusterCall = ServerDuplexStream<ProxyClusterRequest, ProxyClusterResponse>;

/** The gRPC service of a proxy, whose streams go where a test wants them. */
export interface ProxyGrpcServer extends AsyncDisposable {
  readonly port: number;
  /** Calls that have not ended. */
  readonly open: ReadonlySet<ClusterCall>;
}

export async function proxyGrpcServer(
  certificate: KeyAndCert,
  onCall: (call: ClusterCall) => void,
): Promise<ProxyGrpcServer> {
  const server = new Server();
  const open = new Set<ClusterCall>();
  const { proxyCluster } = toServiceDefinition(TransportServiceDefinition);
  server.addService(
    { proxyCluster },
    {
      proxyCluster: (call: ClusterCall) => {
        open.add(call);
        call
          .on('close', () => open.delete(call))
          .on('cancelled', () => open.delete(call))
          .on('error', () => {});
        onCall(call);
      },
    },
  );
  const pair = { cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) };
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    open,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}
