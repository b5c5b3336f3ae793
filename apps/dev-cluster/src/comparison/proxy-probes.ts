import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { encodeClusterName } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TransportServiceDefinition as Transport } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import { GrpcStream } from '../testing/grpc-stream.ts';
import { exchangeText, rawTcp, rawTls } from '../testing/raw-connection.ts';
import { clientFrame, upgradeConnection } from '../testing/upgraded-connection.ts';

type Identity = { readonly key: string; readonly cert: string };

/** A proxy, real or ours, and those who come to it. */
export interface ProbedProxy {
  /** `host:port` of the web port. */
  readonly address: string;
  readonly clusterName: string;
  readonly webCa: string;
  readonly hostCa: string;
  /** A user of this cluster. */
  readonly user: Identity;
  /** A user of a cluster that this one has never heard of. */
  readonly stranger: Identity;
  /** With separate ports. */
  readonly sshAddress?: string;
  readonly tunnelAddress?: string;
}

/** Something that is done to a proxy, and what came of it, in words that do not depend on which proxy it was. */
export interface Probe {
  readonly name: string;
  readonly run: (proxy: ProbedProxy) => Promise<unknown>;
}

const QUIET_MS = 400;
const auth = (cluster: string): string => `teleport-auth@${encodeClusterName(cluster)}`;
const TRANSPORT = 'teleport-proxy-ssh-grpc';

interface Handshake {
  readonly protocols: (proxy: ProbedProxy) => readonly string[] | undefined;
  readonly serverName?: string;
  readonly as?: 'user' | 'stranger';
  readonly port?: 'web' | 'ssh' | 'tunnel';
}

/** Handshakes, outside and inside an upgrade. */
const HANDSHAKES: Readonly<Record<string, Handshake>> = {
  'no ALPN': { protocols: () => undefined },
  'http/1.1': { protocols: () => ['http/1.1'] },
  'h2 and http/1.1': { protocols: () => ['h2', 'http/1.1'] },
  'auth, h2': { protocols: ({ clusterName }) => [auth(clusterName), 'h2'] },
  'auth, h2, with a certificate': { protocols: ({ clusterName }) => [auth(clusterName), 'h2'], as: 'user' },
  'auth by its cluster in the server name': {
    protocols: ({ clusterName }) => [auth(clusterName), 'h2'],
    serverName: 'teleport.cluster.local',
  },
  'auth without h2': { protocols: ({ clusterName }) => [auth(clusterName)] },
  'h2 before auth': { protocols: ({ clusterName }) => ['h2', auth(clusterName)] },
  'http/1.1 before auth': { protocols: ({ clusterName }) => ['http/1.1', auth(clusterName)] },
  'auth of a leaf that is not there': { protocols: () => [auth('nosuch'), 'h2'] },
  'auth with a plain name': { protocols: ({ clusterName }) => [`teleport-auth@${clusterName}`, 'h2'] },
  'auth with the name of all clusters': { protocols: () => ['teleport-auth@teleport.cluster.local', 'h2'] },
  'auth without a name': { protocols: () => ['teleport-auth', 'h2'] },
  'a protocol that nobody knows': { protocols: () => ['nonsense'] },
  'a protocol that nobody knows, then http/1.1': { protocols: () => ['nonsense', 'http/1.1'] },
  'reverse tunnel': { protocols: () => ['teleport-reversetunnel'] },
  'reverse tunnels': { protocols: () => ['teleport-reversetunnelv2', 'teleport-reversetunnel'] },
  'joining with h2': { protocols: () => ['teleport-proxy-grpc', 'h2'] },
  'joining alone': { protocols: () => ['teleport-proxy-grpc'] },
  'transport without a certificate': { protocols: () => [TRANSPORT], serverName: 'teleport.cluster.local' },
  'transport with a certificate': { protocols: () => [TRANSPORT], as: 'user', serverName: 'teleport.cluster.local' },
  'transport with h2': { protocols: () => [TRANSPORT, 'h2'], as: 'user' },
  'transport of another cluster': { protocols: () => [TRANSPORT], as: 'stranger' },
  'auth of another cluster': { protocols: ({ clusterName }) => [auth(clusterName), 'h2'], as: 'stranger' },
  'http/1.1 of another cluster': { protocols: () => ['http/1.1'], as: 'stranger' },
  'h2 before transport': { protocols: () => ['h2', TRANSPORT], as: 'user' },
};

/** Those of the other ports, where there are such. */
const PORT_HANDSHAKES: Readonly<Record<string, Handshake>> = {
  'SSH port, h2': { protocols: () => ['h2'], as: 'user', port: 'ssh' },
  'SSH port, transport': { protocols: () => [TRANSPORT], as: 'user', port: 'ssh' },
  'SSH port, both': { protocols: () => [TRANSPORT, 'h2'], as: 'user', port: 'ssh' },
  'SSH port, no certificate': { protocols: () => ['h2'], port: 'ssh' },
  'SSH port, http/1.1': { protocols: () => ['http/1.1'], as: 'user', port: 'ssh' },
  'tunnel port, http/1.1': { protocols: () => ['http/1.1'], port: 'tunnel' },
};

const DEFAULT_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADES: Readonly<Record<string, { subprotocol?: string; headers?: Record<string, string> }>> = {
  'as it should be': {},
  'with pings': { subprotocol: 'alpn-ping' },
  'two subprotocols': { subprotocol: 'alpn-ping, alpn' },
  'an unknown subprotocol': { subprotocol: 'chat' },
  'an unknown subprotocol first': { subprotocol: 'chat, alpn' },
  'another type': { headers: { upgrade: 'h2c' } },
  'in capitals': { headers: { upgrade: 'WebSocket' } },
  'without Connection': { headers: { connection: 'close' } },
  'another version': { headers: { 'sec-websocket-version': '12' } },
  'a bad key': { headers: { 'sec-websocket-key': 'abc' } },
  'with extensions': { headers: { 'sec-websocket-extensions': 'permessage-deflate' } },
};

const REQUESTS: Readonly<Record<string, string>> = {
  'connectionupgrade without headers': 'GET /webapi/connectionupgrade',
  'connectionupgrade by POST': 'POST /webapi/connectionupgrade',
  'connectionupgrade under /v2': 'GET /v2/webapi/connectionupgrade',
  'an unknown path': 'GET /webapi/nosuch',
  'ping of a connector that is not there': 'GET /webapi/ping/nosuch',
};

const CALLS: Readonly<Record<string, (socket: TLSSocket) => Promise<unknown>>> = {
  GetClusterDetails: async (socket) => {
    const call = new GrpcStream(socket, Transport, 'getClusterDetails');
    call.send({});
    call.end();
    const status = await call.status;
    return { code: status.code, fips: call.received[0]?.details?.fipsEnabled };
  },
  'ProxyCluster of a cluster that is not there': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxyCluster');
    call.send({ cluster: 'nosuch' });
    return told(await call.status);
  },
  'ProxyCluster, a message without a frame': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxyCluster');
    call.send({});
    call.send({});
    return told(await call.status);
  },
  'ProxyCluster, no message': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxyCluster');
    call.end();
    return told(await call.status);
  },
  'ProxyCluster, ended by the client': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxyCluster');
    call.send({});
    call.end();
    return (await call.status).code;
  },
  'ProxySSH without a target': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({});
    return told(await call.status);
  },
  'ProxySSH without a port': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: 'nosuch', cluster: 'root.test' } });
    return told(await call.status);
  },
  'ProxySSH to a node that is not there': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: 'nosuch:0', cluster: 'root.test' } });
    return told(await call.status);
  },
  'ProxySSH to a cluster that is not there': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: 'nosuch:0', cluster: 'nosuch' } });
    return told(await call.status);
  },
  'ProxySSH, no message': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.end();
    return told(await call.status);
  },
  'ProxySSH without a host': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: ':0', cluster: 'root.test' } });
    return told(await call.status);
  },
  'ProxySSH to a node, another port': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: 'real:1', cluster: 'root.test' } });
    return told(await call.status);
  },
  'ProxySSH to a node': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    const two = new Promise<void>((resolve) => {
      call.onMessage = () => {
        if (call.received.length === 2) resolve();
      };
    });
    call.send({ dialTarget: { hostPort: 'real:0', cluster: 'root.test' } });
    // The end of what the client says is not the end of the connection.
    call.end();
    await Promise.race([two, call.status]);
    call.cancel();
    const [first, second] = call.received;
    return {
      details: first?.details?.fipsEnabled,
      frame: first?.frame,
      next: second?.frame?.$case,
      banner: second?.frame?.value.payload.subarray(0, 7).toString(),
    };
  },
  'ProxySSH without a cluster': async (socket) => {
    const call = new GrpcStream(socket, Transport, 'proxySSH');
    call.send({ dialTarget: { hostPort: 'nosuch:0', cluster: '' } });
    return told(await call.status);
  },
  'a service that is not there': async (socket) => {
    const call = new GrpcStream(socket, Auth, 'ping');
    call.send({});
    call.end();
    return await call.status;
  },
};

/** All that is asked of a proxy. */
export function proxyProbes(hasSeparatePorts: boolean): Probe[] {
  return [
    ...Object.entries(HANDSHAKES).map(([name, options]) => ({
      name: `handshake: ${name}`,
      run: (proxy: ProbedProxy) => handshake(proxy, options),
    })),
    ...(hasSeparatePorts ? Object.entries(PORT_HANDSHAKES) : []).map(([name, options]) => ({
      name: `handshake: ${name}`,
      run: (proxy: ProbedProxy) => handshake(proxy, options),
    })),
    ...Object.entries(HANDSHAKES).map(([name, options]) => ({
      name: `handshake inside an upgrade: ${name}`,
      run: async (proxy: ProbedProxy) => {
        const { stream } = await upgradeConnection(proxy.address);
        return await handshake(proxy, options, stream);
      },
    })),
    ...Object.entries(UPGRADES).map(([name, options]) => ({
      name: `upgrade: ${name}`,
      run: (proxy: ProbedProxy) => upgrade(proxy, options),
    })),
    ...Object.entries(REQUESTS).map(([name, line]) => ({
      name: `request: ${name}`,
      run: async (proxy: ProbedProxy) => {
        const socket = await rawTls({ to: proxy.address, protocols: ['http/1.1'] });
        const text = await exchangeText(socket, `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        return { status: /^HTTP\/1\.1 (\d+)/.exec(text)?.[1], body: jsonIn(text) };
      },
    })),
    ...Object.entries(CALLS).map(([name, call]) => ({
      name: `call: ${name}`,
      run: async (proxy: ProbedProxy) =>
        await call(await rawTls({ to: proxy.address, protocols: [TRANSPORT], identity: proxy.user })),
    })),
    {
      name: 'frames: a close frame',
      run: async (proxy: ProbedProxy) => {
        const { stream } = await upgradeConnection(proxy.address);
        stream?.sendRaw(clientFrame(8, Buffer.from([3, 232])));
        return { end: stream && (await endOf(stream)), opcodes: stream?.opcodes };
      },
    },
    {
      name: 'frames: not TLS inside',
      run: async (proxy: ProbedProxy) => {
        const { stream } = await upgradeConnection(proxy.address);
        stream?.write('GET / HTTP/1.1\r\n\r\n');
        return { end: stream && (await endOf(stream)), opcodes: stream?.opcodes };
      },
    },
    {
      name: 'frames: a ping and a text are not answered',
      run: async (proxy: ProbedProxy) => {
        const { stream } = await upgradeConnection(proxy.address);
        stream?.sendRaw(clientFrame(9, Buffer.from('x')));
        stream?.sendRaw(clientFrame(1, Buffer.from('x')));
        return { end: stream && (await endOf(stream)), opcodes: stream?.opcodes };
      },
    },
    {
      name: 'plain HTTP',
      run: async (proxy: ProbedProxy) => await exchangeText(await rawTcp(proxy.address), 'GET / HTTP/1.1\r\n\r\n'),
    },
  ];
}

async function handshake(proxy: ProbedProxy, options: Handshake, inside?: Duplex): Promise<unknown> {
  const { serverName = 'localhost', as, port = 'web' } = options;
  const addresses = { web: proxy.address, ssh: proxy.sshAddress, tunnel: proxy.tunnelAddress };
  const protocols = options.protocols(proxy);
  let socket: TLSSocket;
  try {
    socket = await rawTls({
      to: inside ?? (addresses[port] as string),
      serverName,
      ...(protocols && { protocols }),
      ...(as && { identity: proxy[as] }),
    });
  } catch (error) {
    return { refused: (error as { code?: string }).code };
  }
  const certificate = socket.getPeerX509Certificate();
  const isBy = (ca: string): boolean => certificate?.verify(new X509Certificate(ca).publicKey) ?? false;
  const by = isBy(proxy.webCa) ? 'web' : isBy(proxy.hostCa) ? 'host' : 'unknown';
  return { protocol: socket.alpnProtocol, by, end: await endOf(socket) };
}

/** What becomes of a connection on which nothing is said. */
async function endOf(stream: Duplex): Promise<string> {
  let reason = 'closed';
  stream.on('error', (error: Error & { code?: string }) => {
    reason = error.code ?? error.message;
  });
  stream.resume();
  const closed = stream.closed ? Promise.resolve() : new Promise((resolve) => stream.once('close', resolve));
  const isOpen = await Promise.race([
    closed.then(() => false),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(true), QUIET_MS)),
  ]);
  stream.destroy();
  return isOpen ? 'open' : reason;
}

async function upgrade(
  proxy: ProbedProxy,
  { headers, ...options }: { subprotocol?: string; headers?: Record<string, string> },
): Promise<unknown> {
  const answer = await upgradeConnection(proxy.address, {
    ...options,
    headers: { 'sec-websocket-key': DEFAULT_KEY, ...headers },
  });
  const named = ['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol', 'sec-websocket-version'];
  return {
    status: answer.status,
    headers: answer.stream ? named.map((name) => answer.headers[name]) : answer.headers['sec-websocket-version'],
    body: jsonIn(answer.body),
    end: answer.stream && (await endOf(answer.stream)),
  };
}

/** Go indents some of its answers. */
const jsonIn = (text: string): unknown =>
  text.includes('{') ? JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) : undefined;

/** The ports of connections are never the same. */
const told = ({ code, details }: { code: number; details: string }): unknown => ({
  code,
  details: details.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT'),
});
