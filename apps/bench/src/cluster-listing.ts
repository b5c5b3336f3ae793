import { generateKeyPairSync } from 'node:crypto';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { ListResourcesRequest, ListResourcesResponse } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { createAuthority, issueHostTlsCertificate } from '@teleport-ts/dev-cluster/testing';
import type { Run } from './process/helper.ts';

export interface ListingServer {
  readonly address: string;
  /** Authority of its certificate, PEM. */
  readonly ca: string;
}

export interface ListingReady {
  /** A cluster with the resources. */
  readonly ours: ListingServer;
  /** grpc-js that answers each page with the bytes that the cluster answered once. */
  readonly bare: ListingServer;
  /** Of who lists, PEM. */
  readonly caller: { readonly key: string; readonly cert: string };
  /** Encoded requests for all pages, in their order. */
  readonly requests: readonly Uint8Array[];
}

const LIST = toMethodDefinition(AuthServiceDefinition, 'listResources');
const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** A caller of one of the two servers that neither encodes nor decodes. */
export function listingClient({ address, ca }: ListingServer, { key, cert }: ListingReady['caller']): Client {
  return new Client(address, credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert)), {
    'grpc.ssl_target_name_override': 'teleport.cluster.local',
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': 16 << 20,
  });
}

/** Asks for one page. */
export function listPage(client: Client, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      LIST.path,
      asIs,
      (bytes: Buffer) => bytes,
      request,
      (error, answer) => (error ? reject(error) : resolve(answer as Buffer)),
    );
  });
}

/** Two servers of the same list: a cluster that filters and encodes it for its caller, and one that only sends bytes. */
export const run: Run<{ readonly resources: number; readonly page: number }, ListingReady> = async (input) => {
  const cluster = await DevCluster.start({ name: 'bench' });
  cluster.upsertRole({ name: 'reader', allow: { databaseLabels: { env: ['dev', 'test'] } } });
  cluster.upsertUser({ name: 'alice', roles: ['reader'] });
  for (let index = 0; index < input.resources; index++) {
    const labels = { env: index % 2 === 0 ? 'dev' : 'test', n: `${index}` };
    cluster.addDatabase({ name: `db-${index}`, protocol: 'postgres', uri: '127.0.0.1:9', labels });
  }
  const { key, cert, cas } = await cluster.issueUserCredentials({ user: 'alice' });
  const caller = { key, cert };
  const ours = { address: cluster.authAddress, ca: cas.join('') };

  const pages = new Map<string, Buffer>();
  const requests: Uint8Array[] = [];
  const client = listingClient(ours, caller);
  let start = '';
  let listed = 0;
  do {
    const page = { ResourceType: 'db_server', Namespace: 'default', Limit: input.page, StartKey: start };
    const request = Buffer.from(ListResourcesRequest.encode(ListResourcesRequest.fromPartial(page)).finish());
    const answer = await listPage(client, request);
    requests.push(request);
    pages.set(request.toString('latin1'), answer);
    const { NextKey, Resources } = ListResourcesResponse.decode(answer);
    listed += Resources.length;
    start = NextKey;
  } while (start !== '');
  client.close();
  if (listed !== input.resources) throw new Error(`${listed} of ${input.resources} resources were listed`);

  const authority = createAuthority({ type: 'host', clusterName: 'bench', clock: { now: () => Date.now() } });
  await authority.prepare();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bareCert = issueHostTlsCertificate(authority, { publicKey: privateKey, hostId: 'bare', role: 'Auth' });
  const server = new Server();
  server.register(
    LIST.path,
    ({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) =>
      answer(null, pages.get(request.toString('latin1')) as Buffer),
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    'unary',
  );
  const port = await new Promise<number>((resolve, reject) => {
    const pem = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    const tls = ServerCredentials.createSsl(null, [{ private_key: pem, cert_chain: Buffer.from(bareCert) }]);
    server.bindAsync('127.0.0.1:0', tls, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const bare = { address: `127.0.0.1:${port}`, ca: authority.tls.certificate };
  return { ready: { ours, bare, caller, requests } };
};
