import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** What a proxy answered when it was asked for an upgrade. */
export interface UpgradeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The bytes inside, when it was agreed to. */
  readonly stream?: UpgradedConnection;
}

/** Asks a proxy to carry another protocol inside a WebSocket (`GET /webapi/connectionupgrade`). Trusts whatever answers. */
export async function upgradeConnection(
  address: string,
  { subprotocol = 'alpn', headers = {} }: { subprotocol?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<UpgradeAnswer> {
  const [host, port] = address.split(':');
  const asking = request({
    host,
    port,
    path: '/webapi/connectionupgrade',
    rejectUnauthorized: false,
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': subprotocol,
      ...headers,
    },
  });
  asking.end();
  return await new Promise((resolve, reject) => {
    asking.once('error', reject);
    asking.once('upgrade', ({ statusCode: status = 0, headers }, socket, head) => {
      resolve({ status, headers, body: '', stream: new UpgradedConnection(socket, head) });
    });
    asking.once('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
  });
}

/** The client's half of a WebSocket that carries a stream: binary frames, masked; pings are counted and answered. */
export class UpgradedConnection extends Duplex {
  /** What the pings held that have come. */
  readonly pings: string[] = [];
  /** Operation codes of all frames that have come. */
  readonly opcodes: number[] = [];
  readonly #socket: Duplex;
  #rest: Buffer;

  constructor(socket: Duplex, head: Buffer) {
    super();
    this.#socket = socket;
    this.#rest = head;
    socket.on('data', (bytes: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      this.#read();
    });
    socket.once('error', (error) => this.destroy(error));
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
  }

  /** Sends any frame, good or bad. */
  sendRaw(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits until a ping has come. */
  async pinged(): Promise<void> {
    if (this.pings.length === 0) await once(this, 'pinged');
  }

  #read(): void {
    for (;;) {
      const bytes = this.#rest;
      if (bytes.length < 2) return;
      const [first = 0, length = 0] = bytes;
      const size = length < 126 ? 2 : length === 126 ? 4 : 10;
      if (bytes.length < size) return;
      const payloadLength = size === 2 ? length : size === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < size + payloadLength) return;
      const payload = bytes.subarray(size, size + payloadLength);
      this.#rest = bytes.subarray(size + payloadLength);
      const opcode = first & 0x0f;
      this.opcodes.push(opcode);
      if (opcode === 2) this.push(payload);
      if (opcode === 9) {
        this.pings.push(payload.toString());
        this.#socket.write(clientFrame(10, payload));
        this.emit('pinged');
      }
    }
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(clientFrame(2, bytes), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

/** One whole frame as clients send them (RFC 6455, 5.2). */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = 0x80 | (length < 126 ? length : length < 0x10000 ? 126 : 127);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  else if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([header, mask, masked]);
}
