import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { type SshPublicKey, sshPublicKeyBlob } from '@teleport-ts/api-types';

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function string(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function mpint(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length && magnitude[start] === 0) start++;
  const bytes = magnitude.subarray(start);
  return string(bytes.length > 0 && bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** What an OpenSSH certificate says (PROTOCOL.certkeys of OpenSSH). */
export interface SshCertificateContent {
  readonly kind: 'user' | 'host';
  readonly publicKey: Pick<SshPublicKey, 'type' | 'blob'>;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: Date;
  /** Absent: never expires. */
  readonly validBefore?: Date;
  readonly criticalOptions: ReadonlyMap<string, string>;
  readonly extensions: ReadonlyMap<string, string>;
}

/** Signs a certificate; a line without a newline. Its serial number is 0, as Teleport's are. */
export function signSshCertificate(content: SshCertificateContent, signer: KeyObject): string {
  const { publicKey } = content;
  const type = `${publicKey.type}-cert-v01@openssh.com`;
  // The key's own fields are its blob without the type in front.
  const keyFields = publicKey.blob.subarray(4 + publicKey.type.length);
  const body = Buffer.concat([
    string(type),
    string(randomBytes(32)),
    keyFields,
    uint64(0n),
    uint32(content.kind === 'user' ? 1 : 2),
    string(content.keyId),
    string(Buffer.concat(content.principals.map(string))),
    uint64(seconds(content.validAfter)),
    uint64(content.validBefore ? seconds(content.validBefore) : 0xffff_ffff_ffff_ffffn),
    string(options(content.criticalOptions)),
    string(options(content.extensions)),
    string(''),
    string(sshPublicKeyBlob(signer).blob),
  ]);
  return `${type} ${Buffer.concat([body, string(signature(body, signer))]).toString('base64')}`;
}

function seconds(date: Date): bigint {
  return BigInt(Math.floor(date.getTime() / 1000));
}

/** Sorted by name, as OpenSSH demands. A value is a string inside a string, a flag an empty string. */
function options(values: ReadonlyMap<string, string>): Buffer {
  const sorted = [...values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat(sorted.flatMap(([name, value]) => [string(name), string(value === '' ? '' : string(value))]));
}

function signature(data: Buffer, key: KeyObject): Buffer {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return Buffer.concat([string('ssh-ed25519'), string(sign(null, data, key))]);
    case 'rsa': {
      const hash = (key.asymmetricKeyDetails?.modulusLength ?? 0) < 4096 ? 'sha256' : 'sha512';
      return Buffer.concat([string(`rsa-sha2-${hash.slice(3)}`), string(sign(hash, data, key))]);
    }
    default: {
      const { type } = sshPublicKeyBlob(key);
      const hash = { 'ecdsa-sha2-nistp384': 'sha384', 'ecdsa-sha2-nistp521': 'sha512' }[type as string] ?? 'sha256';
      const pair = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
      const half = pair.length / 2;
      const numbers = Buffer.concat([mpint(pair.subarray(0, half)), mpint(pair.subarray(half))]);
      return Buffer.concat([string(type), string(numbers)]);
    }
  }
}
