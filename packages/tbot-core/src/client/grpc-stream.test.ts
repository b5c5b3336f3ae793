import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { GrpcCode } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { AnsweringServer, echo } from '../../test-support/answering-server.ts';
import { answer, HELLO, OK_HEADERS } from '../../test-support/grpc-answers.ts';
import { GrpcCaller } from './grpc-caller.ts';
import { GrpcFailure } from './grpc-failure.ts';
import { frameMessage } from './grpc-framing.ts';

let server: AnsweringServer;
let caller: GrpcCaller;

beforeAll(async () => {
  server = await AnsweringServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  caller = new GrpcCaller({ path: server.path, userAgent: 'test' });
});
afterEach(() => caller.close());

const KIB = Buffer.alloc(1024, 'a');

/** Answers without end, as fast as the client takes them; `sent` counts the messages. */
function endless(): { readonly sent: () => number; readonly stream: Promise<ServerHttp2Stream> } {
  let sent = 0;
  const { promise, resolve } = withResolver<ServerHttp2Stream>();
  server.answer = (stream) => {
    stream.respond(OK_HEADERS);
    const write = (): void => {
      while (!stream.destroyed) {
        sent += 1;
        if (!stream.write(frameMessage(KIB))) break;
      }
    };
    stream.on('drain', write);
    write();
    resolve(stream);
  };
  return { sent: () => sent, stream: promise };
}

function withResolver<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function failureOf(step: Promise<unknown>): Promise<unknown> {
  return await step.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
}

test('a reader that stops makes the server wait, and holds up no other call on the connection', async () => {
  const { sent, stream } = endless();
  const answers = caller.serverStream(echo, 'request');
  expect((await answers.next()).value).toHaveLength(1024);
  const flood = await stream;
  server.answer = answer([HELLO]);
  for (let i = 0; i < 50; i++) expect(await caller.unary(echo, 'request')).toBe('hello');
  // Windows of HTTP/2 and buffers of both sides, and no more.
  const stopped = sent();
  expect(stopped).toBeLessThan(400);
  for (let i = 0; i < 3 * stopped; i++) await answers.next();
  expect(sent()).toBeGreaterThan(3 * stopped);
  await answers.return!();
  await once(flood, 'close');
});

test('leaving the loop cancels the call at the server', async () => {
  const { stream } = endless();
  for await (const _ of caller.serverStream(echo, 'request')) break;
  const left = await stream;
  if (!left.closed) await once(left, 'close');
  expect(left.rstCode).toBe(8);
});

test('a call begins when its first answer is asked for, and one that nobody asked never', async () => {
  server.received.length = 0;
  server.answer = answer([HELLO]);
  const left = caller.serverStream(echo, 'request');
  const answers = caller.serverStream(echo, 'request');
  await left.return!();
  expect(await left.next()).toEqual({ done: true, value: undefined });
  expect(await answers.next()).toEqual({ done: false, value: 'hello' });
  expect(await answers.next()).toEqual({ done: true, value: undefined });
  expect(await answers.next()).toEqual({ done: true, value: undefined });
  expect(server.received).toHaveLength(1);
  expect(server.received[0]!['grpc-timeout']).toBeUndefined();
});

test('a failure comes behind the answers, once', async () => {
  server.answer = answer([HELLO, HELLO], { 'grpc-status': '14', 'grpc-message': 'gone', 'why-bin': 'AAE=' });
  const answers = caller.serverStream(echo, 'request');
  await answers.next();
  await answers.next();
  const failure = await failureOf(answers.next());
  expect(failure).toMatchObject({ code: GrpcCode.UNAVAILABLE, message: 'gone', trailers: { 'why-bin': 'AAE=' } });
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

test('an abort is its reason, at once: before, while waiting, and with answers that nobody has taken', async () => {
  const reason = new Error('enough');
  const before = caller.serverStream(echo, 'request', { signal: AbortSignal.abort(reason) });
  expect(await failureOf(before.next())).toBe(reason);

  const waiting = new AbortController();
  server.answer = (stream) => {
    stream.respond(OK_HEADERS);
    waiting.abort(reason);
  };
  expect(await failureOf(caller.serverStream(echo, 'request', { signal: waiting.signal }).next())).toBe(reason);

  const held = new AbortController();
  server.answer = answer([Buffer.concat([HELLO, HELLO, HELLO])]);
  const answers = caller.serverStream(echo, 'request', { signal: held.signal });
  await answers.next();
  held.abort(reason);
  expect(await failureOf(answers.next())).toBe(reason);
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

test('the time limit is for the whole stream, and both sides know it', async () => {
  server.answer = answer([HELLO]);
  await caller.unary(echo, 'request');
  server.received.length = 0;
  server.answer = (stream) => {
    stream.respond(OK_HEADERS);
    stream.write(HELLO);
  };
  const read = async (): Promise<void> => {
    for await (const text of caller.serverStream(echo, 'request', { timeoutMs: 100 })) expect(text).toBe('hello');
  };
  expect(await failureOf(read())).toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
  expect(server.received[0]!['grpc-timeout']).toMatch(/^\d+m$/);
});

test('a call that the server has not looked at is made once more, and no call twice', async () => {
  server.received.length = 0;
  server.answer = (stream) => {
    if (server.received.length === 1) stream.close(7);
    else answer([HELLO])(stream);
  };
  const answers = caller.serverStream(echo, 'request');
  expect((await answers.next()).value).toBe('hello');
  server.answer = (stream) => stream.close(7);
  server.received.length = 0;
  expect(await failureOf(caller.serverStream(echo, 'request').next())).toMatchObject({ notProcessed: true });
  expect(server.received).toHaveLength(2);
});

test('several may wait at once, and whoever waits when it is left is told the end', async () => {
  server.answer = (stream) => {
    stream.respond(OK_HEADERS);
    stream.write(Buffer.concat([HELLO, frameMessage(Buffer.from('again'))]));
  };
  const answers = caller.serverStream(echo, 'request');
  const three = [answers.next(), answers.next(), answers.next()];
  expect((await Promise.all(three.slice(0, 2))).map(({ value }) => value)).toEqual(['hello', 'again']);
  await answers.return!();
  expect(await three[2]).toEqual({ done: true, value: undefined });
});

test('closing the client ends its streams', async () => {
  server.answer = (stream) => stream.respond(OK_HEADERS);
  const waiting = failureOf(caller.serverStream(echo, 'request').next());
  await new Promise((resolve) => setImmediate(resolve));
  caller.close();
  expect(await waiting).toBeInstanceOf(GrpcFailure);
});

test('any messages, sent in any pieces and read with any pauses, come whole and in order', async () => {
  const messages = fc.array(fc.string({ maxLength: 30 }), { maxLength: 12 });
  const pauses = fc.array(fc.boolean(), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 40 })), pauses, async (sent, cuts, rests) => {
      const body = Buffer.concat(sent.map((text) => frameMessage(Buffer.from(`-${text}`))));
      const pieces: Buffer[] = [];
      let at = 0;
      for (const size of [...cuts, body.length]) {
        pieces.push(body.subarray(at, at + size));
        at += size;
      }
      server.answer = answer(pieces);
      const read: string[] = [];
      for await (const text of caller.serverStream(echo, 'request')) {
        read.push(text);
        if (rests[read.length]) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(read).toEqual(sent.map((text) => `-${text}`));
    }),
    { numRuns: 100 },
  );
});
