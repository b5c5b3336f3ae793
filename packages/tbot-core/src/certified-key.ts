import { certificateDer } from '@teleport-ts/api-types';

// Which key a certificate is for, and no more: decoding all of it takes a short program longer than making the key did.

/** What {@link tlsCertifiedKey} finds. */
export interface TlsCertifiedKey {
  /** Lower-case hex. */
  readonly serial: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Buffer;
}

/**
 * Serial number and key of an X.509 certificate (RFC 5280: version, serial, algorithm, issuer, validity, subject, key).
 *
 * @returns undefined for what is not built that way
 * @throws TeleportError `bad_parameter` when it is no PEM
 */
export function tlsCertifiedKey(pem: string): TlsCertifiedKey | undefined {
  const der = certificateDer(pem);
  const content = elementAt(der, elementAt(der, 0)?.contentAt ?? der.length);
  const parts: Buffer[] = [];
  let serial = '';
  for (let at = content?.contentAt ?? der.length; parts.length < 7; ) {
    const part = elementAt(der, at);
    if (!part) return undefined;
    if (parts.length === 1)
      serial = der
        .subarray(part.contentAt, part.end)
        .toString('hex')
        .replace(/^00(?=..)/, '');
    parts.push(der.subarray(at, part.end));
    at = part.end;
  }
  return { serial, publicKeyDer: parts[6]! };
}

function elementAt(der: Buffer, at: number): { readonly contentAt: number; readonly end: number } | undefined {
  const first = der[at + 1];
  if (first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || at + 2 + lengthBytes > der.length) return undefined;
  const contentAt = at + 2 + lengthBytes;
  const end = contentAt + (lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes));
  return end > der.length ? undefined : { contentAt, end };
}

/** Is the SSH certificate for that key? Its fields follow the type and a nonce (PROTOCOL.certkeys of OpenSSH). */
export function sshCertificateIsFor(certificate: string, publicKey: string): boolean {
  const [certificateType, blob] = typeAndBlob(certificate);
  const [keyType, key] = typeAndBlob(publicKey);
  const nonceAt = 4 + certificateType.length;
  if (certificateType !== `${keyType}-cert-v01@openssh.com` || blob.length < nonceAt + 4) return false;
  const keyAt = nonceAt + 4 + blob.readUInt32BE(nonceAt);
  const fields = key.subarray(4 + keyType.length);
  return fields.length > 0 && blob.subarray(keyAt, keyAt + fields.length).equals(fields);
}

/**
 * When an SSH certificate ends; undefined for one that never does, or that is not built as OpenSSH's are. Behind the key
 * stand serial (8 bytes), kind (4), key id, principals, and the times from which on and until which it is good.
 */
export function sshCertificateEnd(certificate: string): Date | undefined {
  const [type, blob] = typeAndBlob(certificate);
  if (!type.endsWith('-cert-v01@openssh.com')) return undefined;
  const keyFields = type.startsWith('ssh-ed25519-cert') ? 1 : 2;
  let at = 0;
  const skip = (strings: number): void => {
    for (let left = strings; left > 0 && at + 4 <= blob.length; left--) at += 4 + blob.readUInt32BE(at);
  };
  skip(2 + keyFields);
  at += 12;
  skip(2);
  if (at + 16 > blob.length) return undefined;
  const seconds = Number(blob.readBigUInt64BE(at + 8));
  const end = new Date(seconds * 1000);
  return Number.isNaN(end.getTime()) ? undefined : end;
}

function typeAndBlob(line: string): [type: string, blob: Buffer] {
  const [type = '', base64 = ''] = line.trim().split(/\s+/, 2);
  return [type, Buffer.from(base64, 'base64')];
}
