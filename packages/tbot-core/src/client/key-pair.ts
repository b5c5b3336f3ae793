import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { newPrivateKey, sshPublicKeyLine } from '@teleport-ts/api-types';
import type { CredentialKind, PublicKeys } from '../destination-host.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** The public half in both forms that an agent takes. */
  readonly publicKeys: Required<PublicKeys>;
}

/** SubjectPublicKeyInfo of a P-256 key up to the coordinates of its point (RFC 5480). */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/**
 * A key pair of one who asks on a socket, made off the event loop: RSA 2048 for databases, whose servers and drivers do not
 * all know another (about 200 ms), ECDSA P-256 for everything else.
 */
export async function makeKeyPair(kind: CredentialKind): Promise<KeyPair> {
  if (kind === 'database') {
    const { privateKey } = await newPrivateKey('rsa2048');
    const publicKey = createPublicKey(privateKey);
    const tls = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    return { privateKey, publicKeys: { tls, ssh: sshPublicKeyLine(publicKey) } };
  }
  const { privateKey, publicJwk } = await newPrivateKey('ecdsa-p256');
  return { privateKey, publicKeys: ecPublicKeys(publicJwk) };
}

/** Two exports by OpenSSL would cost a short program more than making the pair did; the forms are plain enough. */
function ecPublicKeys({ x = '', y = '' }: JsonWebKey): Required<PublicKeys> {
  const spki = Buffer.concat([P256_PREFIX, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const base64 = spki.toString('base64');
  const tls = `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
  // SSH has the point behind two names (RFC 5656).
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
