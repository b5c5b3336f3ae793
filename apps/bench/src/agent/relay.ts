import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Run } from '../process/helper.ts';
import type { StubReady } from './auth-stub.ts';

export interface RelayInput {
  /** Path of the unix socket to listen on. */
  readonly socket: string;
  /** Path of the method, the same on which the agent is asked. */
  readonly method: string;
  readonly stub: StubReady;
  /** What the agent asks the auth service, and by which method. */
  readonly upstreamMethod: string;
  readonly upstreamRequest: Buffer;
  /** What the agent answers. */
  readonly response: Buffer;
}

/**
 * Two hops of bare grpc-js with the agent's payloads: takes its request on a unix socket, sends its request to the auth
 * service over TLS with a client certificate, and gives its answer. It looks into none of them.
 */
export const run: Run<RelayInput, null> = async (input) => {
  const { client } = input.stub;
  const upstream = new Client(
    input.stub.address,
    credentials.createSsl(Buffer.from(client.ca), Buffer.from(client.key), Buffer.from(client.cert)),
    { 'grpc.ssl_target_name_override': 'teleport.cluster.local', 'grpc.enable_http_proxy': 0 },
  );
  const asIs = (bytes: Buffer): Buffer => bytes;
  const request = Buffer.from(input.upstreamRequest);
  const response = Buffer.from(input.response);
  const server = new Server();
  server.register(
    input.method,
    (_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      upstream.makeUnaryRequest(input.upstreamMethod, asIs, asIs, request, (error) => {
        if (error) answer(error);
        else answer(null, response);
      });
    },
    asIs,
    asIs,
    'unary',
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${input.socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return { ready: null };
};
