import { status as Status } from '@grpc/grpc-js';
import { GrpcCode } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AnsweringServer,
  decodeText,
  echo,
  grpcJsClient,
  type Outcome,
  ourCaller,
} from '../../test-support/answering-server.ts';
import { type Answer, type Case, cases, OK_HEADERS } from '../../test-support/grpc-answers.ts';
import { GrpcFailure } from './grpc-failure.ts';
import { frameMessage } from './grpc-framing.ts';

// The same answers as for calls with one answer, read as a stream, by this client and by grpc-js.

let server: AnsweringServer;

beforeAll(async () => {
  server = await AnsweringServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function ours(timeoutMs: number): Promise<Outcome> {
  const caller = ourCaller(server.path);
  const answers: string[] = [];
  try {
    for await (const answer of caller.serverStream(echo, 'request', { timeoutMs })) answers.push(answer);
    return { code: GrpcCode.OK, message: '', answers };
  } catch (error) {
    if (!(error instanceof GrpcFailure)) throw error;
    return { code: error.code, message: error.message, answers };
  } finally {
    caller.close();
  }
}

async function grpcJs(timeoutMs: number): Promise<Outcome> {
  const client = grpcJsClient(server.path);
  const answers: string[] = [];
  try {
    return await new Promise((resolve) => {
      const encode = (text: string): Buffer => Buffer.from(text);
      const options = { deadline: Date.now() + timeoutMs };
      const call = client.makeServerStreamRequest(echo.path, encode, decodeText, 'request', options);
      call.on('data', (answer: string) => answers.push(answer));
      call.on('error', ({ code, details }: { code?: number; details?: string }) =>
        resolve({ code: code ?? -1, message: details ?? '', answers }),
      );
      call.on('end', () => resolve({ code: Status.OK, message: '', answers }));
    });
  } finally {
    client.close();
  }
}

test.each(Object.entries(cases))('a stream: %s', async (_, { answer, stream, ...single }) => {
  server.answer = answer;
  const { code, grpcJs: other, message, timeoutMs = 5_000 }: Omit<Case, 'answer'> = stream ?? single;
  const [own, reference] = [await ours(timeoutMs), await grpcJs(timeoutMs)];
  expect([own.code, reference.code]).toEqual([code, other?.code ?? code]);
  if (other?.code === undefined) expect(own.answers).toEqual(reference.answers);
  if (message !== undefined) expect([own.message, reference.message]).toEqual([message, other?.message ?? message]);
  else if (code !== Status.OK && code !== 99) expect(own.message).not.toBe('');
});

/** How a server may end an answer that it has begun. */
type Ending =
  | { readonly how: 'status'; readonly status: number; readonly words: string }
  | { readonly how: 'reset'; readonly code: number }
  | { readonly how: 'no trailers' | 'a lost connection' };

const endings: fc.Arbitrary<Ending> = fc.oneof(
  fc.record({
    how: fc.constant('status' as const),
    status: fc.integer({ min: 0, max: 16 }),
    words: fc.stringMatching(/^[a-z ]{0,20}$/),
  }),
  fc.record({ how: fc.constant('reset' as const), code: fc.constantFrom(1, 2, 3, 7, 8, 11, 12, 13) }),
  fc.record({ how: fc.constantFrom('no trailers' as const, 'a lost connection' as const) }),
);

/** Headers, whole messages in pieces of any size, and an end. */
function script(pieces: readonly Buffer[], ending: Ending): Answer {
  return (stream) => {
    stream.respond(OK_HEADERS, { waitForTrailers: ending.how === 'status' });
    if (ending.how === 'status') {
      const { status, words } = ending;
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': `${status}`, 'grpc-message': words }));
    }
    for (const piece of pieces) stream.write(piece);
    stream.write('', () => {
      if (ending.how === 'reset') stream.close(ending.code);
      else if (ending.how === 'a lost connection') stream.session?.destroy();
      else stream.end();
    });
  };
}

test(
  'whatever a server sends and however it ends, both say the same',
  async () => {
    const messages = fc.array(fc.string({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 60 })), endings, async (sent, cuts, ending) => {
        const body = Buffer.concat(sent.map((text) => frameMessage(Buffer.from(`-${text}`))));
        const pieces: Buffer[] = [];
        for (let at = 0; at < body.length; at += pieces.at(-1)!.length) {
          pieces.push(body.subarray(at, at + (cuts[pieces.length] ?? body.length)));
        }
        server.answer = script(pieces, ending);
        const [own, reference] = [await ours(5_000), await grpcJs(5_000)];
        expect(own.code).toBe(reference.code);
        const all = sent.map((text) => `-${text}`);
        // What is on its way when a call is cut off may arrive or not.
        const arrived = ending.how === 'status' || ending.how === 'no trailers' ? all.length : own.answers.length;
        expect(own.answers).toEqual(all.slice(0, arrived));
        if (ending.how === 'status' && ending.status !== 0) expect(own.message).toBe(reference.message);
      }),
      { numRuns: process.env.SOAK ? 3_000 : 60 },
    );
  },
  process.env.SOAK ? 300_000 : 30_000,
);
