import { generateKeyPair, type KeyObject } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import type { CredentialKind, PublicKeys } from '../destination-host.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** The public half in both forms that an agent takes. */
  readonly publicKeys: Required<PublicKeys>;
}

/**
 * A key pair of one who asks on a socket, made off the event loop: RSA 2048 for databases, whose servers and drivers do not
 * all know another (about 200 ms), ECDSA P-256 for everything else.
 */
export function makeKeyPair(kind: CredentialKind): Promise<KeyPair> {
  return kind === 'database' ? makeRsaPair() : makeEcPair();
}

function makeEcPair(): Promise<KeyPair> {
  return new Promise((resolve, reject) => {
    const publicKeyEncoding = { type: 'spki', format: 'der' } as const;
    generateKeyPair('ec', { namedCurve: 'P-256', publicKeyEncoding } as never, (error, spki, privateKey) => {
      if (error) reject(error);
      else
        resolve({
          privateKey: privateKey as unknown as KeyObject,
          publicKeys: ecPublicKeys(spki as unknown as Buffer),
        });
    });
  });
}

/** Two more exports by OpenSSL would cost a short program more than making the pair did; the forms are plain enough. */
function ecPublicKeys(spki: Buffer): Required<PublicKeys> {
  const base64 = spki.toString('base64');
  const tls = `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
  // The last 65 bytes of a P-256 SubjectPublicKeyInfo are its point (RFC 5480); SSH has it behind two names (RFC 5656).
  const type = 'ecdsa-sha2-nistp256';
  const blob = Buffer.concat([type, 'nistp256', spki.subarray(-65)].map(sshString));
  return { tls, ssh: `${type} ${blob.toString('base64')}` };
}

function sshString(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as Buffer);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function makeRsaPair(): Promise<KeyPair> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: 2048 }, (error, publicKey, privateKey) => {
      if (error) return reject(error);
      const tls = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      resolve({ privateKey, publicKeys: { tls, ssh: sshPublicKeyLine(publicKey) } });
    });
  });
}
