import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, element, objectIdentifier, octetString, sequence, Tag } from './der-writer.ts';

const critical = element(Tag.boolean, Buffer.of(0xff));

function extension(oid: string, value: Uint8Array, isCritical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(isCritical ? [critical] : []), octetString(value));
}

/** Bits of KeyUsage, RFC 5280, 4.2.1.3. */
export type KeyUsage = 'digitalSignature' | 'keyEncipherment' | 'keyCertSign' | 'cRLSign';

const keyUsageBits: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
};

export function keyUsage(...usages: readonly KeyUsage[]): Buffer {
  const bits = usages.reduce((sum, usage) => sum | keyUsageBits[usage], 0);
  const unused = 31 - Math.clz32(bits & -bits);
  return extension('2.5.29.15', bitString(Buffer.of(bits), unused), true);
}

const serverAuth = objectIdentifier('1.3.6.1.5.5.7.3.1');
const clientAuth = objectIdentifier('1.3.6.1.5.5.7.3.2');

export const serverAndClientAuth: Buffer = extension('2.5.29.37', sequence(serverAuth, clientAuth));
export const serverAuthOnly: Buffer = extension('2.5.29.37', sequence(serverAuth));

export const basicConstraintsAuthority: Buffer = extension(
  '2.5.29.19',
  sequence(element(Tag.boolean, Buffer.of(0xff))),
  true,
);
export const basicConstraintsLeaf: Buffer = extension('2.5.29.19', sequence(), true);

/** The SHA-1 of a public key's bits (RFC 5280, 4.2.1.2, method 1), by which an authority's key is named. */
export function keyIdentifier(publicKeyDer: Buffer): Buffer {
  return createHash('sha1').update(publicKeyBits(publicKeyDer)).digest();
}

export function subjectKeyIdentifier(identifier: Buffer): Buffer {
  return extension('2.5.29.14', octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Buffer): Buffer {
  return extension('2.5.29.35', sequence(element(0x80, identifier)));
}

/** Host names and IP addresses that a certificate is good for; names first, each once. */
export function subjectAltName(names: readonly string[]): Buffer {
  const unique = [...new Set(names)];
  const dns = unique.filter((name) => isIP(name) === 0).map((name) => element(0x82, Buffer.from(name, 'latin1')));
  const ips = unique.filter((name) => isIP(name) !== 0).map((name) => element(0x87, ipBytes(name)));
  return extension('2.5.29.17', sequence(...dns, ...ips));
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes an IPv6 address in hexadecimal groups, whatever form it had.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of before.entries()) bytes.writeUInt16BE(group, index * 2);
  for (const [index, group] of after.entries()) bytes.writeUInt16BE(group, 16 - (after.length - index) * 2);
  return bytes;
}

/** The content of the BIT STRING that ends a SubjectPublicKeyInfo. */
function publicKeyBits(der: Buffer): Buffer {
  let at = contentStart(der, 0);
  at = contentStart(der, at) + contentLength(der, at);
  return der.subarray(contentStart(der, at) + 1);
}

function contentStart(der: Buffer, at: number): number {
  const length = der[at + 1]!;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

function contentLength(der: Buffer, at: number): number {
  const length = der[at + 1]!;
  return length < 0x80 ? length : der.readUIntBE(at + 2, length & 0x7f);
}
