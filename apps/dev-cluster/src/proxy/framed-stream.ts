import { Duplex } from 'node:stream';

/** How bytes are wrapped for their way through a connection. */
export interface Framing {
  /** Wraps some bytes. */
  encode(bytes: Buffer): Buffer;
  /** What keeps a quiet connection open. */
  readonly ping: Buffer;
  /** Takes the next bytes of the connection, and gives those that were wrapped in it. */
  decode(bytes: Buffer): { readonly unwrapped: readonly Buffer[]; readonly isEnd: boolean };
}

/** The bytes inside a connection that wraps them; frame boundaries carry no meaning. */
export class FramedStream extends Duplex {
  readonly #outer: Duplex;
  readonly #framing: Framing;

  /** @param head what has been read of the connection already */
  constructor(outer: Duplex, framing: Framing, head: Buffer = Buffer.alloc(0)) {
    super();
    this.#outer = outer;
    this.#framing = framing;
    outer.on('data', (bytes: Buffer) => this.#receive(bytes));
    outer.once('end', () => this.push(null));
    outer.once('error', (error) => this.destroy(error));
    outer.once('close', () => this.destroy());
    outer.pause();
    if (head.length > 0) outer.unshift(head);
  }

  ping(): void {
    if (this.#outer.writable) this.#outer.write(this.#framing.ping);
  }

  #receive(bytes: Buffer): void {
    const { unwrapped, isEnd } = this.#framing.decode(bytes);
    let wantsMore = true;
    for (const part of unwrapped) wantsMore = this.push(part);
    if (isEnd) this.push(null);
    if (!wantsMore) this.#outer.pause();
  }

  override _read(): void {
    this.#outer.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#outer.write(this.#framing.encode(bytes), done);
  }

  override _final(done: () => void): void {
    this.#outer.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#outer.destroy();
    done(error);
  }
}
