import { createPublicKey, type KeyObject } from 'node:crypto';
import { parseSshPublicKey, TeleportError } from '@teleport-ts/api-types';
import type { CredentialKind, IdentityRequest } from '../destination-host.ts';
import { consumerKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair, tlsPublicKeyPem } from '../keys/key-pair.ts';
import type { RsaKeyPool } from '../keys/rsa-key-pool.ts';
import { CheckedPublicKeys } from '../public-keys.ts';

/** SubjectPublicKeyInfo of a P-256 key up to its uncompressed point (RFC 5480). */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/** Only keys of RSA have another form for the cluster; none of those is as short as this. */
const SHORTEST_RSA_PEM = 256;

/** The keys that certificates are issued for. */
export interface RequestedKeys {
  /** Only where the host made the pair. */
  readonly privateKey?: KeyObject;
  /** In the form that the cluster takes. */
  readonly tlsPublicKey?: string;
  readonly sshPublicKey?: string;
}

/**
 * The public keys that the caller brought.
 *
 * @returns undefined when it brought none
 * @throws TeleportError `bad_parameter` for a key that cannot be read
 */
export function givenKeys({ keys }: IdentityRequest): RequestedKeys | undefined {
  const { tls, ssh } = keys ?? {};
  if (!tls && !ssh) return undefined;
  if (keys instanceof CheckedPublicKeys && (!tls || tls.length < SHORTEST_RSA_PEM)) {
    return { ...(tls && { tlsPublicKey: tls }), ...(ssh && { sshPublicKey: ssh }) };
  }
  return {
    ...(tls && { tlsPublicKey: isP256(tls) ? tls : tlsPublicKeyPem(readPublicKey(tls)) }),
    ...(ssh && { sshPublicKey: readSshKey(ssh) }),
  };
}

/** A pair made for one request whose caller brought no key. */
export async function madeKeys(kind: CredentialKind, rsaKeys: RsaKeyPool, signal: AbortSignal): Promise<RequestedKeys> {
  const algorithm = consumerKeyAlgorithm(kind);
  return await (algorithm === 'rsa2048' ? rsaKeys.take(signal) : generateKeyPair(algorithm));
}

/** What nearly all callers send is known by its bytes; OpenSSL's decoder would take longer than the rest of a request. */
function isP256(pem: string): boolean {
  const body = /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1];
  const der = Buffer.from(body ?? '', 'base64');
  return der.length === P256_PREFIX.length + 64 && der.subarray(0, P256_PREFIX.length).equals(P256_PREFIX);
}

function readPublicKey(pem: string): KeyObject {
  if (/PRIVATE KEY/.test(pem)) {
    throw new TeleportError('bad_parameter', 'a private key was sent where a public one belongs', {
      hint: 'send the public half only, and make a new pair: this one has left its place',
    });
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new TeleportError('bad_parameter', 'the TLS public key cannot be read', {
      hint: 'a PEM block "PUBLIC KEY" is expected',
      cause,
    });
  }
}

function readSshKey(line: string): string {
  parseSshPublicKey(line);
  return line.trim();
}
