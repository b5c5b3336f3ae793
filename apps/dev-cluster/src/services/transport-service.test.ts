import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { GrpcCode } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TransportServiceDefinition as Transport } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { UserCredentials } from '../issuing/user-credentials.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { ClusterConnection, GrpcStream } from '../testing/grpc-stream.ts';
import { rawTls } from '../testing/raw-connection.ts';
import { upgradeConnection } from '../testing/upgraded-connection.ts';

const ALPN = ['teleport-proxy-ssh-grpc'];

let cluster: DevCluster;
let clock: FakeClock;
let alice: UserCredentials;
let stranger: UserCredentials;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({
    name: 'root.test',
    clock,
    leaves: [{ name: 'leaf.test', roleMap: { reader: ['reader'] } }],
  });
  for (const each of [cluster, cluster.leaf('leaf.test')]) {
    each.upsertRole({ name: 'reader', allow: { rules: [{ resources: ['role'], verbs: ['list', 'read'] }] } });
    each.upsertUser({ name: 'alice', roles: ['reader'] });
  }
  alice = await cluster.issueUserCredentials({ user: 'alice' });
  stranger = await cluster.leaf('leaf.test').issueUserCredentials({ user: 'alice' });
});

afterAll(async () => {
  await cluster.stop();
});

const dial = (identity: UserCredentials | undefined, protocols: readonly string[] = ALPN): Promise<TLSSocket> =>
  rawTls({ to: cluster.proxyAddress, protocols, serverName: 'teleport.cluster.local', ...(identity && { identity }) });

const transport = async <N extends 'getClusterDetails' | 'proxyCluster' | 'proxySSH'>(
  name: N,
): Promise<GrpcStream<typeof Transport, N>> => new GrpcStream(await dial(alice), Transport, name);

describe('the listener', () => {
  it.each([
    [ALPN, 'teleport-proxy-ssh-grpc'],
    [[...ALPN, 'h2'], 'h2'],
  ])('%j: %s is chosen', async (offered, chosen) => {
    const socket = await dial(alice, offered);
    expect(socket.alpnProtocol).toBe(chosen);
    socket.destroy();
  });

  it('demands a certificate, by an alert', async () => {
    const call = new GrpcStream(await dial(undefined), Transport, 'getClusterDetails');
    call.send({});
    expect(await call.status).toEqual({ code: -1, details: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
  });

  it('takes no certificate of another cluster, and none that has ended', async () => {
    const short = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 60_000 });
    const ask = async (identity: UserCredentials) => {
      const call = new GrpcStream(await dial(identity), Transport, 'getClusterDetails');
      call.send({});
      call.end();
      return (await call.status).details;
    };
    expect(await ask(short)).toBe('OK');
    await clock.advance(61_000);
    expect(await ask(short)).toBe('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED');
    expect(await ask(stranger)).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
  });

  it('serves nothing of auth', async () => {
    const call = new GrpcStream(await dial(alice), AuthServiceDefinition, 'ping');
    call.send({});
    expect(await call.status).toEqual({ code: GrpcCode.UNIMPLEMENTED, details: 'unknown service proto.AuthService' });
  });
});

describe('GetClusterDetails', () => {
  it('says that there is no FIPS mode', async () => {
    const call = await transport('getClusterDetails');
    call.send({});
    call.end();
    expect(await call.status).toMatchObject({ code: GrpcCode.OK });
    expect(call.received).toMatchObject([{ details: { fipsEnabled: false } }]);
    expect(cluster.calls.list('GetClusterDetails').at(-1)).toMatchObject({ user: 'alice' });
  });
});

describe('ProxyCluster', () => {
  const pingThrough = async (proxy: TLSSocket, name: string): Promise<string | undefined> => {
    const connection = new ClusterConnection(proxy, name);
    const inner = await rawTls({
      to: connection,
      protocols: ['h2'],
      serverName: 'teleport.cluster.local',
      identity: alice,
    });
    const call = new GrpcStream(inner, AuthServiceDefinition, 'ping', { version: '18.0.0' });
    call.send({});
    call.end();
    await call.status;
    connection.destroy();
    return call.received[0]?.ClusterName;
  };

  it.each([
    ['', 'root.test'],
    ['root.test', 'root.test'],
    ['leaf.test', 'leaf.test'],
  ])('%j reaches the auth service of %s', async (name, reached) => {
    expect(await pingThrough(await dial(alice), name)).toBe(reached);
  });

  it('works inside a connection upgrade', async () => {
    const { stream } = await upgradeConnection(cluster.proxyAddress);
    if (!stream) throw new Error('no upgrade');
    const socket = await rawTls({ to: stream, protocols: ALPN, identity: alice });
    expect(await pingThrough(socket, 'leaf.test')).toBe('leaf.test');
  });

  it('a cluster that is not there', async () => {
    const call = await transport('proxyCluster');
    call.send({ cluster: 'nope' });
    expect(await call.status).toEqual({
      code: GrpcCode.NOT_FOUND,
      details: 'failed dialing cluster "nope"\n\tcluster "nope" is not found',
    });
  });

  it('a message without a frame', async () => {
    const call = await transport('proxyCluster');
    call.send({ cluster: 'root.test' });
    call.send({});
    expect(await call.status).toEqual({
      code: GrpcCode.INVALID_ARGUMENT,
      details: expect.stringMatching(/^readfrom tcp .*: failed to receive from source: received invalid frame$/),
    });
  });

  it('ends both ways at once when the client ends its own', async () => {
    const call = await transport('proxyCluster');
    call.send({ cluster: 'root.test', frame: { payload: Buffer.alloc(0) } });
    call.end();
    expect(await call.status).toEqual({ code: GrpcCode.OK, details: 'OK' });
  });

  it('a cluster that is cut off in the middle', async () => {
    const connection = new ClusterConnection(await dial(alice), 'leaf.test');
    const inner = await rawTls({ to: connection, protocols: ['h2'], identity: alice });
    inner.on('error', () => {});
    cluster.leaf('leaf.test').partition();
    expect((await connection.status).code).toBe(GrpcCode.OK);
    const call = await transport('proxyCluster');
    call.send({ cluster: 'leaf.test' });
    expect((await call.status).code).toBe(GrpcCode.NOT_FOUND);
    cluster.leaf('leaf.test').heal();
  });
});

describe('ProxySSH', () => {
  let node: Server;
  let id: string;

  beforeAll(async () => {
    node = createServer((socket) => {
      socket.write('SSH-2.0-test\r\n');
      socket.on('error', () => {}).pipe(socket);
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const addr = `127.0.0.1:${(node.address() as AddressInfo).port}`;
    id = cluster.addNode({ hostname: 'node-1', addr });
    cluster.addNode({ hostname: 'nowhere' });
    cluster.addNode({ hostname: 'gone', addr: '127.0.0.1:1' });
    for (let twin = 0; twin < 2; twin++) cluster.addNode({ hostname: 'twin', addr });
    cluster.leaf('leaf.test').addNode({ hostname: 'leaf-node', addr });
  });

  afterAll(async () => {
    await new Promise((resolve) => node.close(resolve));
  });

  it.each([
    ['node-1:0', 'root.test'],
    [() => `${id}:0`, 'root.test'],
    [() => `node-1:${(node.address() as AddressInfo).port}`, 'root.test'],
    ['leaf-node:0', 'leaf.test'],
  ])(
    '%s of %s: details first, then its bytes, 1 MB both ways, also after the client has said all',
    async (target, name) => {
      const call = await transport('proxySSH');
      const sent = randomBytes(1_000_000);
      const hostPort = typeof target === 'string' ? target : target();
      call.send({
        dialTarget: { hostPort, cluster: name },
        frame: { $case: 'ssh', value: { payload: sent.subarray(0, 7) } },
      });
      for (let at = 7; at < sent.length; at += 30_000) {
        call.send({
          frame: { $case: 'ssh', value: { payload: sent.subarray(at, Math.min(at + 30_000, sent.length)) } },
        });
      }
      call.send({ frame: { $case: 'agent', value: { payload: Buffer.from('not for the node') } } });
      call.end();
      const bytes = (): Buffer =>
        Buffer.concat(call.received.flatMap(({ frame }) => (frame ? [frame.value.payload] : [])));
      const greeting = Buffer.from('SSH-2.0-test\r\n');
      await new Promise<void>((resolve) => {
        let count = 0;
        call.onMessage = ({ frame }) => {
          count += frame?.value.payload.length ?? 0;
          if (count === greeting.length + sent.length) resolve();
        };
      });
      call.cancel();
      expect(call.received[0]).toMatchObject({ details: { fipsEnabled: false }, frame: undefined });
      expect(call.received.slice(1).every(({ frame }) => frame?.$case === 'ssh')).toBe(true);
      expect(bytes().equals(Buffer.concat([greeting, sent]))).toBe(true);
    },
  );

  it('a cancelled call lets go of the node', async () => {
    const call = await transport('proxySSH');
    const greeted = new Promise<void>((resolve) => {
      call.onMessage = ({ frame }) => frame && resolve();
    });
    call.send({ dialTarget: { hostPort: 'node-1:0', cluster: 'root.test' } });
    await greeted;
    call.cancel();
    const open = () => new Promise<number>((resolve) => node.getConnections((_error, count) => resolve(count)));
    await expect.poll(open).toBe(0);
  });

  it.each([
    [{}, GrpcCode.INVALID_ARGUMENT, 'first frame must contain a dial target'],
    [{ hostPort: 'node-1', cluster: 'root.test' }, GrpcCode.INVALID_ARGUMENT, 'invalid hostport'],
    [{ hostPort: ':0', cluster: 'root.test' }, GrpcCode.UNKNOWN, 'cannot route to empty target host'],
    [{ hostPort: 'node-1:0', cluster: '' }, GrpcCode.NOT_FOUND, 'looking up remote cluster ""'],
    [{ hostPort: 'node-1:0', cluster: 'leaf.test' }, GrpcCode.UNAVAILABLE, 'not found in inventory'],
    [{ hostPort: 'node-1:1', cluster: 'root.test' }, GrpcCode.UNAVAILABLE, 'not found in inventory'],
    [{ hostPort: 'node-1.root.test:0', cluster: 'root.test' }, GrpcCode.UNAVAILABLE, 'not found in inventory'],
    [{ hostPort: 'twin:0', cluster: 'root.test' }, GrpcCode.NOT_FOUND, 'ambiguous host'],
    [{ hostPort: 'nowhere:0', cluster: 'root.test' }, GrpcCode.UNAVAILABLE, 'has no address'],
    [{ hostPort: 'gone:0', cluster: 'root.test' }, GrpcCode.UNAVAILABLE, 'ECONNREFUSED'],
  ])('%j: %i %s', async (target, code, text) => {
    const call = await transport('proxySSH');
    call.send('hostPort' in target ? { dialTarget: target } : {});
    expect(await call.status).toEqual({ code, details: expect.stringContaining(text) });
  });
});
