import { parseSshPublicKey, publicKeyDer, TeleportError } from '@teleport-ts/api-types';
import type { PublicKeys } from '@teleport-ts/tbot-core';
import type { GenerateIdentityRequest } from '@teleport-ts/tbot-core/proto';
import type { CredentialRequest } from '../policy/admit.ts';

/** Longest public key that is looked at; RSA 8192 is under 2 kB. */
const LONGEST_KEY_BYTES = 8192;

/** A request as it came off the socket, with its keys read. */
export interface ParsedRequest {
  wanted: CredentialRequest;
  /** Absent: the agent makes a pair. */
  keys?: PublicKeys;
}

/**
 * Reads what a caller sent. Whether it is allowed is another question, see `admit`.
 *
 * @throws TeleportError `bad_parameter` that names the field
 */
export function parseRequest(request: GenerateIdentityRequest): ParsedRequest {
  const { kind } = request;
  if (kind === undefined) {
    throw new TeleportError('bad_parameter', 'the request does not say what the credential is for', {
      hint: 'set one of its kinds, for example `application`',
    });
  }
  const tls = tlsKey(request.tlsPublicKey);
  const ssh = sshKey(request.sshPublicKey);
  return {
    wanted: {
      ...targetOf(kind),
      roles: request.roles,
      cluster: request.cluster,
      ...(request.ttl === undefined ? {} : { ttlMs: durationMs(request.ttl) }),
    },
    ...(tls === undefined && ssh === undefined
      ? {}
      : { keys: { ...(tls === undefined ? {} : { tls }), ...(ssh === undefined ? {} : { ssh }) } }),
  };
}

function targetOf(
  kind: NonNullable<GenerateIdentityRequest['kind']>,
): Pick<CredentialRequest, 'kind' | 'name' | 'username' | 'database'> {
  if (kind.$case === 'identity') return { kind: 'identity', name: '' };
  if (kind.$case !== 'database') return { kind: kind.$case, name: kind.value.name };
  const { name, username, database } = kind.value;
  return { kind: 'database', name, ...(username !== '' && { username }), ...(database !== '' && { database }) };
}

function tlsKey(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const pem = keyText(bytes, 'tls_public_key');
  // Node would take a private key here and derive the public half: it must not have come at all.
  if (!/^\s*-----BEGIN PUBLIC KEY-----\r?\n/.test(pem)) throw badKey('tls_public_key', 'a PEM block PUBLIC KEY');
  try {
    publicKeyDer(pem);
  } catch (cause) {
    throw badKey('tls_public_key', 'a PEM block PUBLIC KEY', cause);
  }
  return pem;
}

function sshKey(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const line = keyText(bytes, 'ssh_public_key').trim();
  try {
    parseSshPublicKey(line);
  } catch (cause) {
    throw badKey('ssh_public_key', 'a line of authorized_keys', cause);
  }
  return line;
}

function keyText(bytes: Uint8Array, field: string): string {
  if (bytes.length > LONGEST_KEY_BYTES) throw badKey(field, `at most ${LONGEST_KEY_BYTES} bytes long`);
  return Buffer.from(bytes).toString('utf8');
}

function badKey(field: string, wanted: string, cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', `${field} is not ${wanted}`, cause === undefined ? {} : { cause });
}

/** NaN for a duration that is malformed: signs that differ, nanoseconds out of their range. */
function durationMs(duration: { seconds: bigint; nanos: number }): number {
  const { seconds, nanos } = duration;
  const mixed = (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
  return mixed || Math.abs(nanos) > 999_999_999 ? Number.NaN : Number(seconds) * 1000 + nanos / 1_000_000;
}
