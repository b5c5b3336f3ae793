import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { bitString, element, explicit, objectIdentifier, sequence, time, unsignedInteger } from './der-writer.ts';

/** What a certificate says; names, key and extensions already in DER. */
export interface CertificateContent {
  readonly serial: Buffer;
  readonly issuerName: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subjectName: Buffer;
  readonly publicKeyDer: Buffer;
  readonly extensions: readonly Buffer[];
}

const version3 = explicit(0, unsignedInteger(Buffer.of(2)));
const sha256WithRsa = sequence(objectIdentifier('1.2.840.113549.1.1.11'), element(0x05));
const sha256WithEcdsa = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/** Signs a certificate with an RSA or P-256 key, SHA-256 both; DER. */
export function signCertificate(content: CertificateContent, signer: KeyObject): Buffer {
  const algorithm = signer.asymmetricKeyType === 'rsa' ? sha256WithRsa : sha256WithEcdsa;
  const body = sequence(
    version3,
    unsignedInteger(content.serial),
    algorithm,
    content.issuerName,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subjectName,
    content.publicKeyDer,
    explicit(3, sequence(...content.extensions)),
  );
  return sequence(body, algorithm, bitString(sign('sha256', body, signer)));
}

/** 128 random bits. */
export function randomSerial(): Buffer {
  return randomBytes(16);
}

export function certificatePem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
