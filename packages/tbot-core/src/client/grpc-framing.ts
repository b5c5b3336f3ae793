import { GrpcCode } from '@teleport-ts/api-types';
import { GrpcFailure } from './grpc-failure.ts';

/** Flag and length in front of every gRPC message. */
const PREFIX_BYTES = 5;

/** A message with its prefix, uncompressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Cuts the body of an answer into messages, and refuses one that is too large before it has been received. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Is there a piece of a message left? */
  get unfinished(): boolean {
    return this.#held > 0;
  }

  /** @throws GrpcFailure for a compressed or too large message. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: Buffer[] = [];
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#held < PREFIX_BYTES + length) break;
      const all = this.#joined();
      messages.push(all.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
      const rest = all.subarray(PREFIX_BYTES + length);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#held = rest.length;
    }
    return messages;
  }

  #nextLength(): number | undefined {
    if (this.#held < PREFIX_BYTES) return undefined;
    const first = this.#chunks[0]!;
    const prefix = first.length >= PREFIX_BYTES ? first : this.#joined();
    if (prefix[0] !== 0) {
      throw new GrpcFailure(GrpcCode.INTERNAL, 'received a compressed message, and none was asked for');
    }
    const length = prefix.readUInt32BE(1);
    if (length > this.#maxBytes) {
      throw new GrpcFailure(
        GrpcCode.RESOURCE_EXHAUSTED,
        `received a message of ${length} bytes, more than the limit of ${this.#maxBytes}`,
      );
    }
    return length;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}
