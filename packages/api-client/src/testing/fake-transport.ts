import { Readable } from 'node:stream';
import type { Client, Metadata } from '@grpc/grpc-js';
import { GrpcCode } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import type { FakeCallContext } from './fake-handlers.ts';
import { FakeRun, FakeStatus } from './fake-run.ts';

/** What stands at the other end: takes and gives messages as bytes. */
export interface FakeServer {
  unary(request: Uint8Array, call: FakeCallContext): Promise<Uint8Array>;
  stream(request: Uint8Array, call: FakeCallContext): AsyncIterable<Uint8Array>;
}

type Serialize = (message: unknown) => Buffer;
type Deserialize = (bytes: Buffer) => unknown;
type Callback = (error: FakeStatus | null, answer?: unknown) => void;
interface Options {
  readonly deadline?: unknown;
}

/** The part of grpc-js that calls go through, without a network. */
export function fakeTransport(
  server: FakeServer,
  clock: Clock,
): Pick<Client, 'makeUnaryRequest' | 'makeServerStreamRequest'> {
  const makeUnaryRequest = (
    rpc: string,
    serialize: Serialize,
    deserialize: Deserialize,
    request: unknown,
    metadata: Metadata,
    options: Options,
    callback: Callback,
  ): { cancel(): void } => {
    const run = new FakeRun(clock, options.deadline, callback);
    const context = { rpc, metadata: plain(metadata), signal: run.signal };
    const settle: Callback = (error, answer) => {
      if (run.signal.aborted) return;
      run.finish();
      callback(error, answer);
    };
    const call = async (): Promise<unknown> => {
      const bytes = encoded(serialize, request);
      return decoded(deserialize, await server.unary(bytes, context));
    };
    call().then(
      (answer) => settle(null, answer),
      (error) => settle(error as FakeStatus),
    );
    return run;
  };
  const makeServerStreamRequest = (
    rpc: string,
    serialize: Serialize,
    deserialize: Deserialize,
    request: unknown,
    metadata: Metadata,
    options: Options,
  ): FakeStream => {
    const stream = new FakeStream(clock, options.deadline);
    const context = { rpc, metadata: plain(metadata), signal: stream.run.signal };
    stream.follow(async function* () {
      for await (const bytes of server.stream(encoded(serialize, request), context)) yield decoded(deserialize, bytes);
    });
    return stream;
  };
  const transport: unknown = { makeUnaryRequest, makeServerStreamRequest };
  return transport as Pick<Client, 'makeUnaryRequest' | 'makeServerStreamRequest'>;
}

/** Many answers; the next one is asked for when the reader wants it. */
class FakeStream extends Readable {
  readonly run: FakeRun;
  #answers: AsyncIterator<unknown> | undefined;

  constructor(clock: Clock, deadline: unknown) {
    super({ objectMode: true, highWaterMark: 1 });
    this.run = new FakeRun(clock, deadline, (status) => this.destroy(status));
  }

  follow(answers: () => AsyncGenerator<unknown>): void {
    this.#answers = answers();
  }

  cancel(): void {
    this.run.cancel();
  }

  override _read(): void {
    this.#answers?.next().then(
      ({ done, value }) => {
        if (this.destroyed) return;
        if (done) this.run.finish();
        this.push(done ? null : value);
      },
      (error) => this.destroy(error as FakeStatus),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.run.finish();
    // The handler may be waiting for its signal, which is aborted by now.
    void this.#answers?.return?.(undefined)?.catch(() => {});
    callback(error);
  }
}

function plain(metadata: Metadata): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)]));
}

function encoded(serialize: Serialize, request: unknown): Uint8Array {
  try {
    return serialize(request);
  } catch (cause) {
    throw new FakeStatus(GrpcCode.INTERNAL, `Request message serialization failure: ${text(cause)}`, cause);
  }
}

function decoded(deserialize: Deserialize, bytes: Uint8Array): unknown {
  try {
    return deserialize(Buffer.from(bytes));
  } catch (cause) {
    throw new FakeStatus(GrpcCode.INTERNAL, `Response message parsing error: ${text(cause)}`, cause);
  }
}

const text = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
