import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createNetServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, status as Status } from '@grpc/grpc-js';
import { GrpcCode } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrpcCaller, type UnaryMethod } from './grpc-caller.ts';
import { GrpcFailure } from './grpc-failure.ts';
import { frameMessage } from './grpc-framing.ts';

// Answer by answer, this client against grpc-js: one server that answers in every way, good and bad, and both ask it. What
// differs stands in the table with its reason.

const LIMIT = 1000;
const OK_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
const HELLO = frameMessage(Buffer.from('hello'));

type Answer = (stream: ServerHttp2Stream) => void;

/** Headers, body in pieces, trailers. */
function answer(
  body: readonly Uint8Array[],
  trailers: Record<string, string> | null = { 'grpc-status': '0' },
  headers: Record<string, string | number> = OK_HEADERS,
): Answer {
  return (stream) => {
    stream.respond(headers, { waitForTrailers: trailers !== null });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
    for (const piece of body) stream.write(piece);
    stream.end();
  };
}

const trailersOnly =
  (headers: Record<string, string | number>): Answer =>
  (stream) => {
    stream.respond({ ...OK_HEADERS, ...headers }, { endStream: true });
  };

const reset =
  (code: number): Answer =>
  (stream) =>
    stream.close(code);

const message = (text: string): Answer => trailersOnly({ 'grpc-status': '5', 'grpc-message': text });

interface Case {
  readonly answer: Answer;
  /** What both say. */
  readonly code: number;
  /** The server's words, where they come through. */
  readonly message?: string;
  /** Where grpc-js says something else: its code or words, and why we do not follow. */
  readonly grpcJs?: { readonly code?: number; readonly message?: string; readonly because: string };
  readonly timeoutMs?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'one message': { answer: answer([HELLO]), code: Status.OK },
  'one message in single bytes': {
    answer: answer([...HELLO].map((byte) => Buffer.of(byte))),
    code: Status.OK,
  },
  'an empty message': { answer: answer([frameMessage(Buffer.alloc(0))]), code: Status.OK },
  'content-type application/grpc+proto': {
    answer: answer([HELLO], { 'grpc-status': '0' }, { ':status': 200, 'content-type': 'application/grpc+proto' }),
    code: Status.OK,
  },
  'a status in trailers alone': { answer: message('no such thing'), code: Status.NOT_FOUND, message: 'no such thing' },
  'a status after a message': {
    answer: answer([HELLO], { 'grpc-status': '7', 'grpc-message': 'no' }),
    code: Status.PERMISSION_DENIED,
    message: 'no',
  },
  'a status after half a message': {
    answer: answer([HELLO.subarray(0, 7)], { 'grpc-status': '14', 'grpc-message': 'gone' }),
    code: Status.UNAVAILABLE,
    message: 'gone',
  },
  'a status without words': {
    answer: trailersOnly({ 'grpc-status': '8' }),
    code: Status.RESOURCE_EXHAUSTED,
    message: '',
  },
  'a status that is no number': {
    answer: trailersOnly({ 'grpc-status': 'abc' }),
    code: Status.UNKNOWN,
    grpcJs: { code: Number.NaN, because: 'NaN is no status' },
  },
  'a status that gRPC does not know': { answer: trailersOnly({ 'grpc-status': '99' }), code: 99 },
  'words with escapes': {
    answer: message('caf%C3%A9%0Anext 100%25'),
    code: Status.NOT_FOUND,
    message: 'café\nnext 100%',
  },
  'words with an escaped slash': {
    answer: message('a%2Fb'),
    code: Status.NOT_FOUND,
    message: 'a/b',
    grpcJs: { message: 'a%2Fb', because: 'it leaves escapes of URI syntax as they are' },
  },
  'words with bad escapes': {
    answer: message('100% %zz %C3%A9'),
    code: Status.NOT_FOUND,
    message: '100% %zz é',
    grpcJs: { message: '100% %zz %C3%A9', because: 'one bad escape makes it keep all of them' },
  },
  'OK and no message': { answer: trailersOnly({ 'grpc-status': '0' }), code: Status.UNIMPLEMENTED },
  'OK and two messages': {
    answer: answer([HELLO, HELLO]),
    code: Status.UNIMPLEMENTED,
    grpcJs: { code: Status.DEADLINE_EXCEEDED, because: 'it reads no further, and waits' },
    timeoutMs: 200,
  },
  'OK in the middle of a message': {
    answer: answer([HELLO.subarray(0, 7)]),
    code: Status.INTERNAL,
    grpcJs: { code: Status.UNIMPLEMENTED, because: 'it takes the piece for no message' },
  },
  'OK behind a message and a half': {
    answer: answer([HELLO, HELLO.subarray(0, 3)]),
    code: Status.INTERNAL,
    grpcJs: { code: Status.DEADLINE_EXCEEDED, because: 'it reads no further, and waits' },
    timeoutMs: 200,
  },
  'a message and no status': { answer: answer([HELLO], {}), code: Status.INTERNAL },
  'an end without trailers': {
    answer: (stream) => {
      stream.respond(OK_HEADERS);
      stream.end(HELLO);
    },
    code: Status.INTERNAL,
  },
  'a compressed message': {
    answer: answer([Buffer.concat([Buffer.of(1), HELLO.subarray(1)])]),
    code: Status.INTERNAL,
    grpcJs: { code: -1, because: 'its error has no code' },
  },
  'a message that is not what was expected': {
    answer: answer([frameMessage(Buffer.from('garbage'))]),
    code: Status.INTERNAL,
  },
  'a message of just the limit': { answer: answer([frameMessage(Buffer.alloc(LIMIT, 'a'))]), code: Status.OK },
  'a message above the limit': {
    answer: answer([frameMessage(Buffer.alloc(LIMIT + 1))]),
    code: Status.RESOURCE_EXHAUSTED,
  },
  'the announcement of 4 GiB': { answer: answer([Buffer.of(0, 255, 255, 255, 255)]), code: Status.RESOURCE_EXHAUSTED },
  'HTML with status 200': {
    answer: answer([Buffer.from('<html>')], null, { ':status': 200, 'content-type': 'text/html' }),
    code: Status.UNKNOWN,
    grpcJs: { code: Status.RESOURCE_EXHAUSTED, because: 'it takes the page for the length of a message' },
  },
  'no content-type': {
    answer: answer([HELLO], { 'grpc-status': '0' }, { ':status': 200 }),
    code: Status.UNKNOWN,
    grpcJs: { code: Status.OK, because: 'it does not look' },
  },
  ...Object.fromEntries(
    (
      [
        [204, Status.UNKNOWN],
        [400, Status.INTERNAL],
        [401, Status.UNAUTHENTICATED],
        [403, Status.PERMISSION_DENIED],
        [404, Status.UNIMPLEMENTED],
        [429, Status.UNAVAILABLE],
        [500, Status.UNKNOWN],
        [502, Status.UNAVAILABLE],
        [503, Status.UNAVAILABLE],
        [504, Status.UNAVAILABLE],
      ] as const
    ).flatMap(([http, code]) => [
      [
        `HTTP ${http} with a page`,
        { answer: answer([], null, { ':status': http, 'content-type': 'text/html' }), code },
      ],
      [`HTTP ${http} and nothing`, { answer: trailersOnly({ ':status': http }), code }],
    ]),
  ),
  'HTTP 503 with a gRPC status': {
    answer: trailersOnly({ ':status': 503, 'grpc-status': '7', 'grpc-message': 'no' }),
    code: Status.PERMISSION_DENIED,
    message: 'no',
  },
  ...Object.fromEntries(
    (
      [
        [0, Status.INTERNAL],
        [1, Status.INTERNAL],
        [2, Status.INTERNAL],
        [3, Status.INTERNAL],
        [7, Status.UNAVAILABLE],
        [8, Status.CANCELLED],
        [11, Status.RESOURCE_EXHAUSTED],
        [12, Status.PERMISSION_DENIED],
        [13, Status.INTERNAL],
      ] as const
    ).map(([code, status]) => [`a reset with HTTP/2 code ${code}`, { answer: reset(code), code: status }]),
  ),
  'an end without trailers and a reset behind it': {
    answer: (stream) => {
      stream.respond(OK_HEADERS);
      stream.write(HELLO, () => stream.close(8));
    },
    code: Status.INTERNAL,
  },
  'a connection that is cut': { answer: (stream) => stream.session?.destroy(), code: Status.UNAVAILABLE },
  'a connection that is cut behind headers': {
    answer: (stream) => {
      stream.respond(OK_HEADERS);
      stream.write(HELLO, () => stream.session?.destroy());
    },
    code: Status.UNAVAILABLE,
  },
  'a connection that goes away before the call': {
    answer: (stream) => {
      stream.session?.goaway(0, 0);
      stream.session?.destroy();
    },
    code: Status.UNAVAILABLE,
  },
  'no answer at all': { answer: () => {}, code: Status.DEADLINE_EXCEEDED, timeoutMs: 60 },
  'headers and then nothing': {
    answer: (stream) => stream.respond(OK_HEADERS),
    code: Status.DEADLINE_EXCEEDED,
    timeoutMs: 60,
  },
};

interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly answer?: string;
}

const echo: UnaryMethod<string, string> = {
  path: '/test.Service/Case',
  encode: (text) => Buffer.from(text),
  decode: decodeText,
};

function decodeText(bytes: Buffer): string {
  const text = String(bytes);
  if (text === 'garbage') throw new Error('not the expected message');
  return text;
}

let directory: string;
let path: string;
let server: Http2Server;
let current: Answer = () => {};
const received: Record<string, unknown>[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-grpc-'));
  path = join(directory, 'socket');
  server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    received.push(headers);
    stream.on('error', () => {});
    current(stream);
  });
  server.on('sessionError', () => {});
  await once(server.listen(path), 'listening');
});

afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function ours(at: string, timeoutMs = 5_000): Promise<Outcome> {
  const caller = new GrpcCaller({ path: at, userAgent: 'test', maxMessageBytes: LIMIT });
  try {
    return { code: GrpcCode.OK, message: '', answer: await caller.unary(echo, 'request', { timeoutMs }) };
  } catch (error) {
    if (!(error instanceof GrpcFailure)) throw error;
    return { code: error.code, message: error.message };
  } finally {
    caller.close();
  }
}

async function grpcJs(at: string, timeoutMs = 5_000): Promise<Outcome> {
  const client = new Client(`unix:${at}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': LIMIT,
    'grpc.enable_retries': 0,
  });
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        echo.path,
        (text: string) => Buffer.from(text),
        decodeText,
        'request',
        { deadline: Date.now() + timeoutMs },
        (error, reply) => {
          if (error) resolve({ code: error.code ?? -1, message: error.details });
          else resolve({ code: Status.OK, message: '', answer: reply ?? '' });
        },
      );
    });
  } finally {
    client.close();
  }
}

describe('says what grpc-js says to', () => {
  test.each(Object.entries(cases))(
    '%s',
    async (_, { answer: given, code, message: words, grpcJs: other, timeoutMs }) => {
      current = given;
      const [own, reference] = [await ours(path, timeoutMs), await grpcJs(path, timeoutMs)];
      expect([own.code, reference.code]).toEqual([code, other?.code ?? code]);
      if (other?.code === undefined) expect(own.answer).toBe(reference.answer);
      if (words !== undefined) expect([own.message, reference.message]).toEqual([words, other?.message ?? words]);
      else if (code !== Status.OK && code !== 99) expect(own.message).not.toBe('');
    },
  );

  test('a path without a socket, a socket without a listener, and a listener without HTTP/2', async () => {
    const dead = join(directory, 'dead');
    const bystander: Server = createNetServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
    await once(bystander.listen(dead), 'listening');
    expect((await ours(dead)).code).toBe(Status.UNAVAILABLE);
    expect((await grpcJs(dead)).code).toBe(Status.UNAVAILABLE);
    bystander.close();
    await once(bystander, 'close');
    for (const at of [join(directory, 'missing'), dead]) {
      expect((await ours(at)).code).toBe(Status.UNAVAILABLE);
      expect((await grpcJs(at)).code).toBe(Status.UNAVAILABLE);
    }
  });
});

test('sends what gRPC asks for', async () => {
  current = answer([HELLO]);
  received.length = 0;
  await ours(path);
  await grpcJs(path);
  const [own, reference] = received;
  for (const name of [':method', ':path', ':scheme', ':authority', 'te', 'content-type']) {
    expect([name, own![name]]).toEqual([name, reference![name]]);
  }
  expect(own!['grpc-timeout']).toMatch(/^\d{4}m$/);
});
