import { TeleportError } from '@teleport-ts/api-types';

// How messages stand in the body of a call: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

/** A flag and the length before each message. */
const PREFIX_BYTES = 5;
/** The longest message that is taken, as in other gRPC clients. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A message as it is sent, uncompressed. */
export function grpcMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Cuts what is received into messages. */
export class GrpcMessageReader {
  #chunks: Buffer[] = [];
  #held = 0;

  /** @throws TeleportError for a message that is compressed or too large */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: Buffer[] = [];
    for (;;) {
      const end = this.#endOfFirst();
      if (end === undefined || end > this.#held) return messages;
      const all = this.#joined();
      messages.push(all.subarray(PREFIX_BYTES, end));
      this.#chunks = end < all.length ? [all.subarray(end)] : [];
      this.#held = all.length - end;
    }
  }

  /** Where the first message ends, prefix included; undefined when that has not been received. */
  #endOfFirst(): number | undefined {
    if (this.#held < PREFIX_BYTES) return undefined;
    const first = this.#chunks[0]!;
    const prefix = first.length >= PREFIX_BYTES ? first : this.#joined();
    const length = prefix.readUInt32BE(1);
    if (prefix[0] === 0 && length <= MAX_BYTES) return PREFIX_BYTES + length;
    throw new TeleportError('unknown', `the proxy sent a message that is compressed, or of ${length} bytes`);
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}
