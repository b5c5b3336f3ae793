import type { X509Certificate } from 'node:crypto';
import { DerReader, DerTag, malformedCertificate, readDerTime } from './der-reader.ts';
import { firstPemBlock } from './pem.ts';

/** One attribute of a distinguished name; `value` is absent where the certificate holds something else than text. */
export interface NameAttribute {
  readonly oid: string;
  readonly value?: string;
}

/** A distinguished name: relative names (SETs) in their order, each with one or more attributes. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** One X.509 extension, its value still in DER. */
export interface CertificateExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

/** What `readX509` finds in a certificate. Nothing in it has been verified. */
export interface X509Fields {
  /** The whole certificate, DER. */
  readonly der: Buffer;
  /** Upper-case hex of an even number of digits, as `openssl x509 -serial` prints it. */
  readonly serial: string;
  readonly signatureAlgorithm: string;
  readonly issuer: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: DistinguishedName;
  /** The subject's name as it stands in the certificate, DER. */
  readonly subjectDer: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Buffer;
  readonly extensions: readonly CertificateExtension[];
}

/** A certificate as text (PEM), bytes (DER or PEM) or `node:crypto`'s object. */
export type CertificateInput = string | Uint8Array | X509Certificate;

/** The DER bytes of a certificate; of several in one PEM text the first. Throws `bad_parameter`. */
export function certificateDer(input: CertificateInput): Buffer {
  if (typeof input === 'string') return firstPemBlock(input, 'CERTIFICATE');
  if (!(input instanceof Uint8Array)) return input.raw;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  return bytes[0] === DerTag.sequence ? bytes : firstPemBlock(bytes.toString('latin1'), 'CERTIFICATE');
}

/**
 * Reads the fields of an X.509 certificate (RFC 5280) without losing how its names are grouped, which `node:crypto`
 * does not tell. Verifies nothing.
 *
 * @throws TeleportError `bad_parameter` when it is not a certificate
 */
export function readX509(input: CertificateInput): X509Fields {
  const der = certificateDer(input);
  const whole = new DerReader(der).enter(DerTag.sequence);
  const body = whole.enter(DerTag.sequence);
  const signatureAlgorithm = readAlgorithm(whole.enter(DerTag.sequence));
  const serial = readSerial(body);
  body.next(DerTag.sequence);
  const issuer = readName(body.enter(DerTag.sequence));
  const validity = body.enter(DerTag.sequence);
  const [notBefore, notAfter] = [readTime(validity), readTime(validity)];
  const subjectElement = body.next(DerTag.sequence);
  const publicKey = body.next(DerTag.sequence);
  return {
    der,
    serial,
    signatureAlgorithm,
    issuer,
    notBefore,
    notAfter,
    subject: readName(new DerReader(der, subjectElement.contentStart, subjectElement.end)),
    subjectDer: body.whole(subjectElement),
    publicKeyDer: body.whole(publicKey),
    extensions: readExtensions(body),
  };
}

/** What a name says: by attribute, the texts that stand under it, in their order. */
export type NameValues = ReadonlyMap<string, readonly string[]>;

/** The part of {@link readX509} that tells whom a certificate is for and how long; what else it holds is only stepped over. */
export function readX509Subject(
  input: CertificateInput,
): Pick<X509Fields, 'notBefore' | 'notAfter' | 'serial'> & { readonly subject: NameValues } {
  const der = certificateDer(input);
  const whole = new DerReader(der).enter(DerTag.sequence);
  const body = whole.enter(DerTag.sequence);
  whole.next(DerTag.sequence);
  const serial = readSerial(body);
  body.next(DerTag.sequence);
  body.next(DerTag.sequence);
  const validity = body.enter(DerTag.sequence);
  const [notBefore, notAfter] = [readTime(validity), readTime(validity)];
  const subject = readNameValues(body.enter(DerTag.sequence));
  body.next(DerTag.sequence);
  return { serial, notBefore, notAfter, subject };
}

/** As {@link readName}, without what groups the attributes: it makes next to no objects, since every credential passes here. */
function readNameValues(name: DerReader): NameValues {
  const values = new Map<string, string[]>();
  while (!name.done) {
    const setEnd = name.open(DerTag.set);
    while (name.at < setEnd) {
      const pairEnd = name.open(DerTag.sequence);
      const oid = name.objectIdentifier();
      const value = name.text();
      if (name.at !== pairEnd || pairEnd > setEnd) throw malformedCertificate('unreadable name');
      if (value === undefined) continue;
      const known = values.get(oid);
      if (known) known.push(value);
      else values.set(oid, [value]);
    }
  }
  return values;
}

function readSerial(body: DerReader): string {
  if (body.peekTag() === 0xa0) body.next();
  return formatSerial(body.content(body.next(DerTag.integer)));
}

function readAlgorithm(reader: DerReader): string {
  return reader.objectIdentifier();
}

function readTime(reader: DerReader): Date {
  const element = reader.next();
  return readDerTime(element.tag, reader.content(element));
}

function readName(reader: DerReader): DistinguishedName {
  const name: NameAttribute[][] = [];
  while (!reader.done) {
    const relative: NameAttribute[] = [];
    const set = reader.enter(DerTag.set);
    while (!set.done) {
      const pair = set.enter(DerTag.sequence);
      const oid = pair.objectIdentifier();
      const value = pair.text();
      relative.push(value === undefined ? { oid } : { oid, value });
    }
    name.push(relative);
  }
  return name;
}

function readExtensions(body: DerReader): CertificateExtension[] {
  const extensions: CertificateExtension[] = [];
  while (!body.done) {
    if (body.peekTag() !== 0xa3) {
      body.next();
      continue;
    }
    const list = body.enter(0xa3).enter(DerTag.sequence);
    while (!list.done) {
      const extension = list.enter(DerTag.sequence);
      const oid = extension.objectIdentifier();
      const critical =
        extension.peekTag() === DerTag.boolean && extension.content(extension.next(DerTag.boolean))[0] !== 0;
      extensions.push({ oid, critical, value: extension.content(extension.next(DerTag.octetString)) });
    }
  }
  return extensions;
}

function formatSerial(content: Buffer): string {
  if (content.length === 0) throw malformedCertificate('it has no serial number');
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start++;
  return content.toString('hex', start).toUpperCase();
}
