import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readPrivateKey } from './private-key.ts';
import { isSshCertificateLine, parseSshCertificate } from './ssh-certificate.ts';
import { sshPublicKeyBlob } from './ssh-public-key.ts';
import { TeleportError } from './teleport-error.ts';

/** What an identity file holds. Every text is kept as it stood, without a final newline. */
export interface IdentityFile {
  /** PEM: PKCS#1 for RSA, PKCS#8 for all others. */
  readonly privateKey: string;
  /** The certificate line. Absent in files whose SSH certificate lies beside them in `<file>-cert.pub`. */
  readonly sshCertificate?: string;
  /** PEM. */
  readonly tlsCertificate: string;
  /** `@cert-authority` lines of known_hosts; see {@link parseCertAuthorityLine}. */
  readonly sshAuthorities: readonly string[];
  /** PEM, one certificate each. */
  readonly tlsAuthorities: readonly string[];
}

/** Options of {@link parseIdentityFile}. */
export interface ParseIdentityFileOptions {
  /** How errors name the file; default `identity file`. */
  readonly name?: string;
}

/**
 * Reads an identity file as `tctl auth sign` and tbot write it: private key, SSH certificate, TLS certificate, SSH and
 * TLS authorities in one text. Of PEM blocks the first is the key, the second the certificate, all others are
 * authorities; lines that are neither PEM nor SSH are passed over. Checks that key and certificates belong together;
 * dates are not checked.
 *
 * @throws TeleportError `bad_parameter`, naming what is missing, cut short, encrypted or mismatched; `not_implemented` when
 * the key is on a hardware token
 */
export function parseIdentityFile(text: string, options: ParseIdentityFileOptions = {}): IdentityFile {
  const name = options.name ?? 'identity file';
  const parts = splitIdentityFile(text, name);
  const [privateKey, tlsCertificate, ...tlsAuthorities] = parts.pemBlocks;
  if (privateKey === undefined) throw unusable(name, 'holds no private key', 'is it an identity file at all?');
  const key = privateKeyOf(privateKey, name);
  if (tlsCertificate === undefined) {
    throw unusable(name, 'holds no TLS certificate', 'write it with `tctl auth sign --format=file` or with tbot');
  }
  const publicKey = createPublicKey(key);
  checkTlsCertificate(tlsCertificate, publicKey, name);
  for (const authority of tlsAuthorities) certifiedKey(authority, name, 'the certificate of a TLS authority');
  if (parts.sshCertificate !== undefined) checkSshCertificate(parts.sshCertificate, publicKey, name);
  return {
    privateKey,
    ...(parts.sshCertificate === undefined ? {} : { sshCertificate: parts.sshCertificate }),
    tlsCertificate,
    sshAuthorities: parts.sshAuthorities,
    tlsAuthorities,
  };
}

/** Writes an identity file in the order in which Teleport does, each part on its own line. Checks nothing. */
export function formatIdentityFile(file: IdentityFile): string {
  return [
    file.privateKey,
    ...(file.sshCertificate === undefined ? [] : [file.sshCertificate]),
    file.tlsCertificate,
    ...file.sshAuthorities,
    ...file.tlsAuthorities,
  ]
    .map((part) => (part.endsWith('\n') ? part : `${part}\n`))
    .join('');
}

interface Parts {
  readonly pemBlocks: string[];
  readonly sshAuthorities: string[];
  sshCertificate?: string;
}

function splitIdentityFile(text: string, name: string): Parts {
  const parts: Parts = { pemBlocks: [], sshAuthorities: [] };
  let block: string[] | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (block) {
      if (line.startsWith('-----BEGIN')) throw halfBlock(name, block);
      block.push(line);
      if (!line.startsWith('-----END')) continue;
      if (line !== block[0]?.replace('BEGIN', 'END')) throw halfBlock(name, block);
      parts.pemBlocks.push(block.join('\n'));
      block = undefined;
    } else if (line.startsWith('-----BEGIN')) {
      block = [line];
    } else if (line.startsWith('@cert-authority')) {
      parts.sshAuthorities.push(line);
    } else if (isSshCertificateLine(line)) {
      parts.sshCertificate = line;
    }
  }
  if (block) throw halfBlock(name, block);
  return parts;
}

function privateKeyOf(pem: string, name: string): KeyObject {
  // The cause is left out: what OpenSSL says about a key is not ours to repeat.
  const { key, problem } = readPrivateKey(pem);
  switch (problem) {
    case undefined:
      return key;
    case 'hardware':
      throw new TeleportError('not_implemented', `${name} keeps its private key on a hardware token`, {
        hint: 'make one with a key in software',
      });
    case 'encrypted':
      throw unusable(name, 'has an encrypted private key', 'identity files carry their key in the clear');
    case 'no-key': {
      const label = /^-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1] ?? '?';
      throw unusable(name, `begins with a PEM block of type ${label} instead of a private key`);
    }
    default:
      throw unusable(name, 'has an unreadable private key');
  }
}

function certifiedKey(pem: string, name: string, what: string): KeyObject {
  try {
    return new X509Certificate(pem).publicKey;
  } catch (cause) {
    throw unusable(name, `is damaged: ${what} is unreadable`, undefined, cause);
  }
}

function checkTlsCertificate(pem: string, publicKey: KeyObject, name: string): void {
  if (!certifiedKey(pem, name, 'the TLS certificate').equals(publicKey)) throw mismatch(name, 'TLS');
}

function checkSshCertificate(line: string, publicKey: KeyObject, name: string): void {
  let blob: Buffer;
  try {
    blob = parseSshCertificate(line).publicKey.blob;
  } catch (cause) {
    throw unusable(name, 'is damaged: the SSH certificate is unreadable', undefined, cause);
  }
  if (!blob.equals(sshPublicKeyBlob(publicKey).blob)) throw mismatch(name, 'SSH');
}

function mismatch(name: string, which: 'TLS' | 'SSH'): TeleportError {
  return unusable(
    name,
    `has a private key that does not belong to its ${which} certificate`,
    'it may mix parts of two identities, or have been read while it was being replaced',
  );
}

function halfBlock(name: string, block: readonly string[]): TeleportError {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(block[0] ?? '')?.[1] ?? '?';
  return unusable(
    name,
    `is damaged: a PEM block of type ${label} begins but does not end`,
    'it may have been cut short while it was copied or written',
  );
}

function unusable(name: string, what: string, hint?: string, cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', `${name} ${what}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
