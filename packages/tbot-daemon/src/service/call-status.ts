import { Metadata, type StatusObject } from '@grpc/grpc-js';
import {
  type ErrorCode,
  GrpcCode,
  isTeleportError,
  statusOf,
  type TeleportError,
  toDurationMessage,
  toTimestamp,
} from '@teleport-ts/api-types';
import { RolesRefusedError } from '@teleport-ts/tbot-core';
import { Failure } from '@teleport-ts/tbot-core/proto';
import { asCallFailure, CallFailure, type FailureDetail } from './call-failure.ts';

/** Trailer that carries a `Failure` message. */
export const FAILURE_TRAILER = 'tbot-failure-bin';

/** The agent's own trouble is not the caller's fault: never PERMISSION_DENIED, and no retry of the caller mends it. */
const OWN_TROUBLE: readonly ErrorCode[] = ['expired', 'locked', 'version_mismatch'];

/**
 * Longest text of a failure, and of all the roles in it, in bytes. It travels in headers: gRPC's C library, and what
 * stands on it, takes no more than 8 KiB of them, and nobody hears of an answer that does not fit.
 */
const LONGEST_BYTES = 800;

/** The message of the failure detail for an error. */
export function failureMessage(error: TeleportError, botExpires?: Date): Failure {
  const detail = detailOf(error);
  return Failure.fromPartial({
    code: error.code,
    message: cut(error.message),
    hint: cut(error.hint ?? ''),
    offendingRoles: asManyAsFit(detail.offendingRoles ?? []),
    ...(detail.retryAfterMs === undefined ? {} : { retryAfter: toDurationMessage(detail.retryAfterMs) }),
    ...(botExpires === undefined ? {} : { botExpires: toTimestamp(botExpires) }),
  });
}

function detailOf(error: TeleportError): FailureDetail {
  if (error instanceof CallFailure) return error.detail;
  return error instanceof RolesRefusedError ? { offendingRoles: error.offendingRoles } : {};
}

/** How a call ends for an error: gRPC status, and the typed detail in the trailers. */
export function callStatus(error: unknown, botExpires?: Date): StatusObject {
  const failure = isTeleportError(error) ? error : asCallFailure(error);
  const metadata = new Metadata();
  metadata.set(FAILURE_TRAILER, Buffer.from(Failure.encode(failureMessage(failure, botExpires)).finish()));
  const { code, message } = statusOf(failure);
  return {
    code: OWN_TROUBLE.includes(failure.code) ? GrpcCode.FAILED_PRECONDITION : code,
    details: cut(message),
    metadata,
  };
}

function cut(text: string): string {
  if (text.length * 3 <= LONGEST_BYTES || Buffer.byteLength(text) <= LONGEST_BYTES) return text;
  // A character that is cut in two would end in U+FFFD.
  return `${Buffer.from(text)
    .subarray(0, LONGEST_BYTES)
    .toString()
    .replace(/\ufffd$/, '')}…`;
}

function asManyAsFit(names: readonly string[]): string[] {
  let left = LONGEST_BYTES;
  return names.filter((name) => {
    left -= Buffer.byteLength(name);
    return left >= 0;
  });
}
