import { TeleportError } from '@teleport-ts/api-types';
import { CheckedPublicKeys } from '@teleport-ts/tbot-core';
import type { GenerateIdentityRequest } from '@teleport-ts/tbot-core/proto';
import type { CredentialRequest } from '../policy/admit.ts';

/** Longest public key that is looked at; RSA 8192 is under 2 kB. */
const LONGEST_KEY_BYTES = 8192;

/** A request as it came off the socket, with its keys read. */
export interface ParsedRequest {
  wanted: CredentialRequest;
  /** Absent: the agent makes a pair. */
  keys?: CheckedPublicKeys;
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
  const keys = keysOf(request);
  return {
    wanted: {
      ...targetOf(kind),
      roles: request.roles,
      cluster: request.cluster,
      ...(request.ttl === undefined ? {} : { ttlMs: durationMs(request.ttl) }),
    },
    ...(keys && { keys }),
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

const KEY_FIELDS = { tls: 'tls_public_key', ssh: 'ssh_public_key' } as const;

function keysOf({ tlsPublicKey, sshPublicKey }: GenerateIdentityRequest): CheckedPublicKeys | undefined {
  const tls = keyText(tlsPublicKey, KEY_FIELDS.tls);
  const ssh = keyText(sshPublicKey, KEY_FIELDS.ssh);
  if (tls === undefined && ssh === undefined) return undefined;
  return CheckedPublicKeys.read({ tls, ssh }, KEY_FIELDS);
}

function keyText(bytes: Uint8Array, field: string): string | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length > LONGEST_KEY_BYTES) {
    throw new TeleportError('bad_parameter', `${field} is not at most ${LONGEST_KEY_BYTES} bytes long`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** What a `google.protobuf.Duration` may hold: 10,000 years. */
const MOST_SECONDS = 315_576_000_000n;

/** NaN for a duration that is malformed: signs that differ, seconds or nanoseconds out of their range. */
function durationMs(duration: { seconds: bigint; nanos: number }): number {
  const { seconds, nanos } = duration;
  const mixed = (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
  const outside = seconds > MOST_SECONDS || seconds < -MOST_SECONDS || Math.abs(nanos) > 999_999_999;
  return mixed || outside ? Number.NaN : Number(seconds) * 1000 + nanos / 1_000_000;
}
