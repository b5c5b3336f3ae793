import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type UpgradeServer, upgradeServer } from '../../test-support/upgrade-server.ts';
import { openUpgrade } from './connection-upgrade.ts';
import { DialError } from './dial-failure.ts';

const never = new AbortController().signal;

function open(server: UpgradeServer, options: { signal?: AbortSignal; webCa?: string[] } = {}) {
  const stages: string[] = [];
  const web = { webCa: options.webCa ?? [server.ca] };
  const target = { host: 'localhost', port: server.port, web };
  return { stages, stream: openUpgrade(target, options.signal ?? never, (stage) => stages.push(stage)) };
}

async function failure(opening: Promise<Duplex>) {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DialError)) throw new Error('it did not end as expected', { cause: error });
  return error.failure;
}

/** A proper answer, whatever comes after it. */
function accept(request: IncomingMessage, headers = 'Sec-WebSocket-Protocol: alpn-ping\r\n'): string {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const sum = createHash('sha1').update(key).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${sum}\r\n${headers}\r\n`;
}

test('bytes go both ways, in whatever pieces, and an end ends all', async () => {
  await using server = await upgradeServer({
    onStream: (send, _close, received) => received((bytes) => send(bytes)),
  });
  const { stream, stages } = open(server);
  const upgraded = await stream;
  expect(stages).toEqual(['dns', 'tcp', 'tls', 'upgrade']);
  expect(server.asked).toEqual([{ path: '/webapi/connectionupgrade', protocol: 'alpn-ping' }]);
  const sent = Buffer.alloc(3_000_000, 'teleport');
  const echoed = new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    upgraded.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= sent.length) resolve(Buffer.concat(chunks));
    });
  });
  upgraded.write(sent.subarray(0, 1));
  upgraded.write(sent.subarray(1));
  expect(sent.equals(await echoed)).toBe(true);
  upgraded.destroy();
  await expect.poll(() => server.open.size).toBe(0);
});

describe('an answer that is no upgrade', () => {
  test.each([
    ['404 Not Found', 'it answered 404', 'Upgrade header', false],
    ['200 OK', 'it answered 200', 'in front of the proxy', false],
    ['503 Later', 'it answered 503', 'in front of the proxy', true],
  ])('%s', async (status, message, hint, retryable) => {
    await using server = await upgradeServer({
      answer: (_request, socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`),
    });
    const { stage, error } = await failure(open(server).stream);
    expect([stage, error.code, error.retryable]).toEqual(['upgrade', 'connection_problem', retryable]);
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test.each([
    ['without the protocol', (request: IncomingMessage) => accept(request, ''), 'no subprotocol'],
    [
      'with another protocol',
      (request: IncomingMessage) => accept(request, 'Sec-WebSocket-Protocol: x\r\n'),
      'invalid subprotocol',
    ],
    [
      'with a wrong sum',
      (request: IncomingMessage) => accept(request).replace(/Accept: ./, 'Accept: _'),
      'Sec-WebSocket-Accept',
    ],
    [
      'of something else',
      () => 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      'Upgrade header',
    ],
  ])('101 %s', async (_what, answer, message) => {
    await using server = await upgradeServer({ answer: (request, socket) => socket.write(answer(request)) });
    const { stage, error } = await failure(open(server).stream);
    expect([stage, error.retryable]).toEqual(['upgrade', false]);
    expect(error.message).toContain(message);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test('no HTTP at all', async () => {
    await using server = await upgradeServer({ answer: (_request, socket) => socket.end('SSH-2.0-x\r\n\r\n') });
    await expect(failure(open(server).stream)).resolves.toMatchObject({ stage: 'upgrade' });
    await expect.poll(() => server.open.size).toBe(0);
  });

  test('none: it ends with the signal', async () => {
    let onAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    await using server = await upgradeServer({ answer: () => onAsked() });
    const controller = new AbortController();
    const { stream } = open(server, { signal: controller.signal });
    await asked;
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(stream).rejects.toBe(reason);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test('a web certificate that nobody trusts', async () => {
    await using server = await upgradeServer({});
    const { stage, error } = await failure(open(server, { webCa: [] }).stream);
    expect([stage, error.retryable]).toEqual(['tls', false]);
    expect(error.message).toContain('the web certificate of https://localhost');
    await expect.poll(() => server.open.size).toBe(0);
  });
});

describe('after the upgrade', () => {
  test.each([
    ['a masked frame', Buffer.from([0x82, 0x81, 1, 2, 3, 4, 5])],
    ['reserved bits', Buffer.from([0xf2, 0x01, 0])],
    ['a frame larger than any', Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
  ])('%s ends it at once', async (_what, bytes) => {
    await using server = await upgradeServer({
      answer: (request, socket) => {
        socket.write(accept(request));
        socket.write(bytes);
      },
    });
    const stream = await open(server).stream;
    const [error] = (await once(stream, 'error').catch((reason: unknown) => [reason])) as [Error];
    expect(error).toBeInstanceOf(Error);
    await expect.poll(() => server.open.size).toBe(0);
  });

  test.each(['a goodbye', 'a cut'])('%s is the end of the stream', async (how) => {
    await using server = await upgradeServer({
      answer: (request, socket) => {
        socket.write(accept(request));
        if (how === 'a goodbye') socket.write(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
        else socket.destroy();
      },
    });
    const stream = await open(server).stream;
    stream.on('error', () => {}).resume();
    await once(stream, 'close');
    await expect.poll(() => server.open.size).toBe(0);
  });
});

test('whatever comes instead of frames, the stream ends with its connection', async () => {
  let bytes = Buffer.alloc(0);
  await using server = await upgradeServer({
    answer: (request, socket) => {
      socket.write(accept(request));
      socket.end(bytes);
    },
  });
  const ends = async (sent: Uint8Array): Promise<void> => {
    bytes = Buffer.from(sent);
    const stream = await open(server).stream;
    stream.on('error', () => {}).resume();
    if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
  };
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), ends), { numRuns: process.env.SOAK ? 2_000 : 50 });
  await expect.poll(() => server.open.size).toBe(0);
});
