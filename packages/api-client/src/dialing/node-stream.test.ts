import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTLS } from '../index.ts';
import { type NodeStreamOptions, openNodeStream } from '../ssh.ts';

let node: Server;
let onConnection: (socket: Socket) => void;
let port: number;
let multiplexed: DevCluster;
let separate: DevCluster;

beforeAll(async () => {
  node = createServer((socket) => onConnection(socket.on('error', () => {})));
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  ({ port } = node.address() as AddressInfo);
  [multiplexed, separate] = await Promise.all([
    DevCluster.start({ name: 'one.test' }),
    DevCluster.start({ name: 'two.test', proxyListenerMode: 'separate' }),
  ]);
  for (const cluster of [multiplexed, separate]) {
    cluster.upsertRole({ name: 'ops', allow: {} });
    cluster.upsertUser({ name: 'alice', roles: ['ops'] });
    cluster.addNode({ hostname: 'web-1', addr: `127.0.0.1:${port}` });
    cluster.addNode({ hostname: 'gone', addr: '127.0.0.1:1' });
  }
});
afterAll(async () => {
  await Promise.all([multiplexed?.stop(), separate?.stop()]);
  node?.close();
});

async function optionsOf(cluster: DevCluster): Promise<NodeStreamOptions> {
  const { cert, key, cas } = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 60_000 });
  return {
    proxy: cluster.proxyAddress,
    credentials: loadTLS({ cert, key, ca: cas.join('') }),
    trust: { webCa: [cluster.webCaPem] },
    host: 'web-1',
  };
}

/** The next connection that the node gets. */
function accepted(): Promise<Socket> {
  return new Promise((resolve) => {
    onConnection = resolve;
  });
}

/** Opens a stream, and gives it with the node's end. */
async function connected(options: NodeStreamOptions): Promise<{ stream: Duplex; far: Socket }> {
  const accepting = accepted();
  const [stream, far] = await Promise.all([openNodeStream(options), accepting]);
  return { stream, far };
}

async function speaks(options: NodeStreamOptions): Promise<void> {
  const { stream, far } = await connected(options);
  stream.write('hello');
  expect(String((await once(far, 'data'))[0])).toBe('hello');
  far.write('SSH-2.0-test');
  expect(String((await once(stream, 'data'))[0])).toBe('SSH-2.0-test');
  const closed = once(far, 'close');
  stream.destroy();
  await closed;
}

describe('a node is reached', () => {
  test.each([{}, { tlsRouting: true }, { connectionUpgrade: true }, { port: 'own' }])(
    'on the web port: %j',
    async (way) => {
      await speaks({ ...(await optionsOf(multiplexed)), ...way, ...(way.port && { port }) } as NodeStreamOptions);
    },
  );

  test('on the SSH port, asked for or named', async () => {
    const options = await optionsOf(separate);
    await speaks(options);
    await speaks({ ...options, proxy: separate.proxySshAddress ?? '', tlsRouting: false });
  });
});

test('much goes both ways, at the pace of who reads', async () => {
  const { stream, far } = await connected(await optionsOf(multiplexed));
  far.pipe(far);
  const block = Buffer.alloc(1024 * 1024, 7);
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  for (let count = 0; count < 8; count++) if (!stream.write(block)) await once(stream, 'drain');
  await expect.poll(() => received).toBe(8 * block.length);
  // Nobody reads any more: the node is held up, and nothing piles up here.
  stream.pause();
  await new Promise<void>((resolve) => {
    const more = (): void => {
      if (far.write(block)) setImmediate(more);
      else resolve();
    };
    more();
  });
  expect(stream.readableLength).toBeLessThan(block.length);
  stream.destroy();
});

test('the end of the connection is the end of the stream', async () => {
  const { stream, far } = await connected(await optionsOf(multiplexed));
  const ended = once(stream, 'end');
  stream.resume();
  far.end('bye');
  await ended;
  stream.destroy();
});

test('a quiet connection is pinged, and one that does not answer is given up', async () => {
  // Between this side and the proxy, which can be made to hear nothing.
  const web = Number(multiplexed.proxyAddress.split(':')[1]);
  const held: Socket[] = [];
  const relay = createServer((near) => {
    const through = connectTcp({ host: '127.0.0.1', port: web }).on('error', () => near.destroy());
    held.push(near.on('error', () => through.destroy()));
    near.pipe(through).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const proxy = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const clock = new FakeClock();
  const way = { proxy, clock, tlsRouting: true, connectionUpgrade: false };
  const { stream } = await connected({ ...(await optionsOf(multiplexed)), ...way });
  const failed = once(stream, 'error');
  await clock.advance(65_000);
  // The answer to the ping puts the next one off.
  await expect.poll(() => clock.nextTimerAt).toBe(clock.now() + 65_000);
  for (const near of held) near.unpipe().pause();
  await clock.advance(65_000);
  await clock.advance(20_000);
  expect((await failed)[0]).toMatchObject({ code: 'connection_problem', message: 'the proxy has gone silent' });
  relay.close();
  for (const near of held) near.destroy();
});

describe('what cannot be reached is told apart', () => {
  async function refusal(change: Partial<NodeStreamOptions>): Promise<unknown> {
    const options = { ...(await optionsOf(multiplexed)), ...change };
    return await openNodeStream(options).then(
      () => expect.fail('it was opened'),
      (error: unknown) => error,
    );
  }

  test('a node that there is not', async () => {
    const error = await refusal({ host: 'nosuch' });
    expect(error).toMatchObject({ code: 'not_found', retryable: false });
    expect(String(error)).toContain('there is no node "nosuch" in cluster one.test');
    expect(await refusal({ port: 9 })).toMatchObject({ code: 'not_found' });
    expect(await refusal({ cluster: 'nosuch.test' })).toMatchObject({ code: 'not_found' });
  });

  test('a node that does not answer, a proxy that does not', async () => {
    expect(await refusal({ host: 'gone' })).toMatchObject({ code: 'connection_problem' });
    expect(await refusal({ proxy: '127.0.0.1:1', tlsRouting: true })).toMatchObject({ code: 'connection_problem' });
  });

  test('a foreign certificate', async () => {
    const { credentials } = await optionsOf(separate);
    expect(await refusal({ credentials })).toMatchObject({ retryable: false });
  });

  test('whoever gives up', async () => {
    const reason = new Error('enough');
    expect(await refusal({ signal: AbortSignal.abort(reason) })).toBe(reason);
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const proxy = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const giving = new AbortController();
    silent.once('connection', () => giving.abort(reason));
    expect(await refusal({ proxy, tlsRouting: true, connectionUpgrade: false, signal: giving.signal })).toBe(reason);
    silent.close();
  });
});
