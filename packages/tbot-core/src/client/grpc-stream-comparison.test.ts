import { status as Status } from '@grpc/grpc-js';
import { GrpcCode } from '@teleport-ts/api-types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AnsweringServer,
  decodeText,
  echo,
  grpcJsClient,
  type Outcome,
  ourCaller,
} from '../../test-support/answering-server.ts';
import { type Case, cases } from '../../test-support/grpc-answers.ts';
import { GrpcFailure } from './grpc-failure.ts';

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
