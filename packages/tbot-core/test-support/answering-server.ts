import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { GrpcCaller, type GrpcMethod } from '../src/client/grpc-caller.ts';
import { type Answer, LIMIT } from './grpc-answers.ts';

/** How a call ended, for whoever made it. */
export interface Outcome {
  readonly code: number;
  readonly message: string;
  /** What came before the end. */
  readonly answers: readonly string[];
}

/** A method whose messages are text. */
export const echo: GrpcMethod<string, string> = {
  path: '/test.Service/Case',
  encode: (text) => Buffer.from(text),
  decode: decodeText,
};

export function decodeText(bytes: Buffer): string {
  const text = String(bytes);
  if (text === 'garbage') throw new Error('not the expected message');
  return text;
}

/** An HTTP/2 server on a unix socket that gives every call the answer of the moment, well-formed or not. */
export class AnsweringServer implements AsyncDisposable {
  readonly directory: string;
  readonly path: string;
  /** Headers of the calls so far. */
  readonly received: IncomingHttpHeaders[] = [];
  answer: Answer = () => {};
  readonly #server: Http2Server;

  private constructor(directory: string) {
    this.directory = directory;
    this.path = join(directory, 'socket');
    this.#server = createServer();
    this.#server.on('stream', (stream, headers) => {
      this.received.push(headers);
      stream.on('error', () => {});
      this.answer(stream);
    });
    this.#server.on('sessionError', () => {});
  }

  static async start(): Promise<AnsweringServer> {
    const made = new AnsweringServer(await mkdtemp(join(tmpdir(), 'tbot-grpc-')));
    await once(made.#server.listen(made.path), 'listening');
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Our client, with the limits of the comparison. */
export function ourCaller(path: string): GrpcCaller {
  return new GrpcCaller({ path, userAgent: 'test', maxMessageBytes: LIMIT });
}

/** grpc-js, with the same. */
export function grpcJsClient(path: string): Client {
  return new Client(`unix:${path}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': LIMIT,
    'grpc.enable_retries': 0,
  });
}
