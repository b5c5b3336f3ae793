import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { malformedSsh, SshReader } from './ssh-wire.ts';

const magic = Buffer.from('openssh-key-v1\0', 'latin1');

/** The curves of RFC 5656 by their names in JWK, and how long a coordinate is. */
const curves: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
  nistp521: { crv: 'P-521', bytes: 66 },
};

/** The key needs a passphrase. */
export class EncryptedKeyError extends Error {}

/**
 * Reads the content of an `openssh-key-v1` file (PROTOCOL.key of OpenSSH): one key, not encrypted, of type Ed25519, ECDSA
 * or RSA.
 *
 * @throws EncryptedKeyError, or TeleportError `bad_parameter` for anything else
 */
export function readOpenSshPrivateKey(bytes: Buffer): KeyObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw malformedSsh('it is not in OpenSSH’s format');
  const outer = new SshReader(bytes.subarray(magic.length));
  if (outer.text() !== 'none') throw new EncryptedKeyError('the key is encrypted');
  outer.string();
  outer.string();
  if (outer.uint32() !== 1) throw malformedSsh('it holds more than one key');
  outer.string();
  const inner = new SshReader(outer.string());
  const check = inner.uint32();
  if (inner.uint32() !== check) throw malformedSsh('its check numbers differ');
  return createPrivateKey({ key: privateJwk(inner.text(), inner), format: 'jwk' });
}

function privateJwk(type: string, fields: SshReader): JsonWebKey {
  if (type === 'ssh-ed25519') {
    const x = fields.string();
    return { kty: 'OKP', crv: 'Ed25519', x: text(x), d: text(fields.string().subarray(0, 32)) };
  }
  if (type === 'ssh-rsa') {
    const [n, e, d, qi, p, q] = [0, 1, 2, 3, 4, 5].map(() => fields.mpint()) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    return {
      kty: 'RSA',
      n: text(n),
      e: text(e),
      d: text(d),
      qi: text(qi),
      p: text(p),
      q: text(q),
      dp: text(reduced(d, p)),
      dq: text(reduced(d, q)),
    };
  }
  const curve = curves[type.replace(/^ecdsa-sha2-/, '')];
  if (!curve) throw malformedSsh('it is of a type that is not supported');
  fields.string();
  const point = fields.string();
  const { crv, bytes } = curve;
  if (point.length !== 1 + 2 * bytes) throw malformedSsh('its point has a wrong length');
  const secret = fields.mpint();
  const d = Buffer.concat([Buffer.alloc(Math.max(0, bytes - secret.length)), secret]);
  return { kty: 'EC', crv, x: text(point.subarray(1, 1 + bytes)), y: text(point.subarray(1 + bytes)), d: text(d) };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** d mod (prime - 1), which JWK wants and OpenSSH leaves out. */
function reduced(d: Buffer, prime: Buffer): Buffer {
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`);
  const modulus = number(prime) - 1n;
  if (modulus <= 0n) throw malformedSsh('it has no prime');
  const hex = (number(d) % modulus).toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
}
