import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { encodeClusterName } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { exchangeText, rawTls } from '../testing/raw-connection.ts';
import { clientFrame, type UpgradedConnection, upgradeConnection } from '../testing/upgraded-connection.ts';

const auth = [`teleport-auth@${encodeClusterName('root.test')}`, 'h2'];

let cluster: DevCluster;
let clock: FakeClock;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ name: 'root.test', clock });
});

afterAll(async () => {
  await cluster.stop();
});

async function upgraded(subprotocol = 'alpn', headers?: Record<string, string>): Promise<UpgradedConnection> {
  const { stream } = await upgradeConnection(cluster.proxyAddress, { subprotocol, ...(headers && { headers }) });
  if (!stream) throw new Error('no upgrade');
  return stream;
}

/** Read once: Node takes the certificate out of the connection. */
function shown(socket: TLSSocket): { byHostAuthority: boolean; byWebAuthority: boolean; names: string } {
  const certificate = socket.getPeerX509Certificate() as X509Certificate;
  const isBy = (ca = ''): boolean => certificate.verify(new X509Certificate(ca).publicKey);
  return {
    byHostAuthority: isBy(cluster.hostCaPems[0]),
    byWebAuthority: isBy(cluster.webCaPem),
    names: certificate.subjectAltName ?? '',
  };
}

describe('the request', () => {
  it.each([
    ['alpn', 'alpn'],
    ['alpn-ping', 'alpn-ping'],
    ['chat, alpn-ping, alpn', 'alpn-ping'],
  ])('takes the first subprotocol that it knows of %j', async (offered, chosen) => {
    const { status, headers, stream } = await upgradeConnection(cluster.proxyAddress, {
      subprotocol: offered,
      headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    });
    stream?.destroy();
    expect(status).toBe(101);
    expect(headers).toMatchObject({
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'sec-websocket-protocol': chosen,
    });
  });

  it('is agreed to and closed when it names no subprotocol that is known', async () => {
    const { status, headers, stream } = await upgradeConnection(cluster.proxyAddress, { subprotocol: 'chat' });
    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-protocol');
    stream?.resume();
    if (!stream?.closed) await once(stream as UpgradedConnection, 'close');
  });

  it.each([
    [{ upgrade: 'h2c' }, 404, 'unsupported upgrade types: [h2c]'],
    [{ upgrade: 'WebSocket' }, 404, 'unsupported upgrade types: [WebSocket]'],
    [{ connection: 'close' }, 400, "'upgrade' token not found in 'Connection' header"],
    [{ 'sec-websocket-version': '12' }, 400, "unsupported version: 13 not found in 'Sec-Websocket-Version' header"],
    [{ 'sec-websocket-key': 'abc' }, 400, "'Sec-WebSocket-Key' header must be Base64"],
  ])('is refused with %j', async (headers, status, text) => {
    const answer = await upgradeConnection(cluster.proxyAddress, { headers });
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect(answer.headers['sec-websocket-version']).toBe(status === 400 ? '13' : undefined);
  });

  it('of another path is answered as if it did not ask for an upgrade', async () => {
    const socket = await rawTls({ to: cluster.proxyAddress });
    const text = await exchangeText(
      socket,
      'GET /webapi/find HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toContain('"cluster_name":"root.test"');
  });
});

describe('inside', () => {
  it('auth answers for itself, under the authority of the cluster', async () => {
    const socket = await rawTls({ to: await upgraded(), protocols: auth, serverName: 'teleport.cluster.local' });
    expect(socket.alpnProtocol).toBe('h2');
    expect(shown(socket).byHostAuthority).toBe(true);
    socket.destroy();
  });

  it.each([
    [['http/1.1'], 'http/1.1'],
    [['teleport-proxy-grpc', 'h2'], 'h2'],
    [['teleport-reversetunnel'], 'teleport-reversetunnel'],
  ])('%j: the proxy shows the host certificate, not that of the web port', async (protocols, chosen) => {
    const socket = await rawTls({ to: await upgraded(), protocols });
    expect(socket.alpnProtocol).toBe(chosen);
    const { names, ...authority } = shown(socket);
    expect(authority).toEqual({ byHostAuthority: true, byWebAuthority: false });
    expect(names).toContain('DNS:teleport.cluster.local');
    expect(names).toContain('DNS:localhost');
    socket.destroy();
  });

  it('HTTP is answered, and an upgrade inside the upgrade too', async () => {
    const socket = await rawTls({ to: await upgraded(), protocols: ['http/1.1'] });
    const text = await exchangeText(
      socket,
      'GET /webapi/find HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(text).toContain('"cluster_name":"root.test"');
  });

  it('protocols that nobody serves are closed without an alert, and without a close frame', async () => {
    const stream = await upgraded();
    await expect(rawTls({ to: stream, protocols: ['nonsense'] })).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET/),
    });
    expect(stream.opcodes).toEqual([]);
  });

  it('it is closed when nothing is said for 15 seconds', async () => {
    const stream = await upgraded();
    stream.resume();
    // The answer is out before what is inside is waited for.
    await expect.poll(() => clock.timers).toBeGreaterThan(0);
    await clock.advance(15_000);
    if (!stream.closed) await once(stream, 'close');
    expect(stream.opcodes).toEqual([]);
  });

  it('what is no TLS is closed', async () => {
    const stream = await upgraded();
    stream.resume();
    stream.write('GET / HTTP/1.1\r\n\r\n');
    if (!stream.closed) await once(stream, 'close');
  });
});

describe('frames', () => {
  it('of any size, cut anywhere, without a mask, between others', async () => {
    const stream = await upgraded();
    const original = stream._write.bind(stream);
    let count = 0;
    stream._write = (bytes, encoding, done) => {
      stream.sendRaw(clientFrame(1, Buffer.from('text is dropped')));
      stream.sendRaw(clientFrame(9, Buffer.from('as is a ping')));
      if (count++ % 2 === 0) {
        stream.sendRaw(Buffer.from([0x82, 0])); // empty
        for (const byte of clientFrame(2, bytes)) stream.sendRaw(Buffer.from([byte]));
        done();
      } else original(bytes, encoding, done);
    };
    const socket = await rawTls({ to: stream, protocols: ['http/1.1'] });
    const text = await exchangeText(
      socket,
      `GET /webapi/find?${'x'.repeat(10_000)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toContain('"cluster_name":"root.test"');
    expect(new Set(stream.opcodes)).toEqual(new Set([2]));
  });

  it('a close frame ends the connection', async () => {
    const stream = await upgraded();
    const socket = await rawTls({ to: stream, protocols: auth });
    socket.resume();
    socket.on('error', () => {});
    stream.sendRaw(clientFrame(8, Buffer.from([3, 232])));
    if (!stream.closed) await once(stream, 'close');
  });

  it.each([
    ['alpn-ping', ['teleport']],
    ['alpn', []],
  ])('%s: pings after 30 s: %j', async (subprotocol, pings) => {
    const stream = await upgraded(subprotocol);
    const socket = await rawTls({ to: stream, protocols: auth });
    await clock.advance(30_000);
    if (pings.length > 0) await stream.pinged();
    expect(stream.pings).toEqual(pings);
    socket.destroy();
  });
});

describe('as it was before WebSockets', () => {
  const legacy = async (type: string): Promise<string> => {
    const socket = await rawTls({ to: cluster.proxyAddress, protocols: ['http/1.1'] });
    const text = await exchangeText(
      socket,
      `GET /webapi/connectionupgrade HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${type}\r\n\r\n`,
      (received) => received.endsWith('\r\n\r\n'),
    );
    socket.destroy();
    return text;
  };

  it.each(['alpn', 'alpn-ping'])('%s is agreed to', async (type) => {
    const answer = await legacy(type);
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(answer).toContain(`X-Teleport-Upgrade: ${type}\r\n`);
  });
});
