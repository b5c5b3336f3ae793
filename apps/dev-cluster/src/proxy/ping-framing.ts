import type { Framing } from './framed-stream.ts';

/** Each piece behind its length, four bytes; an empty one is a ping. What Teleport had before it used WebSockets. */
export class PingFraming implements Framing {
  readonly ping: Buffer = Buffer.alloc(4);
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;

  encode(bytes: Buffer): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  }

  decode(bytes: Buffer): { unwrapped: Buffer[]; isEnd: boolean } {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const unwrapped: Buffer[] = [];
    for (;;) {
      if (this.#left === 0) {
        if (this.#rest.length < 4) return { unwrapped, isEnd: false };
        this.#left = this.#rest.readUInt32BE();
        this.#rest = this.#rest.subarray(4);
        continue;
      }
      const part = this.#rest.subarray(0, this.#left);
      if (part.length === 0) return { unwrapped, isEnd: false };
      this.#rest = this.#rest.subarray(part.length);
      this.#left -= part.length;
      unwrapped.push(part);
    }
  }
}

/** Bytes as they are; there are no pings. */
export const noFraming: Framing = {
  ping: Buffer.alloc(0),
  encode: (bytes) => bytes,
  decode: (bytes) => ({ unwrapped: [bytes], isEnd: false }),
};
