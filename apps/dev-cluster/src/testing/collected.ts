import type { ClientReadableStream } from '@grpc/grpc-js';
import type { WireStatus } from './wire-client.ts';

/** The messages of a stream as they come, for a test that causes them one after the other. */
export class Collected<T> {
  readonly #stream: ClientReadableStream<T>;
  readonly #messages: T[] = [];
  #status: WireStatus | undefined;
  #wake: () => void = () => {};

  constructor(stream: ClientReadableStream<T>) {
    this.#stream = stream;
    stream.on('data', (message: T) => {
      this.#messages.push(message);
      this.#wake();
    });
    stream.on('error', (error) => this.#ended(error as unknown as WireStatus));
    stream.on('end', () => this.#ended({ code: 0, details: '' }));
  }

  /** The next message; rejects once the stream is over. */
  async next(): Promise<T> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#status) throw new Error(`the stream is over: ${this.#status.code} ${this.#status.details}`);
      await this.#news();
    }
  }

  /** How the stream ends. */
  async status(): Promise<WireStatus> {
    while (!this.#status) await this.#news();
    return this.#status;
  }

  cancel(): void {
    this.#stream.cancel();
  }

  #ended({ code, details }: WireStatus): void {
    this.#status ??= { code, details };
    this.#wake();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
