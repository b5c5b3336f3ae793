import type { ServerHttp2Stream } from 'node:http2';
import { status as Status } from '@grpc/grpc-js';
import { frameMessage } from '../src/client/grpc-framing.ts';

/** Longest message that the clients of the comparison accept, bytes. */
export const LIMIT = 1000;
export const OK_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
export const HELLO = frameMessage(Buffer.from('hello'));

export type Answer = (stream: ServerHttp2Stream) => void;

/** Headers, body in pieces, trailers. */
export function answer(
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

export interface Case {
  readonly answer: Answer;
  /** What both say. */
  readonly code: number;
  /** The server's words, where they come through. */
  readonly message?: string;
  /** Where grpc-js says something else: its code or words, and why we do not follow. */
  readonly grpcJs?: { readonly code?: number; readonly message?: string; readonly because: string };
  readonly timeoutMs?: number;
  /** What differs where the call may have any number of answers. */
  readonly stream?: Omit<Case, 'answer' | 'stream'>;
}

/** Every way to answer a call, good and bad, and what both clients say to it. */
export const cases: Readonly<Record<string, Case>> = {
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
  'OK and no message': {
    answer: trailersOnly({ 'grpc-status': '0' }),
    code: Status.UNIMPLEMENTED,
    stream: { code: Status.OK },
  },
  'OK and two messages': {
    answer: answer([HELLO, HELLO]),
    code: Status.UNIMPLEMENTED,
    grpcJs: { code: Status.DEADLINE_EXCEEDED, because: 'it reads no further, and waits' },
    timeoutMs: 200,
    stream: { code: Status.OK },
  },
  'OK in the middle of a message': {
    answer: answer([HELLO.subarray(0, 7)]),
    code: Status.INTERNAL,
    grpcJs: { code: Status.UNIMPLEMENTED, because: 'it takes the piece for no message' },
    stream: { code: Status.INTERNAL, grpcJs: { code: Status.OK, because: 'it drops the piece' } },
  },
  'OK behind a message and a half': {
    answer: answer([HELLO, HELLO.subarray(0, 3)]),
    code: Status.INTERNAL,
    grpcJs: { code: Status.DEADLINE_EXCEEDED, because: 'it reads no further, and waits' },
    timeoutMs: 200,
    stream: { code: Status.INTERNAL, grpcJs: { code: Status.OK, because: 'it drops the piece' } },
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
