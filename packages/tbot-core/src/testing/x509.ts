import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  element,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
  yes,
} from './der.ts';

/** Attributes of a name: object identifier and text. */
export type NameAttributes = readonly (readonly [oid: string, value: string])[];

/** What a certificate says. */
export interface X509Content {
  readonly issuer: NameAttributes;
  readonly subject: NameAttributes;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  /** May it sign others? Default false. */
  readonly authority?: boolean;
  /** Host names and IPv4 addresses of a server. */
  readonly hosts?: readonly string[];
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const SERVER_AND_CLIENT = sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'));

/** Signs a certificate with a P-256 key; PEM (RFC 5280). */
export function signX509(content: X509Content, signer: KeyObject): string {
  const serial = randomBytes(16);
  // Positive, and as long as it looks.
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_WITH_SHA256,
    name(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    name(content.subject),
    content.publicKeyDer,
    explicit(3, sequence(...extensions(content, keyIdentifier(signer)))),
  );
  const der = sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function name(attributes: NameAttributes): Buffer {
  return sequence(...attributes.map(([type, value]) => set(sequence(oid(type), utf8String(value)))));
}

function extensions({ authority, hosts }: X509Content, signer: Buffer): Buffer[] {
  if (authority) {
    const certSign = bitString(Buffer.of(0x06), 1);
    return [
      extension('2.5.29.19', sequence(yes), true),
      extension('2.5.29.15', certSign, true),
      extension('2.5.29.14', octetString(signer)),
    ];
  }
  const signatures = bitString(Buffer.of(0xa0), 5);
  return [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', signatures, true),
    extension('2.5.29.37', SERVER_AND_CLIENT),
    extension('2.5.29.35', sequence(element(0x80, signer))),
    ...(hosts ? [extension('2.5.29.17', sequence(...hosts.map(hostName)))] : []),
  ];
}

/** SHA-1 of the bits of a P-256 key, the last 65 bytes of its SubjectPublicKeyInfo (RFC 5280, 4.2.1.2). */
function keyIdentifier(signer: KeyObject): Buffer {
  const spki = createPublicKey(signer).export({ type: 'spki', format: 'der' });
  return createHash('sha1').update(spki.subarray(-65)).digest();
}

function extension(type: string, value: Uint8Array, critical = false): Buffer {
  return sequence(oid(type), ...(critical ? [yes] : []), octetString(value));
}

function hostName(host: string): Buffer {
  return isIPv4(host) ? element(0x87, Buffer.from(host.split('.').map(Number))) : element(0x82, Buffer.from(host));
}
