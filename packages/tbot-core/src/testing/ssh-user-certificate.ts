import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { parseSshPublicKey, sshPublicKeyBlob } from '@teleport-ts/api-types';

/** What a user's SSH certificate says. */
export interface SshUserContent {
  /** Line of authorized_keys. */
  readonly publicKey: string;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: Date;
  readonly validBefore: Date;
  /** Name and value; flags have the empty string. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Signs a user certificate with an Ed25519 key; a line without a newline (PROTOCOL.certkeys of OpenSSH). */
export function signSshUserCertificate(content: SshUserContent, signer: KeyObject): string {
  const { type, blob } = parseSshPublicKey(content.publicKey);
  const certificateType = `${type}-cert-v01@openssh.com`;
  const extensions = Object.entries(content.extensions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => [string(name), string(value === '' ? '' : string(value))]);
  const body = Buffer.concat([
    string(certificateType),
    string(randomBytes(32)),
    // The fields of the key are its blob without the type in front.
    blob.subarray(4 + type.length),
    number(0n, 8),
    number(1n, 4),
    string(content.keyId),
    string(Buffer.concat(content.principals.map(string))),
    seconds(content.validAfter),
    seconds(content.validBefore),
    string(''),
    string(Buffer.concat(extensions)),
    string(''),
    string(sshPublicKeyBlob(signer).blob),
  ]);
  const signature = Buffer.concat([string('ssh-ed25519'), string(sign(null, body, signer))]);
  return `${certificateType} ${Buffer.concat([body, string(signature)]).toString('base64')}`;
}

function string(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([number(BigInt(bytes.length), 4), bytes]);
}

function number(value: bigint, length: 4 | 8): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.subarray(8 - length);
}

function seconds(date: Date): Buffer {
  return number(BigInt(Math.floor(date.getTime() / 1000)), 8);
}
