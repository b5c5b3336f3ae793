import { encodeClusterName, GrpcCode } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TransportServiceDefinition as Transport } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { UserCredentials } from '../issuing/user-credentials.ts';
import { GrpcStream } from '../testing/grpc-stream.ts';
import { exchangeText, rawTcp, rawTls } from '../testing/raw-connection.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';

const FIND = 'GET /webapi/find HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));

describe('with separate ports', () => {
  let cluster: DevCluster;
  let alice: UserCredentials;

  beforeAll(async () => {
    cluster = await DevCluster.start({ name: 'root.test', proxyListenerMode: 'separate' });
    cluster.upsertRole({ name: 'reader' });
    cluster.upsertUser({ name: 'alice', roles: ['reader'] });
    alice = await cluster.issueUserCredentials({ user: 'alice' });
  });

  afterAll(async () => {
    await cluster.stop();
  });

  it('find tells of them', async () => {
    const socket = await rawTls({ to: cluster.proxyAddress, protocols: ['http/1.1'] });
    const { proxy } = bodyOf(await exchangeText(socket, FIND));
    const port = (address = ''): string => address.slice(address.lastIndexOf(':'));
    expect(proxy.tls_routing_enabled).toBe(false);
    expect(proxy.ssh).toMatchObject({
      listen_addr: `127.0.0.1${port(cluster.proxySshAddress)}`,
      tunnel_listen_addr: `127.0.0.1${port(cluster.proxyTunnelAddress)}`,
      web_listen_addr: `127.0.0.1${port(cluster.proxyAddress)}`,
      public_addr: cluster.proxyAddress,
      ssh_public_addr: cluster.proxySshAddress,
      ssh_tunnel_public_addr: cluster.proxyTunnelAddress,
    });
  });

  it.each([
    [['h2'], 'h2'],
    [['teleport-proxy-ssh-grpc'], 'teleport-proxy-ssh-grpc'],
    [['teleport-proxy-ssh-grpc', 'h2'], 'h2'],
  ])('the SSH port serves gRPC by %j, but nothing of auth', async (protocols, chosen) => {
    const dial = () => rawTls({ to: cluster.proxySshAddress ?? '', protocols, identity: alice });
    const socket = await dial();
    expect(socket.alpnProtocol).toBe(chosen);
    const details = new GrpcStream(socket, Transport, 'getClusterDetails');
    details.send({});
    details.end();
    expect((await details.status).code).toBe(GrpcCode.OK);
    const ping = new GrpcStream(await dial(), Auth, 'ping');
    ping.send({});
    ping.end();
    expect(await ping.status).toEqual({ code: GrpcCode.UNIMPLEMENTED, details: 'unknown service proto.AuthService' });
  });

  it('SSH itself is not served', async () => {
    expect(await exchangeText(await rawTcp(cluster.proxySshAddress ?? ''), 'SSH-2.0-x\r\n')).toBe('');
  });

  it('the tunnel port answers HTTPS', async () => {
    const socket = await rawTls({ to: cluster.proxyTunnelAddress ?? '', protocols: ['http/1.1'] });
    expect(bodyOf(await exchangeText(socket, FIND)).cluster_name).toBe('root.test');
  });

  it('the web port serves all ALPN names as before', async () => {
    for (const protocols of [[`teleport-auth@${encodeClusterName('root.test')}`, 'h2'], ['teleport-proxy-ssh-grpc']]) {
      const socket = await rawTls({ to: cluster.proxyAddress, protocols, identity: alice });
      expect(socket.alpnProtocol).toBe(protocols.at(-1));
      socket.destroy();
    }
  });
});

it('ports come back with the data directory and after a restart', async () => {
  await using directory = await TemporaryDirectory.create();
  const options = { dataDir: directory.path, proxyListenerMode: 'separate' } as const;
  const ports = ({ proxySshAddress, proxyTunnelAddress }: DevCluster) => [proxySshAddress, proxyTunnelAddress];
  const first = await DevCluster.start(options);
  const before = ports(first);
  await first.restart();
  expect(ports(first)).toEqual(before);
  await first.stop();
  await using again = await DevCluster.start(options);
  expect(ports(again)).toEqual(before);
});

it('one port for all: there are no others', async () => {
  await using cluster = await DevCluster.start();
  expect(cluster.proxySshAddress).toBeUndefined();
  expect(cluster.proxyTunnelAddress).toBeUndefined();
});

describe('without TLS on the web port', () => {
  it('HTTP is answered, TLS is not, and an upgrade is agreed to but never comes to anything', async () => {
    await using cluster = await DevCluster.start({ insecureNoTls: true, proxyListenerMode: 'separate' });
    const { proxyAddress } = cluster;
    expect(bodyOf(await exchangeText(await rawTcp(proxyAddress), FIND)).cluster_name).toBe('dev.cluster');
    await expect(rawTls({ to: proxyAddress, protocols: ['http/1.1'] })).rejects.toThrow();
    const upgrade = await exchangeText(
      await rawTcp(proxyAddress),
      'GET /webapi/connectionupgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: alpn\r\n\r\n',
      (received) => received.endsWith('\r\n\r\n'),
    );
    expect(upgrade).toMatch(/^HTTP\/1\.1 101 /);
  });
});
