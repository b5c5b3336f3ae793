import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  GenerateIdentityRequest,
  WatchIdentityRequest,
  type WatchIdentityResponse,
} from '@teleport-ts/tbot-core/proto';
import { describe, expect, test, vi } from 'vitest';
import { client, ending, failure, generate, open, path } from '../test-support/credential-socket.ts';
import { openWithBot, stream } from '../test-support/credential-streams.ts';
import { RequestLimiter } from './policy/request-limits.ts';

const SERVICE = '/tbot.credentials.v1.DynamicCredentials';
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tlsPublicKey = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string);
const request = GenerateIdentityRequest.fromPartial({
  kind: { $case: 'application', value: { name: 'foo' } },
  tlsPublicKey,
});

/** A message as gRPC frames it. */
function framed(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.from([compressed, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** HTTP/2 without manners: what it does not read stays with the other side. */
async function session(initialWindowSize = 65_535): Promise<ClientHttp2Session> {
  const made = connectHttp2('http://localhost', {
    createConnection: () => connect({ path }),
    settings: { initialWindowSize },
  });
  made.on('error', () => {});
  ending.push(() => made.destroy());
  await once(made, 'remoteSettings');
  return made;
}

function begin(on: ClientHttp2Session, method: string, headers: Record<string, string> = {}): ClientHttp2Stream {
  const begun = on.request({
    ':method': 'POST',
    ':path': `${SERVICE}/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  return begun.on('error', () => {});
}

const ask = (on: ClientHttp2Session): ClientHttp2Stream => {
  const call = begin(on, 'GenerateIdentity');
  call.end(framed(GenerateIdentityRequest.encode(request).finish()));
  return call;
};

const isCut = (call: ClientHttp2Stream) => async () => {
  await new Promise((resolve) => setImmediate(resolve));
  return call.closed && call.rstCode === constants.NGHTTP2_CANCEL;
};

describe('a caller who wants to be waited for', () => {
  test('with a request that it never finishes is cut off', async () => {
    const { clock, asked } = await openWithBot();
    const on = await session();
    const half = framed(GenerateIdentityRequest.encode(request).finish()).subarray(0, 20);
    const calls = Array.from({ length: 100 }, (_, index) => {
      const call = begin(on, 'GenerateIdentity');
      // Some say nothing, some say half of it, some all but that they are done.
      if (index % 3 === 1) call.write(half);
      if (index % 3 === 2) call.write(framed(GenerateIdentityRequest.encode(request).finish()));
      return call;
    });
    await generate();
    await clock.advance(9000);
    expect(calls.some(({ closed }) => closed)).toBe(false);
    await clock.advance(6000);
    for (const call of calls) await expect.poll(isCut(call), { interval: 2 }).toBe(true);
    expect(asked).toHaveLength(1);
    await generate();
  });

  test('with an answer that it never reads is cut off', async () => {
    const { clock, counters } = await openWithBot();
    const call = ask(await session(0));
    await expect.poll(() => counters.status().issued).toBe(1);
    await clock.advance(29_000);
    expect(call.closed).toBe(false);
    await clock.advance(10_000);
    await expect.poll(isCut(call)).toBe(true);
    await generate();
  });

  test('with an answer of which it takes a byte a second is cut off', async () => {
    const { clock } = await openWithBot();
    const call = ask(await session(1));
    let bytes = 0;
    call.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      call.pause();
    });
    for (let second = 0; second < 60 && !call.closed; second++) {
      call.resume();
      await clock.advance(1000);
    }
    await expect.poll(isCut(call)).toBe(true);
    expect(bytes).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(100);
  });

  test('with a stream that it does not read gets nothing more made', async () => {
    const { clock, asked, socket } = await openWithBot();
    const call = begin(await session(0), 'WatchIdentity');
    call.end(framed(WatchIdentityRequest.encode(WatchIdentityRequest.fromPartial({ request })).finish()));
    await expect.poll(() => asked.length).toBe(1);
    await clock.advance(10 * 3_600_000);
    expect(asked).toHaveLength(1);
    expect(socket.status().streams).toBe(1);
    call.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => socket.status().streams).toBe(0);
  });
});

describe('a caller who sends', () => {
  test('much metadata, which packs well, is cut off before anything is kept of it', async () => {
    const { asked } = await openWithBot();
    const on = await session();
    const call = begin(on, 'GenerateIdentity', { 'x-long': 'y'.repeat(9000) });
    await expect.poll(() => call.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const usual = begin(on, 'GenerateIdentity', { 'x-long': 'y'.repeat(1000) });
    usual.end(framed(GenerateIdentityRequest.encode(request).finish()));
    expect((await once(usual, 'response'))[0]).toMatchObject({ ':status': 200 });
    expect(asked).toHaveLength(1);
  });

  test('metadata that no one can read writes nothing to the log with it', async () => {
    await open();
    const written = vi.spyOn(console, 'error');
    ending.push(() => written.mockRestore());
    const call = begin(await session(), 'GetStatus', { 'x-evil': '\u009b31mred' });
    call.end(framed(Buffer.alloc(0)));
    expect((await once(call, 'response'))[0]).toMatchObject({ ':status': 200 });
    expect(written).not.toHaveBeenCalled();
  });

  test('thousands of halves of requests loses the oldest, and nobody else anything', async () => {
    const { socket, asked } = await openWithBot();
    const watch = stream<WatchIdentityResponse>('watchIdentity', { request });
    await watch.count(1);
    const sessions = [await session(), await session(), await session()];
    const calls = Array.from({ length: 4200 }, (_, index) => begin(sessions[index % 3]!, 'GenerateIdentity'));
    await expect.poll(() => calls.filter(({ closed }) => closed).length, { timeout: 20_000 }).toBe(256);
    expect(calls.at(-1)?.closed).toBe(false);
    expect(watch.ended).toBeUndefined();
    expect(socket.status().streams).toBe(1);
    await generate();
    expect(asked).toHaveLength(2);
  });

  test('what unpacks to a large message is refused', async () => {
    const { records } = await open();
    const call = begin(await session(), 'GenerateIdentity', { 'grpc-encoding': 'gzip' });
    const headers = once(call, 'response');
    call.end(framed(gzipSync(Buffer.alloc(50_000_000)), 1));
    expect((await headers)[0]).toMatchObject({ 'grpc-status': '8' });
    expect(records).toHaveLength(0);
    await generate();
  });

  test('no message of ours is told so', async () => {
    await open();
    const call = begin(await session(), 'GenerateIdentity');
    const headers = once(call, 'response');
    call.end(framed(Buffer.alloc(500, 0xff)));
    expect((await headers)[0]).toMatchObject({ 'grpc-status': '13' });
    await generate();
  });

  test('thousands of health watches gets as many as there are streams', async () => {
    const { socket } = await open({ limiter: new RequestLimiter({ streams: 10 }, () => 0) });
    const on = await session();
    const calls = Array.from({ length: 30 }, () => {
      const call = on.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Watch',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      call.on('error', () => {}).end(framed(Buffer.alloc(0)));
      return call;
    });
    const statuses = await Promise.all(calls.map(async (call) => (await once(call, 'response'))[0]['grpc-status']));
    expect(statuses.filter((status) => status === undefined)).toHaveLength(10);
    expect(statuses.filter((status) => status === '8')).toHaveLength(20);
    expect(socket.status().streams).toBe(10);
  });
});

describe('many callers', () => {
  const [clients, each] = process.env.SOAK ? [200, 50] : [40, 15];

  test('at once are served, or refused with the time to come back, and nobody hangs', async () => {
    const limiter = new RequestLimiter({ rate: { perSecond: 50, burst: 100 } }, () => 0);
    const { socket, counters } = await openWithBot({ limiter });
    const seen = { served: 0, refused: 0 };
    await Promise.all(
      Array.from({ length: clients }, async () => {
        const one = client();
        await Promise.all(
          Array.from({ length: each }, async () => {
            const answer = generate({ tlsPublicKey }, one, 120_000);
            await answer.then(
              () => {
                seen.served += 1;
              },
              async () => {
                expect(await failure(answer)).toMatchObject({ code: 8, failure: { retryAfter: {} } });
                seen.refused += 1;
              },
            );
          }),
        );
        one.close();
      }),
    );
    expect(seen).toEqual({ served: 100, refused: clients * each - 100 });
    expect(counters.status()).toMatchObject({ issued: 100, refused: clients * each - 100 });
    await expect.poll(() => socket.status().connections).toBe(0);
  });

  test('hold streams, are all renewed in time, and are let go', async () => {
    const count = process.env.SOAK ? 1000 : 100;
    const { clock, socket, asked } = await openWithBot();
    const on = [client(), client()];
    const seen = Array.from({ length: count }, (_, index) =>
      stream<WatchIdentityResponse>('watchIdentity', { request }, { on: on[index % 2]! }),
    );
    for (const one of seen) await one.count(1);
    expect(socket.status()).toMatchObject({ streams: count, connections: 2, issued: count });
    await clock.advance(40 * 60_000);
    for (const one of seen) await one.count(2);
    expect(asked).toHaveLength(2 * count);
    for (const one of seen) one.stream.cancel();
    await expect.poll(() => socket.status().streams).toBe(0);
    // What is left is the look after the socket's file, at most.
    await expect.poll(() => clock.advance(5000).then(() => clock.timers)).toBeLessThan(2);
  });
});
