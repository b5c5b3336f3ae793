/** What routing needs of the first message of a TLS connection (RFC 8446, 4.1.2). */
export interface ClientHello {
  readonly serverName: string | undefined;
  /** In the client's order. */
  readonly protocols: readonly string[];
}

/** The bytes are no ClientHello, and more of them will not change that. */
export class NotTlsError extends Error {
  override readonly name = 'NotTlsError';
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const MAX_HELLO_BYTES = 64 * 1024;

/**
 * Reads a ClientHello from the first bytes of a connection.
 *
 * @returns undefined while more bytes are needed
 * @throws NotTlsError
 */
export function readClientHello(bytes: Buffer): ClientHello | undefined {
  const message = handshakeMessage(bytes);
  if (message === undefined) return undefined;
  try {
    return parse(message);
  } catch (error) {
    throw error instanceof NotTlsError ? error : new NotTlsError('malformed ClientHello', { cause: error });
  }
}

/** The first handshake message, put together from the records that carry it. */
function handshakeMessage(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let have = 0;
  let offset = 0;
  for (;;) {
    if (bytes.length > offset && bytes[offset] !== HANDSHAKE_RECORD) throw new NotTlsError('not a TLS handshake');
    if (bytes.length < offset + 5) return undefined;
    const length = bytes.readUInt16BE(offset + 3);
    const record = bytes.subarray(offset + 5, offset + 5 + length);
    parts.push(record);
    have += record.length;
    if (have >= 4) {
      const message = Buffer.concat(parts);
      if (message[0] !== CLIENT_HELLO) throw new NotTlsError('not a ClientHello');
      const size = 4 + message.readUIntBE(1, 3);
      if (size > MAX_HELLO_BYTES) throw new NotTlsError('ClientHello is too long');
      if (message.length >= size) return message.subarray(4, size);
    }
    if (record.length < length) return undefined;
    offset += 5 + length;
  }
}

function parse(message: Buffer): ClientHello {
  const reader = new Reader(message);
  reader.skip(2 + 32);
  reader.vector(1); // session id
  reader.vector(2); // cipher suites
  reader.vector(1); // compression methods
  let serverName: string | undefined;
  const protocols: string[] = [];
  if (reader.isAtEnd) return { serverName, protocols };
  const extensions = new Reader(reader.vector(2));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const body = new Reader(extensions.vector(2));
    if (type === SERVER_NAME) {
      const names = new Reader(body.vector(2));
      if (names.number(1) === 0) serverName = names.vector(2).toString('latin1');
    } else if (type === ALPN) {
      const names = new Reader(body.vector(2));
      while (!names.isAtEnd) protocols.push(names.vector(1).toString('latin1'));
    }
  }
  return { serverName, protocols };
}

class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(width: 1 | 2): number {
    return this.#take(width).readUIntBE(0, width);
  }

  /** Bytes behind their length. */
  vector(width: 1 | 2): Buffer {
    return this.#take(this.number(width));
  }

  #take(count: number): Buffer {
    const end = this.#offset + count;
    if (end > this.#bytes.length) throw new NotTlsError('ClientHello is cut short');
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }
}
