import { createHash } from 'node:crypto';
import type { Framing } from './framed-stream.ts';

const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const FINAL = 0x80;
const MASKED = 0x80;
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What a server answers a client's `Sec-WebSocket-Key` with (RFC 6455, 4.2.2). */
export function webSocketAccept(key: string): string {
  return createHash('sha1')
    .update(key + MAGIC)
    .digest('base64');
}

/** Whether a `Sec-WebSocket-Key` is sixteen bytes in base64. */
export function isWebSocketKey(key: string | undefined): key is string {
  return key !== undefined && /^[A-Za-z0-9+/]{22}==$/.test(key);
}

interface Frame {
  readonly opcode: number;
  readonly mask: Buffer | undefined;
  /** Bytes of the payload that have not come yet. */
  left: number;
  /** How many have. */
  seen: number;
}

/**
 * The server's half of a WebSocket whose binary frames carry a stream. As the real proxy: a frame without a mask is taken,
 * anything but binary frames is read and dropped, a close frame is the end and is not answered.
 */
export class WebSocketFraming implements Framing {
  readonly ping: Buffer = frame(PING, Buffer.from('teleport'));
  #rest: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;

  encode(bytes: Buffer): Buffer {
    return frame(BINARY, bytes);
  }

  decode(bytes: Buffer): { unwrapped: Buffer[]; isEnd: boolean } {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const unwrapped: Buffer[] = [];
    for (;;) {
      this.#frame ??= this.#readHeader();
      if (!this.#frame) return { unwrapped, isEnd: false };
      const current = this.#frame;
      if (current.opcode === CLOSE) return { unwrapped, isEnd: true };
      const part = this.#rest.subarray(0, current.left);
      this.#rest = this.#rest.subarray(part.length);
      if (current.opcode === BINARY && part.length > 0) unwrapped.push(unmasked(part, current));
      current.left -= part.length;
      current.seen += part.length;
      if (current.left > 0) return { unwrapped, isEnd: false };
      this.#frame = undefined;
    }
  }

  #readHeader(): Frame | undefined {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = second & MASKED ? 4 : 0;
    const size = 2 + lengthBytes + maskBytes;
    if (bytes.length < size) return undefined;
    const left =
      lengthBytes === 2 ? bytes.readUInt16BE(2) : lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : short;
    this.#rest = bytes.subarray(size);
    return { opcode: first & 0x0f, mask: maskBytes ? bytes.subarray(size - 4, size) : undefined, left, seen: 0 };
  }
}

function unmasked(bytes: Buffer, { mask, seen }: Frame): Buffer {
  if (!mask) return Buffer.from(bytes);
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[(seen + index) % 4] as number)));
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  header[0] = FINAL | opcode;
  header[1] = length < 126 ? length : length < 0x10000 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  else if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}
