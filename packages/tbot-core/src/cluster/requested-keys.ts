import { createPublicKey, type KeyObject } from 'node:crypto';
import { parseSshPublicKey, TeleportError } from '@teleport-ts/api-types';
import type { IdentityRequest } from '../destination-host.ts';
import { consumerKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair, tlsPublicKeyPem } from '../keys/key-pair.ts';

/** The keys that certificates are issued for. */
export interface RequestedKeys {
  /** Only where the host made the pair. */
  readonly privateKey?: KeyObject;
  /** In the form that the cluster takes. */
  readonly tlsPublicKey?: string;
  readonly sshPublicKey?: string;
}

/**
 * The caller's public keys, or a pair made for this one request when it brought none.
 *
 * @throws TeleportError `bad_parameter` for a key that cannot be read
 */
export async function requestedKeys(request: IdentityRequest): Promise<RequestedKeys> {
  const { tls, ssh } = request.keys ?? {};
  if (!tls && !ssh) return await generateKeyPair(consumerKeyAlgorithm(request.kind));
  return {
    ...(tls && { tlsPublicKey: tlsPublicKeyPem(readPublicKey(tls)) }),
    ...(ssh && { sshPublicKey: readSshKey(ssh) }),
  };
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
