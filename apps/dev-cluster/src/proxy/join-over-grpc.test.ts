import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:tls';
import { methodPath, parseTlsIdentity } from '@teleport-ts/api-types';
import { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { RegisterUsingTokenRequest } from '@teleport-ts/api-types/proto/teleport/types/join';
import { expect, it } from 'vitest';
import type { DevCluster } from '../dev-cluster.ts';
import { wireKey } from '../testing/wire-bot.ts';
import { startSampleCluster } from '../testing/with-dev-cluster.ts';

interface Reply {
  readonly status: number;
  readonly message: Buffer;
}

/** One gRPC call at the proxy by the protocol `teleport-proxy-grpc`, which gRPC libraries cannot be told to speak. */
async function call(cluster: DevCluster, path: string, request: Uint8Array): Promise<Reply> {
  const [, port] = cluster.proxyAddress.split(':');
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    servername: 'localhost',
    ca: cluster.webCaPem,
    ALPNProtocols: ['teleport-proxy-grpc', 'h2'],
  });
  await once(socket, 'secureConnect');
  const session = connectHttp2('https://localhost', { createConnection: () => socket });
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    version: '1.0.0', // not looked at here
  });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([frame, request]));
  let status = -1;
  stream.on('response', (headers) => {
    status = Number(headers['grpc-status'] ?? status);
  });
  stream.on('trailers', (trailers) => {
    status = Number(trailers['grpc-status']);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  return { status, message: Buffer.concat(chunks).subarray(5) };
}

it('joins at the proxy by gRPC, and serves nothing else there', async () => {
  const { cluster, token } = await startSampleCluster();
  await using _stop = cluster;
  const keys = wireKey();
  const request = RegisterUsingTokenRequest.create({ Token: token, Role: 'Bot', PublicTLSKey: keys.tlsPublicKey });
  const path = methodPath(JoinServiceDefinition, 'registerUsingToken');
  const joined = await call(cluster, path, RegisterUsingTokenRequest.encode(request).finish());
  expect(joined.status).toBe(0);
  const identity = parseTlsIdentity(Certs.decode(joined.message).TLS.toString());
  expect(identity).toMatchObject({ user: 'bot-ci', generation: 1 });
  expect((await call(cluster, '/proto.AuthService/Ping', Buffer.alloc(0))).status).toBe(12);
});
