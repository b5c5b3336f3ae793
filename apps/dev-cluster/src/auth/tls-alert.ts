import { createCipheriv, createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';

/** Descriptions of fatal alerts (RFC 8446, 6.2) that refuse a client certificate. */
export const ALERT = { badCertificate: 42, certificateExpired: 45, unknownCa: 48 } as const;

const SECRET = /^SERVER_TRAFFIC_SECRET_0 [0-9a-f]+ ([0-9a-f]+)/;
/** How many tickets OpenSSL sends behind a handshake, each in a record of its own, to clients that can use them. */
const TICKETS = 2;
const FATAL = 2;
const ALERT_RECORD = 21;
const TAG_BYTES = 16;

const CIPHERS: Readonly<Record<string, { cipher: string; keyBytes: number; hash: string }>> = {
  TLS_AES_128_GCM_SHA256: { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  TLS_AES_256_GCM_SHA384: { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  TLS_CHACHA20_POLY1305_SHA256: { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
};

/**
 * Ends connections of a TLS server with an alert, as Go's servers do that refuse a client certificate. Node lets nobody
 * refuse one inside the handshake, and sends no alert of anybody's choice behind it; under TLS 1.3 one can write it
 * oneself, since the client learns of a refusal behind the handshake anyway. Under TLS 1.2 the connection is just closed.
 */
export class TlsAlerts {
  readonly #secrets = new WeakMap<TLSSocket, Buffer>();
  readonly #raw = new Map<string, Socket>();

  /** @param server whose connections come through {@link connected} */
  constructor(server: Server) {
    server.on('keylog', (line: Buffer, socket: TLSSocket) => {
      const secret = SECRET.exec(line.toString('latin1'))?.[1];
      if (secret !== undefined) this.#secrets.set(socket, Buffer.from(secret, 'hex'));
    });
  }

  /** Notes a connection that the server is about to take over. */
  connected(raw: Socket): void {
    const key = keyOf(raw);
    this.#raw.set(key, raw);
    raw.once('close', () => this.#raw.delete(key));
  }

  /**
   * Closes a connection for an error, with the alert that the error names, if it names one. To be called when the
   * handshake is over, before any write.
   */
  refuse(socket: TLSSocket, error: unknown): void {
    const alert = error instanceof Error && 'alert' in error ? error.alert : undefined;
    if (typeof alert === 'number') this.#alert(socket, alert);
    else socket.destroy();
  }

  #alert(socket: TLSSocket, alert: number): void {
    const raw = this.#raw.get(keyOf(socket));
    const secret = this.#secrets.get(socket);
    const suite = CIPHERS[socket.getCipher()?.standardName ?? ''];
    if (!raw || !secret || !suite || socket.getProtocol() !== 'TLSv1.3') {
      socket.destroy();
      return;
    }
    socket.pause();
    const before = raw.bytesWritten;
    // The tickets go out when the handshake has been told of.
    setImmediate(() => {
      if (raw.destroyed) return;
      const sequence = raw.bytesWritten > before ? TICKETS : 0;
      raw.write(alertRecord(secret, suite, sequence, alert), () => socket.destroy());
    });
  }
}

function alertRecord(
  secret: Buffer,
  { cipher, keyBytes, hash }: (typeof CIPHERS)[string],
  sequence: number,
  alert: number,
): Buffer {
  const key = expandLabel(secret, hash, 'key', keyBytes);
  const nonce = expandLabel(secret, hash, 'iv', 12);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
  const content = Buffer.from([FATAL, alert, ALERT_RECORD]);
  const header = Buffer.from([23, 3, 3, 0, content.length + TAG_BYTES]);
  const sealing = createCipheriv(cipher as 'aes-128-gcm', key, nonce, { authTagLength: TAG_BYTES });
  sealing.setAAD(header, { plaintextLength: content.length });
  return Buffer.concat([header, sealing.update(content), sealing.final(), sealing.getAuthTag()]);
}

/** HKDF-Expand-Label (RFC 8446, 7.1), of at most one block. */
function expandLabel(secret: Buffer, hash: string, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}

const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;
