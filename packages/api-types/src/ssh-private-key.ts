import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { sshPublicKeyBlob } from './ssh-public-key.ts';
import { SshReader, sshMpint, sshString, sshUint32 } from './ssh-wire.ts';
import { TeleportError } from './teleport-error.ts';

/** Options of {@link openSshPrivateKey}. */
export interface OpenSshPrivateKeyOptions {
  /** Stored with the key; default none. */
  readonly comment?: string;
}

/**
 * A private key in OpenSSH's own format (`openssh-key-v1`, PROTOCOL.key of OpenSSH), not encrypted, with a final newline.
 * OpenSSH reads Ed25519 keys in no other form; RSA keys it also reads as {@link privateKeyPem} writes them, which is what
 * Teleport gives it.
 *
 * @throws TeleportError `bad_parameter` for a key that is not private or not Ed25519, ECDSA or RSA
 */
export function openSshPrivateKey(key: KeyObject, options: OpenSshPrivateKeyOptions = {}): string {
  requirePrivate(key);
  const { type, blob } = sshPublicKeyBlob(key);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    sshString(type),
    privateFields(key, blob),
    sshString(options.comment ?? ''),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0', 'latin1'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    sshUint32(1),
    sshString(blob),
    sshString(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/**
 * A private key in the PEM form in which Teleport writes keys: PKCS#1 (`RSA PRIVATE KEY`) for RSA, PKCS#8
 * (`PRIVATE KEY`) for all others, with a final newline.
 */
export function privateKeyPem(key: KeyObject): string {
  requirePrivate(key);
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8';
  return key.export({ type, format: 'pem' }) as string;
}

function requirePrivate(key: KeyObject): void {
  if (key.type !== 'private') throw new TeleportError('bad_parameter', `expected a private key, got a ${key.type} one`);
}

function privateFields(key: KeyObject, publicBlob: Buffer): Buffer {
  // Read anew: see `new-private-key.ts` for what JWK may do to a key that was made a moment ago.
  const apart = createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }));
  const jwk = apart.export({ format: 'jwk' });
  const bytes = (member: unknown): Buffer => Buffer.from(String(member), 'base64url');
  const reader = new SshReader(publicBlob);
  reader.string();
  if (jwk.kty === 'RSA') {
    return Buffer.concat([jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map((member) => sshMpint(bytes(member))));
  }
  if (jwk.kty === 'OKP') {
    const publicBytes = reader.string();
    return Buffer.concat([sshString(publicBytes), sshString(Buffer.concat([bytes(jwk.d), publicBytes]))]);
  }
  return Buffer.concat([sshString(reader.string()), sshString(reader.string()), sshMpint(bytes(jwk.d))]);
}
