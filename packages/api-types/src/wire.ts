/**
 * The protobuf wire format (protobuf.dev, "Encoding"), as far as the generated messages need it.
 *
 * Its own module, so that a program that carries a message carries nothing else. Names and behaviour are those of the
 * runtime that ts-proto generates for, `@bufbuild/protobuf/wire`, which the tests compare it with.
 */

/** How a field is laid out; the three low bits of its tag. */
const Layout = { varint: 0, fixed64: 1, delimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

const INITIAL_BYTES = 256;
const MAX_GROUP_DEPTH = 100;
/** Below, writing characters one by one beats a native call. */
const SHORT_TEXT = 48;
const SHORT_NAME = 12;

const nothing = Buffer.alloc(0);

/** Writes the fields of a message one after the other. */
export class BinaryWriter {
  #buffer: Buffer = nothing;
  #pos = 0;
  readonly #forks: number[] = [];

  /** The bytes written, and a writer that begins anew. */
  finish(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#pos);
    this.#buffer = nothing;
    this.#pos = 0;
    this.#forks.length = 0;
    return bytes;
  }

  /** Begins a submessage or a packed list, whose length {@link join} puts before it. */
  fork(): this {
    this.#reserve(1);
    this.#forks.push(this.#pos);
    this.#pos += 1;
    return this;
  }

  join(): this {
    const start = this.#forks.pop();
    if (start === undefined) throw new Error('join without fork');
    const length = this.#pos - start - 1;
    const prefix = varintBytes(length);
    if (prefix > 1) {
      this.#reserve(prefix - 1);
      this.#buffer.copyWithin(start + prefix, start + 1, this.#pos);
    }
    this.#pos = start;
    this.uint32(length);
    this.#pos += length;
    return this;
  }

  raw(chunk: Uint8Array): this {
    this.#reserve(chunk.length);
    this.#buffer.set(chunk, this.#pos);
    this.#pos += chunk.length;
    return this;
  }

  /** Also a tag: `(field << 3) | layout`. */
  uint32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw invalid('uint32', value);
    this.#reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#pos++] = rest;
    return this;
  }

  int32(value: number): this {
    if ((value | 0) !== value) throw invalid('int32', value);
    return value < 0 ? this.#varint64(value >>> 0, 0xffff_ffff) : this.uint32(value);
  }

  int64(value: bigint): this {
    if (BigInt.asIntN(64, value) !== value) throw invalid('int64', value);
    return this.#bigint(BigInt.asUintN(64, value));
  }

  uint64(value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) throw invalid('uint64', value);
    return this.#bigint(value);
  }

  bool(value: boolean): this {
    this.#reserve(1);
    this.#buffer[this.#pos++] = value ? 1 : 0;
    return this;
  }

  float(value: number): this {
    this.#reserve(4);
    this.#pos = this.#buffer.writeFloatLE(value, this.#pos);
    return this;
  }

  double(value: number): this {
    this.#reserve(8);
    this.#pos = this.#buffer.writeDoubleLE(value, this.#pos);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.uint32(value.byteLength).raw(value);
  }

  string(value: string): this {
    if (typeof value !== 'string') throw invalid('string', value);
    if (value.length < SHORT_TEXT && this.#ascii(value)) return this;
    const length = Buffer.byteLength(value);
    this.uint32(length).#reserve(length);
    this.#pos += this.#buffer.write(value, this.#pos, 'utf8');
    return this;
  }

  #ascii(value: string): boolean {
    this.#reserve(value.length + 1);
    const buffer = this.#buffer;
    let pos = this.#pos;
    buffer[pos++] = value.length;
    for (let at = 0; at < value.length; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return false;
      buffer[pos++] = code;
    }
    this.#pos = pos;
    return true;
  }

  #bigint(value: bigint): this {
    return this.#varint64(Number(value & 0xffff_ffffn), Number(value >> 32n));
  }

  #varint64(low: number, high: number): this {
    this.#reserve(10);
    let [lo, hi] = [low, high];
    while (hi > 0 || lo > 0x7f) {
      this.#buffer[this.#pos++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.#buffer[this.#pos++] = lo;
    return this;
  }

  #reserve(bytes: number): void {
    const needed = this.#pos + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, needed * 2));
    this.#buffer.copy(larger, 0, 0, this.#pos);
    this.#buffer = larger;
  }
}

/** Reads the fields of a message one after the other; throws RangeError where the bytes end too early. */
export class BinaryReader {
  pos = 0;
  readonly len: number;
  readonly #buffer: Buffer;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.len = bytes.byteLength;
  }

  /** Also a tag. What a longer varint has above 32 bits is dropped. */
  uint32(): number {
    const byte = this.#buffer[this.pos] as number;
    if (byte < 0x80) {
      this.pos += 1;
      return byte;
    }
    this.#varint64();
    return this.#low;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    this.#varint64();
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  bool(): boolean {
    this.#varint64();
    return this.#low !== 0 || this.#high !== 0;
  }

  float(): number {
    return this.#buffer.readFloatLE(this.#advance(4));
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#advance(8));
  }

  /** A view of the input, not a copy. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#advance(length);
    return this.#buffer.subarray(start, start + length);
  }

  string(): string {
    const length = this.uint32();
    const start = this.#advance(length);
    if (length > SHORT_NAME) return this.#buffer.toString('utf8', start, start + length);
    let text = '';
    for (let at = start; at < this.pos; at += 1) {
      const code = this.#buffer[at] as number;
      if (code > 0x7f) return this.#buffer.toString('utf8', start, start + length);
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** Passes over the value of a field and returns its bytes, for those who keep what they do not know. */
  skip(layout: number): Uint8Array {
    const start = this.pos;
    this.#skip(layout, 0);
    return this.#buffer.subarray(start, this.pos);
  }

  #skip(layout: number, depth: number): void {
    if (layout === Layout.varint) this.#varint64();
    else if (layout === Layout.fixed64) this.#advance(8);
    else if (layout === Layout.delimited) this.#advance(this.uint32());
    else if (layout === Layout.fixed32) this.#advance(4);
    else if (layout === Layout.startGroup && depth < MAX_GROUP_DEPTH) this.#skipGroup(depth);
    else throw new RangeError(`invalid protobuf: layout ${layout} at byte ${this.pos}`);
  }

  #skipGroup(depth: number): void {
    for (;;) {
      const layout = this.uint32() & 7;
      if (layout === Layout.endGroup) return;
      this.#skip(layout, depth + 1);
    }
  }

  /** Up to ten bytes into two halves: a bigint for each tag and length would be slow. */
  #varint64(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#buffer[this.#advance(1)] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new RangeError(`invalid protobuf: varint of more than ten bytes before byte ${this.pos}`);
  }

  #advance(bytes: number): number {
    const start = this.pos;
    if (start + bytes > this.len) throw new RangeError(`invalid protobuf: it ends within a field, at byte ${start}`);
    this.pos = start + bytes;
    return start;
  }
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function invalid(type: string, value: unknown): TypeError {
  return new TypeError(`not a protobuf ${type}: ${typeof value === 'string' ? 'a string' : String(value)}`);
}
