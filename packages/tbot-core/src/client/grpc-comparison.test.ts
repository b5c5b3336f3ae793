import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { status as Status } from '@grpc/grpc-js';
import { GrpcCode } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AnsweringServer,
  decodeText,
  echo,
  grpcJsClient,
  type Outcome,
  ourCaller,
} from '../../test-support/answering-server.ts';
import { answer, cases, HELLO } from '../../test-support/grpc-answers.ts';
import { GrpcFailure } from './grpc-failure.ts';

// Answer by answer, this client against grpc-js: one server that answers in every way, good and bad, and both ask it. What
// differs stands in the table with its reason.

let server: AnsweringServer;

beforeAll(async () => {
  server = await AnsweringServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function ours(at: string, timeoutMs = 5_000): Promise<Outcome> {
  const caller = ourCaller(at);
  try {
    return { code: GrpcCode.OK, message: '', answers: [await caller.unary(echo, 'request', { timeoutMs })] };
  } catch (error) {
    if (!(error instanceof GrpcFailure)) throw error;
    return { code: error.code, message: error.message, answers: [] };
  } finally {
    caller.close();
  }
}

async function grpcJs(at: string, timeoutMs = 5_000): Promise<Outcome> {
  const client = grpcJsClient(at);
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        echo.path,
        (text: string) => Buffer.from(text),
        decodeText,
        'request',
        { deadline: Date.now() + timeoutMs },
        (error, reply) => {
          if (error) resolve({ code: error.code ?? -1, message: error.details, answers: [] });
          else resolve({ code: Status.OK, message: '', answers: [reply ?? ''] });
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
      server.answer = given;
      const [own, reference] = [await ours(server.path, timeoutMs), await grpcJs(server.path, timeoutMs)];
      expect([own.code, reference.code]).toEqual([code, other?.code ?? code]);
      if (other?.code === undefined) expect(own.answers).toEqual(reference.answers);
      if (words !== undefined) expect([own.message, reference.message]).toEqual([words, other?.message ?? words]);
      else if (code !== Status.OK && code !== 99) expect(own.message).not.toBe('');
    },
  );

  test('a path without a socket, a socket without a listener, and a listener without HTTP/2', async () => {
    const dead = join(server.directory, 'dead');
    const bystander: Server = createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
    await once(bystander.listen(dead), 'listening');
    expect((await ours(dead)).code).toBe(Status.UNAVAILABLE);
    expect((await grpcJs(dead)).code).toBe(Status.UNAVAILABLE);
    bystander.close();
    await once(bystander, 'close');
    for (const at of [join(server.directory, 'missing'), dead]) {
      expect((await ours(at)).code).toBe(Status.UNAVAILABLE);
      expect((await grpcJs(at)).code).toBe(Status.UNAVAILABLE);
    }
  });
});

test('sends what gRPC asks for', async () => {
  server.answer = answer([HELLO]);
  server.received.length = 0;
  await ours(server.path);
  await grpcJs(server.path);
  const [own, reference] = server.received;
  for (const name of [':method', ':path', ':scheme', ':authority', 'te', 'content-type']) {
    expect([name, own![name]]).toEqual([name, reference![name]]);
  }
  expect(own!['grpc-timeout']).toMatch(/^\d{4}m$/);
});
