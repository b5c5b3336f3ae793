import { connect } from 'node:tls';
import type { Identity } from '../src/identity.ts';

/**
 * Opens a PostgreSQL session through a real cluster's proxy with a credential (TLS routing), up to the first answer.
 *
 * @returns the type letters and texts of the messages that came: `E` is an error with its words in it
 */
export function visitDatabase(identity: Identity, proxyAddress: string, user: string): Promise<string> {
  const [host, port] = proxyAddress.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      servername: host,
      ALPNProtocols: ['teleport-postgres'],
      cert: identity.tlsCertificate,
      key: identity.privateKeyPem,
      // Whose certificate it is does not matter here: what counts is what the far end makes of ours.
      rejectUnauthorized: false,
    });
    const chunks: Buffer[] = [];
    socket.on('secureConnect', () => socket.write(startup({ user, database: 'main' })));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1').replaceAll('\0', '\n')));
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer from the database')));
  });
}

/** The first message of a PostgreSQL client, protocol 3.0. */
function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join('');
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}
