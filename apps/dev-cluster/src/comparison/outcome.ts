import { parseSshCertificate, readX509 } from '@teleport-ts/api-types';

/** What came of a question, in a form in which two clusters can be compared. */
export type Outcome =
  | { readonly code: number; readonly details: string }
  | { readonly answer: Plain }
  | { readonly status: number; readonly body: Plain };

/** What is left of a value: nothing that differs from one cluster, or from one moment, to the next. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const certificatePem = /^-----BEGIN CERTIFICATE-----/;
const sshCertificate = /^[a-z0-9-]+-cert-v01@openssh\.com /;
const sshKey = /^(cert-authority )?(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]+/;
const minuteMs = 60_000;

export function plain(value: unknown): Plain {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return plainText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Date) return plainTime(value.getTime());
  if (value instanceof Uint8Array) return plainBytes(Buffer.from(value));
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  const fields = value as Record<string, unknown>;
  if (isTimestamp(fields)) return plainTime(Number(fields.seconds) * 1000 + fields.nanos / 1_000_000);
  const kept = Object.entries(fields).filter(
    ([name, field]) => name !== '_unknownFields' || Object.keys(field as object).length > 0,
  );
  return Object.fromEntries(kept.map(([name, field]) => [name, plain(field)]));
}

function isTimestamp(fields: Record<string, unknown>): fields is { seconds: bigint; nanos: number } {
  return Object.hasOwn(fields, 'nanos') && typeof fields.seconds === 'bigint' && typeof fields.nanos === 'number';
}

/** A time by its distance from now, to five minutes: questions are not put at the same moment. */
function plainTime(ms: number): string {
  if (ms < -1e13) return '<never>';
  const minutes = Math.round((ms - Date.now()) / minuteMs / 5) * 5;
  if (minutes === 0) return '<now>';
  const days = Math.round(minutes / 1440);
  if (Math.abs(days) > 30) return `<${days} d>`;
  return `<${minutes} min>`;
}

export function plainText(text: string): string {
  return text
    .replace(uuid, '<uuid>')
    .replace(/\b[0-9a-f]{64}\b/g, '<hex>')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>')
    .replace(/\b(localhost|127\.0\.0\.1):\d+/g, '<address>');
}

function plainBytes(bytes: Buffer): Plain {
  const text = bytes.toString('latin1');
  if (certificatePem.test(text)) return certificates(text);
  if (sshCertificate.test(text)) return plainSshCertificate(text);
  const key = sshKey.exec(text);
  if (key) return text.replace(/ [A-Za-z0-9+/=]{30,}/, ' <key>').replace(/\n$/, '');
  if (/^-----BEGIN/.test(text)) return text.split('\n')[0] as string;
  if (/^[\x20-\x7e\n]*$/.test(text)) return plainText(text);
  return '<bytes>';
}

/** All certificates of a text, each taken apart. */
function certificates(text: string): Plain {
  const all = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return all.map(plainCertificate);
}

const serialNumberAttribute = '2.5.4.5';
const keyIdentifiers = new Set(['2.5.29.14', '2.5.29.35']);

/** Every field of a certificate but serial number, keys, and signature. */
export function plainCertificate(pem: string): Plain {
  const { subject, issuer, notBefore, notAfter, signatureAlgorithm, extensions } = readX509(pem);
  const names = (name: typeof subject): Plain =>
    name.flat().map(({ oid, value }) => `${oid}=${oid === serialNumberAttribute ? '' : plainAttribute(value)}`);
  return {
    subject: names(subject),
    issuer: names(issuer),
    notBefore: plainTime(notBefore.getTime()),
    notAfter: plainTime(notAfter.getTime()),
    signatureAlgorithm,
    extensions: extensions.map(
      ({ oid, critical, value }) =>
        `${oid}${critical ? ' critical' : ''} ${keyIdentifiers.has(oid) ? '' : plainText(value.toString('latin1'))}`,
    ),
  };
}

function plainAttribute(value: string | undefined): string {
  return plainText(value ?? '');
}

/** Every field of an SSH certificate but serial number, keys, and signature. */
export function plainSshCertificate(line: string): Plain {
  const { kind, publicKey, keyId, principals, validAfter, validBefore, criticalOptions, extensions, ...rest } =
    parseSshCertificate(line.trim());
  return plain({
    kind,
    keyType: publicKey.type,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    extensions,
    signingKey: rest.signingKey.type,
    signatureAlgorithm: rest.signatureAlgorithm,
    comment: rest.comment,
  });
}

/** Where two outcomes differ, one line each: path, what the real one says, what this one says. */
export function differences(real: Outcome, dev: Outcome, ignore: readonly string[] = []): string[] {
  const found: string[] = [];
  const ignored = (path: string): boolean => ignore.some((end) => path === end || path.endsWith(`.${end}`));
  const walk = (path: string, a: Plain | undefined, b: Plain | undefined): void => {
    if (ignored(path)) return;
    if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
      a.forEach((value, index) => {
        walk(`${path}[${index}]`, value, b[index]);
      });
    } else if (isRecord(a) && isRecord(b)) {
      for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
        walk(path ? `${path}.${name}` : name, a[name], b[name]);
      }
    } else if (JSON.stringify(a ?? null) !== JSON.stringify(b ?? null)) {
      found.push(`${path}: real ${shown(a)}, dev ${shown(b)}`);
    }
  };
  walk('', real as Plain, dev as Plain);
  return found;
}

function isRecord(value: Plain | undefined): value is { readonly [name: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: Plain | undefined): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
