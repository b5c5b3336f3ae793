import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { encodeClusterName } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { ConnectProxy } from './connect-proxy.ts';
import { L7Balancer } from './l7-balancer.ts';
import { rawTls } from './raw-connection.ts';
import { upgradeConnection } from './upgraded-connection.ts';

const auth = [`teleport-auth@${encodeClusterName('root.test')}`, 'h2'];
let cluster: DevCluster;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.test' });
});

afterAll(async () => {
  await cluster.stop();
});

async function status(address: string, ca: string): Promise<number | undefined> {
  const [host, port] = address.split(':');
  const asking = request({ host, port, path: '/webapi/find', ca, agent: false }).end();
  const [response] = await once(asking, 'response');
  response.resume();
  return response.statusCode;
}

describe('L7Balancer', () => {
  it('forwards HTTP, refuses all ALPN but HTTP, and carries upgrades', async () => {
    await using balancer = await L7Balancer.start({ to: cluster.proxyAddress });
    expect(await status(balancer.address, balancer.caPem)).toBe(200);
    await expect(rawTls({ to: balancer.address, protocols: auth })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
    const { headers, stream } = await upgradeConnection(balancer.address, { subprotocol: 'alpn-ping' });
    expect(headers).toMatchObject({ connection: 'upgrade', 'sec-websocket-protocol': 'alpn-ping' });
    const inner = await rawTls({ to: stream as Duplex, protocols: auth });
    expect(inner.alpnProtocol).toBe('h2');
    const closed = new Promise((resolve) => inner.on('error', () => {}).once('close', resolve));
    balancer.cut();
    await closed;
    expect(balancer.forwarded).toEqual([
      { method: 'GET', url: '/webapi/find' },
      { method: 'GET', url: '/webapi/connectionupgrade', upgrade: 'websocket' },
    ]);
  });

  it('may not know of upgrades', async () => {
    await using balancer = await L7Balancer.start({ to: cluster.proxyAddress, dropsUpgrades: true });
    const answer = await upgradeConnection(balancer.address);
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('unsupported upgrade types: []');
  });

  it('may take HTTP/2 for itself', async () => {
    await using balancer = await L7Balancer.start({ to: cluster.proxyAddress, acceptsHttp2: true });
    const socket = await rawTls({ to: balancer.address, protocols: auth });
    expect(socket.alpnProtocol).toBe('h2');
    socket.destroy();
  });
});

describe('ConnectProxy', () => {
  const ask = async (
    proxy: ConnectProxy,
    target: string,
    login?: string,
  ): Promise<{ answer: string; socket: Duplex }> => {
    const [host = '', port] = proxy.address.split(':');
    const socket = proxy.caPem ? await rawTls({ to: proxy.address }) : connect({ host, port: Number(port) });
    const authorization = login ? `Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}\r\n` : '';
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
    const [answer] = await once(socket, 'data');
    return { answer: String(answer).split('\r\n')[0] ?? '', socket };
  };

  it.each([false, true])('connects, by TLS: %s', async (isSecure) => {
    await using proxy = await ConnectProxy.start({
      isSecure,
      routes: { 'proxy.example.com:443': cluster.proxyAddress },
    });
    const { answer, socket } = await ask(proxy, 'proxy.example.com:443');
    expect(answer).toBe('HTTP/1.1 200 Connection established');
    const inner = await rawTls({ to: socket, protocols: auth });
    expect(inner.alpnProtocol).toBe('h2');
    inner.destroy();
    expect(proxy.asked).toEqual([{ target: 'proxy.example.com:443', status: 200 }]);
  });

  it('demands its password, and says what it cannot reach', async () => {
    await using proxy = await ConnectProxy.start({ login: { user: 'u', password: 'p' } });
    expect(proxy.url).toBe(`http://u:p@${proxy.address}`);
    const answers = [];
    for (const login of [undefined, 'u:q', 'u:p']) {
      const { answer, socket } = await ask(proxy, '127.0.0.1:1', login);
      answers.push(answer);
      socket.destroy();
    }
    expect(answers).toEqual([
      'HTTP/1.1 407 Proxy Authentication Required',
      'HTTP/1.1 407 Proxy Authentication Required',
      'HTTP/1.1 502 Bad Gateway',
    ]);
    expect(proxy.asked.map(({ status }) => status)).toEqual([407, 407, 502]);
  });
});
